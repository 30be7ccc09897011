"""Several recorders on one root: nothing collides, and each recovers what the dead have left, not the living
(STO-1, STO-3)."""

import collections
import json
import random
import re
import signal
import time

import duckdb
import pyarrow.parquet as pq

from conftest import stop

SEED = 5


def test_three_recorders_and_many_kills(recorder, tmp_path):
    out = tmp_path / "data"
    chance = random.Random(SEED)
    flags = ["--scope", "all", "--interval", "100ms", "--rotation", "1s", "--processes", "none"]

    def start(name):
        return recorder(out, "--identifier", name, "--node-name", name, *flags)

    names = ["a", "b", "c"]
    # All at once, so that names would collide if they could.
    living = {name: start(name) for name in names}
    kills = 0
    until = time.time() + 20
    while time.time() < until:
        time.sleep(chance.uniform(0.3, 1.5))
        # c lives all the time: nobody may take its segments away.
        name = chance.choice(["a", "b"])
        living[name].send_signal(signal.SIGKILL)
        living[name].wait()
        kills += 1
        living[name] = start(name)
    time.sleep(1)
    logs = ""
    for process in living.values():
        assert stop(process) == 0, process.log.read_text()
    for log in tmp_path.glob("data-*.log"):
        logs += log.read_text()
    assert kills >= 10
    assert "removed by somebody else" not in logs and "panicked" not in logs and "cannot seal" not in logs, logs
    # Leftovers of the last kills may have been found locked by a recorder that was shot while it sealed them.
    last = start("d")
    time.sleep(1)
    assert stop(last) == 0, last.log.read_text()
    assert not list((out / ".open").glob("*.seg"))

    files = list(out.glob("node/**/*.parquet"))
    assert len({f.name for f in files}) == len(files)
    for file in files:
        pq.read_table(file)
    ticks = collections.defaultdict(list)
    for node, run, tick in duckdb.sql(
        f"SELECT node_name, run_id, tick_no FROM '{out}/node/**/*.parquet' ORDER BY ALL"
    ).fetchall():
        ticks[node, run].append(tick)
    for key, numbers in ticks.items():
        assert len(set(numbers)) == len(numbers), f"ticks twice in {key}"
    (survivor,) = [numbers for (node, _), numbers in ticks.items() if node == "c"]
    missing = set(range(survivor[0], survivor[-1] + 1)) - set(survivor)
    said = set()
    for file in files:
        extent = json.loads(pq.read_metadata(file).metadata[b"fgm.extent"])
        if "identifier=c/" in str(file):
            for first, final in extent["lost_ticks"]:
                said.update(range(first, final + 1))
    assert missing == said, "a tick that is missing was lost by the recorder itself, not with a segment"
    sessions = [json.loads(f.read_text()) for f in out.glob("session-*.json")]
    # One may be shot before it has written anything.
    assert len({s["run_id"] for s in sessions}) == len(sessions)
    assert {run for _, run in ticks} <= {s["run_id"] for s in sessions}


def test_two_that_record_the_same_are_told(recorder, tmp_path):
    """STO-1: also when both start in the same second."""
    out = tmp_path / "data"
    both = [recorder(out, "--scope", "all", "--interval", "100ms", "--processes", "none") for _ in range(2)]
    time.sleep(3)
    for process in both:
        assert stop(process) == 0
    logs = "".join(p.log.read_text() for p in both)
    assert 1 <= len(re.findall("another recorder is recording this node", logs)) <= 2, logs
