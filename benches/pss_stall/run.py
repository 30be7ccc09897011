#!/usr/bin/env python3
"""How long reading PSS makes a big process wait (REC-6, specs/decisions/0007).

    cargo build --release -p fgm-recorder && sudo benches/pss_stall/run.py

Owns: the comparison. Must not: change the host: target and recorder live in cgroups and a mount namespace of their
own. The target (2 GiB of small pages) maps and unmaps a page all the time; the longest such call is the stall. Beside
it, what the recording then says: on how many ticks PSS was read. Needs pyarrow.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
import load  # noqa: E402

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
SETTINGS = [("no recorder", None), ("--pss-budget 0s", "0s"), ("default", ""), ("--pss-budget 10s (no limit)", "10s")]


def readings(out, pid):
    """Ticks with a row of the process, and those among them on which PSS was read."""
    rows = [
        r for f in sorted(out.glob("processes/**/*.parquet"))
        for r in pq.read_table(f, columns=["pid", "tick_no", "memory_pss_bytes"]).to_pylist() if r["pid"] == pid
    ]
    return len(rows), sum(r["memory_pss_bytes"] is not None for r in rows)


def once(base, work, name, budget, args):
    out = work / name.split()[0].strip("-")
    paths = [mount / base / load.container_name(0) for mount in load.hierarchies()]
    program = TARGET / "bench-pss-stall"
    target = subprocess.Popen(
        [program, str(args.mib), str(args.seconds + 5)], stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: load.enter(paths),
    )
    target.stdout.readline()
    recorder = None
    if budget is not None:
        flags = ["--pss-budget", budget] if budget else []
        recorder = subprocess.Popen(
            [TARGET / "release/fgm-recorder", "-o", out, "--cgroup-root", work / "cgroup", *flags],
            stdout=subprocess.DEVNULL, stderr=open(work / "log", "wb"),
        )
    calls, *above, longest = map(int, target.stdout.readline().split())
    pid = target.pid
    target.wait()
    line = f"| {name} | {longest / 1000:.1f} | {' | '.join(map(str, above))} | {calls:,} |"
    if not recorder:
        return line + " – |"
    recorder.terminate()
    recorder.wait(30)
    said = [m for m in (work / "log").read_text().splitlines() if "reading PSS took" in m]
    ticks, read = readings(out, pid)
    return line + f" {read} of {ticks} ticks{'; says so' if said else ''} |"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mib", type=int, default=2048)
    options.add_argument("--seconds", type=int, default=70, help="per setting; the default budget reads it once a minute")
    args = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("run as root: it makes cgroups")
    if "FGM_BENCH_INSIDE" not in os.environ:
        os.environ["FGM_BENCH_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    subprocess.run(["cc", "-O2", "-o", TARGET / "bench-pss-stall", HERE / "target.c"], check=True)
    base = f"fgm-pss-stall-{os.getpid()}"
    load.make_base(base)
    work = pathlib.Path(tempfile.mkdtemp(prefix="fgm-pss-stall-"))
    try:
        load.show(base, work)
        load.make_container(base, load.container_name(0))
        print(f"{args.mib} MiB of 4 KiB pages, {args.seconds} s each, kernel {os.uname().release}, {os.cpu_count()} cores,"
              f" load {os.getloadavg()[0]:.1f}\n")
        print("| recorder | longest stall, ms | > 1 ms | > 5 ms | > 20 ms | > 100 ms | calls | PSS read |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        for name, budget in SETTINGS:
            print(once(base, work, name, budget, args), flush=True)
    finally:
        for point in (work / "cgroup").iterdir():
            subprocess.run(["umount", point], check=True)
        time.sleep(0.2)
        load.remove_base(base)
        subprocess.run(["rm", "-r", work], check=True)


if __name__ == "__main__":
    main()
