#!/usr/bin/env python3
"""A host with very many containers: cgroups of our own with idle processes, and what the recorder costs over them.

    benches/many_cgroups.py --recorder target/release/fgm-recorder --containers 1000 --processes 3

Makes its cgroups below one parent in every hierarchy, removes them at the end and ends the processes it started. Prints
CPU and files per tick as the recorder's own node rows give them, memory and descriptors as /proc does. Needs root and
DuckDB's Python package. Other containers of the host are recorded, too: compare binaries in one run.
"""

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROOT = Path("/sys/fs/cgroup")


def hierarchies():
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    names = ["unified", "cpu", "cpuacct", "cpu,cpuacct", "memory", "pids", "blkio", "systemd"]
    return [ROOT / n for n in names if (ROOT / n).is_dir() and not (ROOT / n).is_symlink()]


class Load:
    """Containers with idle processes; a context manager that cleans up after itself."""

    def __init__(self, containers, processes):
        self.parents = [h / f"fgm-many-{os.getpid()}" for h in hierarchies()]
        self.ids = [f"{n:064x}" for n in range(containers)]
        self.processes = processes
        self.pids = []

    def __enter__(self):
        try:
            for parent in self.parents:
                for name in self.ids:
                    (parent / name).mkdir(parents=True)
            for name in self.ids:
                for _ in range(self.processes):
                    self.start(name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, name):
        pid = os.fork()
        if pid == 0:
            try:
                for parent in self.parents:
                    (parent / name / "cgroup.procs").write_text("0")
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        self.pids.append(pid)

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids:
            os.waitpid(pid, 0)
        for parent in self.parents:
            for directory in [parent / name for name in self.ids] + [parent]:
                for _ in range(100):
                    try:
                        directory.rmdir()
                    except FileNotFoundError:
                        break
                    except OSError:
                        time.sleep(0.02)
                    else:
                        break


def status(pid, key):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def measure(recorder, ticks, nofile, extra):
    with tempfile.TemporaryDirectory() as out:
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))) if nofile else None
        run = subprocess.Popen([recorder, "--output-dir", out, *extra], preexec_fn=limit)
        try:
            time.sleep(ticks + 5)
            print(f"RSS {status(run.pid, 'VmRSS:') / 1024:.1f} MiB, peak {status(run.pid, 'VmHWM:') / 1024:.1f} MiB")
            print(f"descriptors {len(os.listdir(f'/proc/{run.pid}/fd'))}")
        finally:
            run.terminate()
            run.wait()
        rows = duckdb.sql(
            f"SELECT tick_no, recorder_cpu_usec_total, recorder_tick_usec, recorder_files_read "
            f"FROM '{out}/node/**/*.parquet' ORDER BY tick_no"
        ).fetchall()
        # Every tick that was taken counts once, however late a busy host made it; the first ones open everything.
        steady = rows[5:]
        cpu = [(b[1] - a[1]) / 1000 for a, b in zip(steady, steady[1:])]
        print(f"CPU per tick: median {statistics.median(cpu):.1f} ms over {len(cpu)} ticks (all threads)")
        print(f"files read per tick: median {statistics.median(r[3] for r in steady):.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recorder", action="append", required=True, help="binary; several are measured in turn")
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=3, help="per container")
    parser.add_argument("--ticks", type=int, default=30, help="seconds to measure")
    parser.add_argument("--nofile", type=int, help="hard limit on descriptors")
    parser.add_argument("extra", nargs="*", help="further arguments of the recorder, after --")
    args = parser.parse_args()
    with Load(args.containers, args.processes) as load:
        print(f"{len(load.ids)} containers x {args.processes} processes in {len(load.parents)} hierarchies")
        for recorder in args.recorder:
            print(f"-- {recorder}")
            measure(recorder, args.ticks, args.nofile, args.extra)
    return 0


if __name__ == "__main__":
    sys.exit(main())
