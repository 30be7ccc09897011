"""fgm and DuckDB, the same questions about the same files in the same run, taking turns.

    cargo run --release --bin generate-bench-data -- --scenario production --out DIR
    python3 -m venv venv && venv/bin/pip install -r benches/duckdb/requirements.txt
    venv/bin/python benches/duckdb/run.py DIR

cold    a new process, the files in the page cache; from opening the recording to the answer
metric  in a process that has answered everything before: another metric than ever before
range   in a process that has answered everything before: a metric that was asked for, other containers, another window

Each number is the median of the rounds. CPU time is that of all threads. Every answer of the one is compared with the
other's; a difference ends the run with an error.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Gauges, since a counter's rate takes more SQL than anybody writes for a glance.
METRICS = [
    "memory_current_bytes", "cpu_usage_millicores", "memory_working_set_bytes", "memory_stat_anon_bytes",
    "pids_current", "memory_stat_file_bytes", "cpu_percent_of_limit", "memory_percent_of_limit",
    "memory_stat_inactive_file_bytes", "cpu_pressure_some_avg10_percent", "process_count",
]  # fmt: skip
QUESTIONS = ["list", "one series", "all containers", "one hour", "min/max", "top"]
HOUR = 3_600_000_000


class Worker:
    """A process that answers questions."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if (line := self.process.stdout.readline()) != "ready\n":
            sys.exit(f"{command[0]} does not answer: {line!r}")

    def cpu_ms(self):
        """CPU time of all threads that live; workers keep theirs."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass  # ended between listing and reading
        return total / 1e6

    def peak_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(l for l in status.splitlines() if l.startswith("VmHWM")).split()[1]) / 1024

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"the process that was told {line!r} has died")
        return json.loads(answer)

    def ask(self, question):
        """The answer, and what it took of wall and CPU time, ms."""
        before = self.cpu_ms()
        wall = self.say(json.dumps(question))
        cpu = self.cpu_ms() - before
        return self.say("digest"), wall, cpu

    def end(self):
        peak = self.peak_mib()
        self.process.stdin.close()
        self.process.wait()
        return peak


def agree(a, b):
    """Whether two answers are the same, sums of floats up to their order."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(agree, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1.0)
    return a == b


def program():
    """fgm's side, built together with the viewer, so that DataFusion is built once for both."""
    words = "cargo build --release -p fgm-tui -p fgm --features fgm/query --bin bench-questions --message-format=json"
    lines = subprocess.run(words.split(), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    made = [json.loads(line) for line in lines if '"executable":"' in line]
    return next(m["executable"] for m in made if m["target"]["name"] == "bench-questions")


def question(name, metric, containers, at, span):
    """One question; `at` varies the container and the hour."""
    start, end = span
    path = containers[at * 17 % len(containers)][0]
    if name == "list":
        return {"name": name}
    whole = {"name": name, "metric": metric, "start": start, "end": end}
    if name == "one series":
        return {**whole, "path": path}
    if name == "one hour":
        begin = start + (end - start - HOUR) * (at % 5) // 5 if end - start > HOUR else start
        return {**whole, "start": begin, "end": min(begin + HOUR, end)}
    return {**whole, "columns": 400, "most": 10}


class Times:
    """What was measured, by question, kind and program."""

    def __init__(self):
        self.all = {}

    def add(self, name, kind, who, wall, cpu):
        self.all.setdefault((name, kind, who), []).append((wall, cpu))

    def median(self, name, kind, who, what):
        return statistics.median(t[what] for t in self.all[name, kind, who])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recording", type=pathlib.Path)
    options.add_argument("--rounds", type=int, default=7, help="rounds of each kind (default 7, at most 10)")
    options.add_argument("--questions", default=",".join(QUESTIONS), help="which, with commas between")
    options.add_argument("--fgm", help="bench-questions, if it is built already")
    options.add_argument("--json", type=pathlib.Path, help="every single measurement, for other tables")
    args = options.parse_args()
    commands = {
        "fgm": [args.fgm or program(), str(args.recording)],
        "duckdb": [sys.executable, str(HERE / "worker.py"), str(args.recording)],
    }
    names = args.questions.split(",")
    files = sorted((args.recording / "containers").rglob("*.parquet"))
    size = sum(len(f.read_bytes()) for f in files)  # and now they are in the page cache
    print(f"{len(files)} files, {size / 2**20:.1f} MiB; {os.cpu_count()} CPUs; load {os.getloadavg()[0]:.1f} before")
    times, peaks = Times(), {}

    def both(workers, kind, asked, turn):
        answers = {}
        for who in sorted(workers, reverse=turn % 2 == 1):
            answers[who], wall, cpu = workers[who].ask(asked)
            if kind:
                times.add(asked["name"], kind, who, wall, cpu)
        if not agree(answers["fgm"], answers["duckdb"]):
            sys.exit(f"different answers to {asked}:\n{json.dumps(answers)[:2000]}")
        return answers["fgm"]

    start = lambda: {who: Worker(command) for who, command in commands.items()}
    warm = start()
    containers = both(warm, None, {"name": "list"}, 0)
    if not containers:
        sys.exit(f"{args.recording}: no containers")
    span = (min(c[1] for c in containers), max(c[2] for c in containers) + 1)
    # The longest-lived first, so that a series is a series.
    containers.sort(key=lambda c: c[1] - c[2])
    for turn in range(args.rounds):
        for name in names:
            workers = start()
            both(workers, "cold", question(name, METRICS[0], containers, turn, span), turn)
            for who, worker in workers.items():
                peaks[who] = max(peaks.get(who, 0), worker.end())
    for name in names:
        both(warm, None, question(name, METRICS[0], containers, 0, span), 0)
    for turn in range(args.rounds):
        metric = METRICS[1 + turn % (len(METRICS) - 1)]
        tenth = (span[1] - span[0]) // 10 * (turn + 1) // (args.rounds + 1)
        inner = (span[0] + tenth, span[1] - tenth // 2)
        for name in names:
            both(warm, "metric", question(name, metric, containers, turn, span), turn)
        for name in names:
            both(warm, "range", question(name, METRICS[0], containers, turn + 1, inner), turn)
    report(times, names, {who: (peaks[who], worker.end()) for who, worker in warm.items()})
    if args.json:
        args.json.write_text(json.dumps([[*key, *t] for key, ts in times.all.items() for t in ts]))
    print(f"load {os.getloadavg()[0]:.1f} after, {time.strftime('%Y-%m-%dT%H:%MZ', time.gmtime())}")


def report(times, names, peaks):
    print("medians, ms           wall: fgm  DuckDB   ratio    CPU: fgm  DuckDB   ratio")
    for kind in ("cold", "metric", "range"):
        for name in names:
            cells = []
            for what in (0, 1):
                mine, other = (times.median(name, kind, who, what) for who in ("fgm", "duckdb"))
                cells.append(f"{mine:9.1f} {other:7.1f} {mine / other:7.2f}")
            print(f"{kind:6} {name:15} {'     '.join(cells)}")
    for who, (cold, warm) in peaks.items():
        print(f"peak resident memory, MiB: {who} {cold:.0f} after one question, {warm:.0f} after all")


if __name__ == "__main__":
    main()
