#!/usr/bin/env python3
"""What a tick costs, beside peers and beside the cheapest program that could read the same files.

    cargo build --release -p fgm-recorder && sudo benches/peers/run.py

Owns: the order of events and the table. Must not: change the host (the load and all contenders live in a PID
namespace of their own, so that all see the same processes; peers are unpacked into the target directory, not
installed; the only thing made outside are cgroups, which are removed).

Contenders run one after the other, in rounds, so that none pays or saves for another and a noisy machine hits all;
CPU is the kernel's count of each process's time, start-up excluded. Bytes and memory come from one span in which all
run together. Only ratios within one run mean something.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import load

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
TOOLS = TARGET / "bench-peers"
WARM_UP = 4


def need(tool):
    """A peer's path: the host's, else unpacked from Debian's package, else installed (strace needs its libraries)."""
    package = {"pidstat": "sysstat"}.get(tool, tool)
    if found := shutil.which(tool):
        return found
    unpacked = TOOLS / "usr/bin" / tool
    if not unpacked.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", package], cwd=TOOLS, check=True, stderr=subprocess.DEVNULL)
        for deb in TOOLS.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg-deb", "-x", deb, TOOLS], check=True)
            deb.unlink()
    return str(unpacked)


def need_installed(tool):
    if not shutil.which(tool):
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", tool], check=True)
    return tool


def cpu_ns(pid):
    """CPU time of all threads of a process that is not our child's child: the kernel's per-process clock."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def status_kib(pid, key):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.M).group(1))


def sleep_to(phase):
    """Sleeps to the given fraction of a wall-clock second, half a second at least."""
    now = time.time() + 0.5
    time.sleep(0.5 + (phase - now) % 1.0)


class Contender:
    """A program that samples once a second."""

    def __init__(self, name, command, stdin=None, output=None, env=None):
        self.name, self.command, self.stdin, self.output, self.env = name, command, stdin, output, env
        self.ticks_ms = []
        self.facts = {}

    def start(self, out):
        command = [str(c).replace("{out}", str(out)) for c in self.command]
        sink = open(out.with_suffix(".stdout"), "wb")
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **(self.env or {})}
        )
        try:
            process.stdin.write((self.stdin or "").encode())
            process.stdin.close()
        except BrokenPipeError:
            pass
        return process

    def measure(self, work, seconds):
        out = pathlib.Path(tempfile.mkdtemp(dir=work)) / "out"
        sleep_to(0.0)
        process = self.start(out)
        time.sleep(WARM_UP)
        sleep_to(0.5)
        # Ticks are at whole seconds or a little later (peers count from their start), so a span from half to half
        # holds as many as it has seconds.
        before = cpu_ns(process.pid)
        time.sleep(seconds)
        after = cpu_ns(process.pid)
        self.end(process)
        self.ticks_ms.append((after - before) / 1e6 / seconds)

    def end(self, process):
        if process.poll() is not None:
            sys.exit(f"{self.name} ended by itself: {self.command}")
        process.terminate()
        process.wait(30)


def learn_files(recorder, work):
    """What the recorder reads on a tick, from its system calls: lines for the floor program."""
    trace = work / "trace"
    command = [need_installed("strace"), "-f", "-y", "-s0", "-e", "trace=pread64,openat", "-o", trace, *recorder]
    subprocess.run(
        [str(c).replace("{out}", str(work / "learn")) for c in command] + ["--duration", "7s"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    reads, opened = {}, {}
    ticks, own = 0, None
    for line in open(trace, errors="replace"):
        if m := re.match(r"(\d+) +pread64\(\d+<(/[^>]*)>, .*, 0\) +=", line):
            if m[2] == "/proc/stat":
                ticks += 1
            if m[2].endswith("/statm"):
                own = m[2]
            reads[m[2]] = reads.get(m[2], 0) + 1
        elif m := re.search(r"openat\(.*\) = \d+<(/[^>]*)>", line):
            opened[m[1]] = opened.get(m[1], 0) + 1
    # The recorder's own statm is the floor's own; a file that is read on a few ticks only is not a tick's.
    every = {p for p, n in reads.items() if n >= ticks - 2 and n >= 2}
    again = {p for p in every if opened.get(p, 0) >= ticks - 2}
    if ticks < 4 or not every:
        sys.exit(f"the recorder took {ticks} ticks under strace: too few to learn from")
    name = lambda p: "/proc/self/statm" if p == own else p
    as_recorder = "".join(f"{'O' if p in again else 'K'} {name(p)}\n" for p in sorted(every))
    all_kept = "".join(f"K {name(p)}\n" for p in sorted(every))
    return all_kept, as_recorder, len(every), len(again)


def recorded_cost(out):
    """What the recorder says of itself, if there is a reader of Parquet."""
    try:
        import pyarrow.parquet as pq
    except ImportError:
        return {}
    rows = [r for f in sorted(out.glob("node/**/*.parquet")) for r in pq.read_table(f).to_pylist()]
    rows.sort(key=lambda r: r["tick_no"])
    rows = rows[WARM_UP:]
    cpu = (rows[-1]["recorder_cpu_usec_total"] - rows[0]["recorder_cpu_usec_total"]) / (len(rows) - 1) / 1000
    return {
        "CPU per tick, ms, as recorded": round(cpu, 2),
        "sampling, median ms, as recorded": round(statistics.median(r["recorder_tick_usec"] for r in rows[1:]) / 1000, 2),
        "files read per tick, as recorded": statistics.median(r["recorder_files_read"] for r in rows[1:]),
    }


def together(contenders, work, seconds):
    """All at once: memory and bytes."""
    running = []
    sleep_to(0.0)
    for c in contenders:
        out = work / "together" / re.sub(r"\W+", "-", c.name)
        out.parent.mkdir(exist_ok=True)
        running.append((c, out, c.start(out)))
    time.sleep(seconds)
    for c, out, process in running:
        pid = process.pid
        c.facts["rss_mib"] = status_kib(pid, "VmRSS") / 1024
        c.facts["peak_mib"] = status_kib(pid, "VmHWM") / 1024
        c.facts["descriptors"] = len(os.listdir(f"/proc/{pid}/fd"))
        c.end(process)
        c.facts["peak_mib"] = max(c.facts["peak_mib"], c.facts["rss_mib"])
        if c.output == "parquet":
            size = sum(f.stat().st_size for f in out.glob("**/*.parquet"))
            c.facts["recorded"] = recorded_cost(out)
        elif c.output == "stdout":
            size = out.with_suffix(".stdout").stat().st_size
        elif c.output == "file":
            size = out.stat().st_size
        else:
            continue
        c.facts["bytes_per_tick"] = size / seconds


def contenders(recorder, floors):
    none = [*recorder, "--pss-budget", "0s"]
    atop = Contender("atop -w", [need("atop"), "-w", "{out}", "1"], output="file", env={"ATOPACCT": ""})
    return [
        Contender("floor, all kept open", [TOOLS / "floor"], stdin=floors[0]),
        Contender("floor, opening what the recorder opens", [TOOLS / "floor"], stdin=floors[1]),
        Contender("fgm-recorder --pss-budget 0s", none, output="parquet"),
        Contender("fgm-recorder", recorder, output="parquet"),
        atop,
        Contender("pidstat -durwh", [need("pidstat"), "-durwh", "1"], output="stdout"),
    ]


def table(all_of_them):
    floor = statistics.median(all_of_them[0].ticks_ms)
    lines = [
        "| | CPU per tick, ms (rounds) | × floor | RSS, MiB (peak) | descriptors | bytes per tick |",
        "|---|---|---|---|---|---|",
    ]
    for c in all_of_them:
        ms = statistics.median(c.ticks_ms)
        rounds = " ".join(f"{t:.1f}" for t in c.ticks_ms)
        f = c.facts
        size = f"{f['bytes_per_tick']:,.0f}" if "bytes_per_tick" in f else "–"
        lines.append(
            f"| {c.name} | **{ms:.1f}** ({rounds}) | {ms / floor:.2f} | {f['rss_mib']:.1f} ({f['peak_mib']:.1f})"
            f" | {f['descriptors']} | {size} |"
        )
    return "\n".join(lines)


def inside(args):
    """In the namespace: load, rounds, table."""
    with tempfile.TemporaryDirectory(prefix="fgm-peers-") as work:
        work = pathlib.Path(work)
        root = load.show(args.base, work)
        loader = subprocess.Popen(
            [sys.executable, HERE / "load.py", "--base", args.base, "--cgroups", str(args.cgroups)], stdout=subprocess.PIPE
        )
        if loader.stdout.readline().strip() != b"ready":
            sys.exit("the load did not start")
        recorder = [TARGET / "release/fgm-recorder", "-o", "{out}", "--cgroup-root", root, "--rotation", "1h"]
        *floors, files, again = learn_files([*recorder, "--pss-budget", "0s"], work)
        all_of_them = contenders(recorder, floors)
        for turn in range(args.rounds):
            # In turns forwards and backwards, so that a slow drift of the machine cancels out.
            for c in all_of_them if turn % 2 == 0 else all_of_them[::-1]:
                c.measure(work, args.seconds)
        together(all_of_them, work, args.together)
        loader.terminate()
        loader.wait(30)
        for point in (work / "cgroup").iterdir():
            subprocess.run(["umount", point], check=True)
    thp = pathlib.Path("/sys/kernel/mm/transparent_hugepage/enabled")
    print(
        f"{args.cgroups} cgroups × 4 processes in {len(load.hierarchies())} hierarchies; {files} files read per tick, {again} of them"
        f" opened each time; kernel {os.uname().release}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, transparent huge"
        f" pages {thp.read_text().strip() if thp.exists() else 'unknown'}\n"
    )
    print(table(all_of_them))
    for c in all_of_them:
        for key, value in c.facts.get("recorded", {}).items():
            print(f"{c.name}: {key}: {value}")
    if args.json:
        result = [{"name": c.name, "cpu_ms_per_tick": c.ticks_ms, **c.facts} for c in all_of_them]
        pathlib.Path(args.json).write_text(json.dumps({"files": files, "opened": again, "contenders": result}, indent=1))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=int, default=10, help="measured seconds per contender and round")
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--together", type=int, default=60, help="seconds in which all run, for bytes and memory")
    options.add_argument("--cgroups", type=int, default=50)
    options.add_argument("--json", help="also write the figures here")
    options.add_argument("--base", help=argparse.SUPPRESS)
    args = options.parse_args()
    if args.base:
        inside(args)
        return
    if os.geteuid() != 0:
        sys.exit("run as root: it makes cgroups and a PID namespace")
    if not (TARGET / "release/fgm-recorder").exists():
        sys.exit("cargo build --release -p fgm-recorder first")
    TOOLS.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cc", "-O2", "-o", TOOLS / "floor", HERE / "floor.c"], check=True)
    for tool in ("atop", "pidstat"):
        need(tool)
    need_installed("strace")
    base = f"fgm-peers-{os.getpid()}"
    load.make_base(base)
    try:
        namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"]
        done = subprocess.run([*namespace, sys.executable, __file__, *sys.argv[1:], "--base", base])
    finally:
        load.remove_base(base)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
