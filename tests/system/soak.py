#!/usr/bin/env python3
"""Soak: an hour at ten ticks a second, with a container started and ended each second (REC-6, STO-2).

    cargo build --release -p fgm-recorder && sudo tests/system/soak.py --minutes 60 --out /tmp/soak

Owns: the churn, the watch on the recorder's memory, descriptors and threads, and the summary (summary.json,
summary.md). Must not: judge speed. Exit 1 when something grew, was lost unsaid, or could not be read.

Rotation is a tenth of the usual 90 s, as the interval is a tenth of the usual second: an hour seals and turns over
as often as ten hours do. Containers are cgroups named like podman's with one process.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time

import duckdb
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches/peers"))
import load  # noqa: E402
from conftest import TARGET, lost_ticks  # noqa: E402

LASTING = 10
WATCH_EVERY = 5


class Churn(threading.Thread):
    """Starts a container each second and ends it one later; some last."""

    def __init__(self, base):
        super().__init__(daemon=True)
        self.base, self.started, self.ended = base, 0, threading.Event()

    def run(self):
        lasting = [self.begin("100000") for _ in range(LASTING)]
        while not self.ended.is_set():
            began = time.time()
            paths, process = self.begin("100000")
            self.ended.wait(max(0, began + 1 - time.time()))
            self.end(paths, process)
        for paths, process in lasting:
            self.end(paths, process)

    def begin(self, seconds):
        self.started += 1
        paths = load.make_container(self.base, load.container_name(self.started, self.base))
        return paths, subprocess.Popen(["sleep", seconds], preexec_fn=lambda: load.enter(paths), stdin=subprocess.DEVNULL)

    def end(self, paths, process):
        process.kill()
        process.wait()
        load.remove(paths)


def look(pid):
    """What the recorder holds at this moment."""
    status = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return {
        "rss_kib": int(status["VmRSS"].split()[0]),
        "anon_kib": int(status["RssAnon"].split()[0]),
        "peak_kib": int(status["VmHWM"].split()[0]),
        "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        "threads": int(status["Threads"]),
    }


def trend(samples, key):
    """The medians of the second and the last fifth, and the growth per hour between them: the first fifth fills buffers."""
    fifth = len(samples) // 5
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]
    middle = lambda part, what: statistics.median(s[what] for s in part)
    growth = middle(late, key) - middle(early, key)
    hours = (middle(late, "seconds") - middle(early, "seconds")) / 3600
    return {
        "early": middle(early, key), "late": middle(late, key), "per_hour": round(growth / hours, 1),
        "min": min(s[key] for s in samples[fifth:]), "max": max(s[key] for s in samples),
    }


def account(out, interval):
    """Recorded and lost ticks against the schedule; every file readable, no tick twice."""
    files = sorted(out.glob("**/*.parquet"))
    for path in files:
        pq.read_table(path)
    con = duckdb.connect()
    glob = f"{out}/node/**/*.parquet"
    rows, distinct, first, last, begin, end = con.execute(
        f"""SELECT count(*), count(DISTINCT tick_no), min(tick_no), max(tick_no), min(epoch_us(tick)), max(epoch_us(tick))
            FROM '{glob}'"""
    ).fetchone()
    lost = {n for f in out.glob("node/**/*.parquet") for a, b in lost_ticks(f) for n in range(a, b + 1)}
    subjects = con.execute(
        f"SELECT count(DISTINCT container_id) FROM '{out}/containers/**/*.parquet' WHERE container_id IS NOT NULL"
    ).fetchone()[0]
    doubles = con.execute(
        f"""SELECT count(*) - count(DISTINCT (cgroup_path, cgroup_inode, tick_no)) FROM '{out}/containers/**/*.parquet'"""
    ).fetchone()[0]
    late = con.execute(f"SELECT quantile_cont(recorder_late_usec, [0.5, 0.99, 1]) FROM '{glob}'").fetchone()[0]
    cpu = con.execute(
        f"SELECT (max(recorder_cpu_usec_total) - min(recorder_cpu_usec_total)) / count(*) FROM '{glob}'"
    ).fetchone()[0]
    return {
        "files": len(files), "bytes": sum(f.stat().st_size for f in files),
        "ticks_scheduled": round((end - begin) / 1e6 / interval) + 1, "ticks_recorded": rows,
        "ticks_lost_said": len([n for n in lost if first <= n <= last]),
        "ticks_lost_unsaid": last - first + 1 - distinct - len([n for n in lost if first < n < last]),
        "rows_twice": rows - distinct + doubles, "containers_seen": subjects,
        "late_usec_median_p99_max": [round(v) for v in late], "cpu_usec_per_tick": round(cpu),
        "left_over": [str(p.relative_to(out)) for p in out.rglob("*") if p.is_file() and p.suffix not in (".parquet", ".json")],
    }


def faults(result):
    """What must not be, in words."""
    found = []
    rss, fds, threads = (result["trend"][k] for k in ("anon_kib", "descriptors", "threads"))
    # Memory rises and falls with each sealing, so a fifth must hold some. Allocators round up: half a MiB between the
    # spans is noise, more is a leak if it goes on.
    if result["minutes"] * 60 / 5 >= 3 * result["rotation_s"] and rss["late"] - rss["early"] > 512:
        found.append(f"memory grew from {rss['early']} to {rss['late']} KiB")
    if fds["late"] > fds["early"] * 1.1 + 5:
        found.append(f"descriptors grew from {fds['early']} to {fds['late']}")
    if threads["max"] != threads["min"]:
        found.append(f"threads went from {threads['min']} to {threads['max']}")
    ticks = result["account"]
    for key in ("ticks_lost_unsaid", "rows_twice", "left_over"):
        if ticks[key]:
            found.append(f"{key}: {ticks[key]}")
    if ticks["ticks_recorded"] + ticks["ticks_lost_said"] != ticks["ticks_scheduled"]:
        found.append("ticks recorded and lost do not add up to those scheduled")
    # Each churned container lived for ten ticks, so each must have been seen (the last may have just begun).
    if ticks["containers_seen"] < result["containers_started"] - 2 - result["excused"]:
        found.append(f"{result['containers_started']} containers were started and {ticks['containers_seen']} seen")
    if result["exit"] != 0:
        found.append(f"the recorder ended with {result['exit']}")
    return found


def report(result, samples):
    """The summary as text."""
    lines = [
        f"{result['minutes']} min at {result['interval_s']} s, rotation {result['rotation_s']} s, "
        f"{result['containers_started']} containers started, kernel {os.uname().release}", "",
        "| | second fifth | last fifth | per hour | min | max |", "|---|---|---|---|---|---|",
    ]
    for key, t in result["trend"].items():
        lines.append(f"| {key} | {t['early']:,} | {t['late']:,} | {t['per_hour']:+,} | {t['min']:,} | {t['max']:,} |")
    lines += ["", *(f"- {key}: {value}" for key, value in result["account"].items())]
    lines += ["", *(f"- FAULT: {f}" for f in result["faults"])] if result["faults"] else ["", "no faults"]
    return "\n".join(lines) + "\n"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--interval", type=float, default=0.1, help="seconds")
    options.add_argument("--rotation", type=float, default=9, help="seconds")
    options.add_argument("--out", type=pathlib.Path, required=True, help="a new directory, for the recording and the summary")
    options.add_argument("--recorder", type=pathlib.Path, default=TARGET / "release/fgm-recorder")
    options.add_argument("--compact", choices=["on", "off"], default="on", help="merging in the background, which has a working set of its own")
    args = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("run as root: it makes cgroups")
    if "FGM_SOAK_INSIDE" not in os.environ:
        # A mount namespace, in which the recorder sees this soak's cgroups and nobody else's.
        os.environ["FGM_SOAK_INSIDE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", sys.executable, *sys.argv])
    args.out.mkdir(parents=True)
    data = args.out / "data"
    base = f"fgm-soak-{os.getpid()}"
    load.make_base(base)
    root = load.show(base, args.out.resolve())
    churn = Churn(base)
    samples = []
    log = open(args.out / "recorder.log", "wb")
    command = [args.recorder, "-o", data, "--cgroup-root", root, "--interval", f"{args.interval}s", "--rotation", f"{args.rotation}s", "--max-bytes", "0", "--compact", args.compact]
    churn.start()
    time.sleep(1)
    recorder = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        began = time.time()
        while time.time() < began + args.minutes * 60 and recorder.poll() is None:
            time.sleep(WATCH_EVERY)
            samples.append({"seconds": round(time.time() - began, 1), **look(recorder.pid)})
    finally:
        recorder.send_signal(signal.SIGTERM)
        code = recorder.wait(60)
        churn.ended.set()
        churn.join(30)
        load.remove_base(base)
    result = {
        "minutes": args.minutes, "interval_s": args.interval, "rotation_s": args.rotation, "exit": code,
        "containers_started": churn.started,
        "trend": {k: trend(samples, k) for k in samples[0] if k != "seconds"},
        "account": account(data, args.interval),
    }
    # A container that lived while ticks were lost may have gone unseen: ten ticks are one container.
    result["excused"] = result["account"]["ticks_lost_said"] // 10
    result["faults"] = faults(result)
    (args.out / "summary.json").write_text(json.dumps({**result, "samples": samples}, indent=1))
    (args.out / "summary.md").write_text(report(result, samples))
    print(report(result, samples))
    if not result["faults"]:
        shutil.rmtree(data)
    sys.exit(bool(result["faults"]))


if __name__ == "__main__":
    main()
