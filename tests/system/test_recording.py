"""A recording of this host, counted by readers that know nothing of fgm (STO-1, STO-2, REC-1, REC-2, REC-3, REC-5)."""

import collections
import json
import os
import sys
import time

import duckdb
import pyarrow.parquet as pq
import pytest

from conftest import lost_ticks, run_in, stop

SECONDS = int(os.environ.get("FGM_TEST_SECONDS", "200"))
# Burns a little all the time without forking, and has one sleeping child more or less every four seconds.
LOAD = """
import subprocess, time
children, began = [], time.time()
while True:
    until = time.time() + 0.1
    while time.time() < until:
        pass
    time.sleep(0.3)
    want = int((time.time() - began) / 4) % 3
    while len(children) < want:
        children.append(subprocess.Popen(["sleep", "1000"]))
    while len(children) > want:
        child = children.pop()
        child.kill()
        child.wait()
"""
TABLES = ["containers", "processes", "node", "cpus"]
KEYS = {
    "containers": "node_name, cgroup_path, cgroup_inode",
    "processes": "node_name, boot_id, pid, start_ticks",
    "node": "node_name",
    "cpus": "node_name, cpu",
    "disks": "node_name, cgroup_path, cgroup_inode, device",
}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="recording a whole host needs root")


def read(path):
    try:
        return time.time(), path.read_text()
    except OSError:
        return None


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Records for SECONDS beside a load of the test's own, and writes down what its kernel files said meanwhile."""
    out = tmp_path_factory.mktemp("recording") / "data"
    fixtures = {}

    def run(recorder, cgroup):
        if fixtures:
            return fixtures["out"], fixtures["name"], fixtures["witness"]
        name, paths = cgroup("witness")
        load = run_in(paths, sys.executable, "-c", LOAD)
        process = recorder(out, "--scope", "all", "--interval", "1s", "--rotation", "90s", "--identifier", "host-1")
        witness = collections.defaultdict(list)
        files = {
            "pids": paths.get("pids", paths.get("unified")) / "pids.current",
            "memory": paths["memory"] / "memory.usage_in_bytes" if "memory" in paths else paths["unified"] / "memory.current",
            "cpu": paths["cpuacct"] / "cpuacct.usage" if "cpuacct" in paths else paths["unified"] / "cpu.stat",
        }
        end = time.time() + SECONDS
        while time.time() < end:
            for key, path in files.items():
                if (seen := read(path)) is not None:
                    witness[key].append(seen)
            time.sleep(0.2)
        load.kill()
        load.wait()
        assert stop(process) == 0, process.log.read_text()
        fixtures.update(out=out, name=f"/{name}", witness=witness)
        return out, f"/{name}", witness

    return run


def test_rows_are_whole_unique_and_readable(recording, recorder, cgroup):
    out, name, witness = recording(recorder, cgroup)
    expected_files = 2 if SECONDS >= 190 else 1
    con = duckdb.connect()
    for table in TABLES:
        glob = f"{out}/{table}/**/*.parquet"
        files = sorted((out / table).glob("**/*.parquet"))
        assert len(files) >= expected_files, f"{table}: {files}"
        for f in files:
            assert "dt=" in str(f) and "identifier=host-1" in str(f)
            pq.read_table(f)
        rows, distinct = con.execute(
            f"SELECT count(*), count(DISTINCT ({KEYS[table]}, run_id, tick_no)) FROM '{glob}'"
        ).fetchone()
        assert rows == distinct, f"{table}: {rows - distinct} rows twice"
        # One row per live subject and tick: between a subject's first and last row no tick is missing but the lost ones.
        lost = {n for f in files for a, b in lost_ticks(f) for n in range(a, b + 1)}
        holes = con.execute(
            f"""SELECT {KEYS[table]}, min(tick_no), max(tick_no), count(*) FROM '{glob}'
                GROUP BY ALL HAVING count(*) <> max(tick_no) - min(tick_no) + 1"""
        ).fetchall()
        for *key, first, last, count in holes:
            missing = last - first + 1 - count
            explained = sum(1 for n in lost if first <= n <= last)
            assert missing == explained, f"{table} {key}: {missing} ticks missing, {explained} recorded as lost"
        ticks = con.execute(f"SELECT count(DISTINCT tick_no) FROM '{glob}'").fetchone()[0]
        assert ticks + len(lost) >= SECONDS - 5, f"{table}: {ticks} ticks in {SECONDS} s"
        assert con.execute(f"SELECT count(*) FROM '{glob}' WHERE epoch_us(tick) % 1000000 <> 0").fetchone()[0] == 0
    assert con.execute(f"SELECT count(*) FROM '{out}/containers/**/*.parquet' WHERE subject_kind = 'root'").fetchone()[0]
    manifests = list(out.glob("session-*.json"))
    assert len(manifests) == 1
    run = json.loads(manifests[0].read_text())
    assert run["end"] and run["identifier"] == "host-1"
    assert con.execute(f"SELECT DISTINCT run_id FROM '{out}/node/**/*.parquet'").fetchall() == [(run["run_id"],)]
    assert not list((out / ".open").glob("*.seg"))


def rows_of(out, name, column):
    return duckdb.connect().execute(
        f"""SELECT epoch_us(time) / 1e6, {column} FROM '{out}/containers/**/*.parquet'
            WHERE cgroup_path = ? AND {column} IS NOT NULL ORDER BY time""",
        [name],
    ).fetchall()


def test_values_agree_with_the_kernel_files(recording, recorder, cgroup):
    out, name, witness = recording(recorder, cgroup)

    def cpu(text):
        lines = text.split()
        return int(lines[0]) // 1000 if len(lines) == 1 else int(lines[lines.index("usage_usec") + 1])

    # A counter read at t lies between the recorded readings around t.
    recorded = rows_of(out, name, "cpu_usage_usec_total")
    assert len(recorded) > SECONDS / 2
    checked = 0
    for t, text in witness["cpu"]:
        before = [v for s, v in recorded if s <= t - 0.05]
        after = [v for s, v in recorded if s >= t + 0.05]
        if before and after:
            assert before[-1] <= cpu(text) <= after[0], f"at {t}"
            checked += 1
    assert checked > SECONDS
    # A gauge: each recorded value was seen by the witness within one tick.
    recorded = rows_of(out, name, "pids_current")
    for s, v in recorded[1:-1]:
        near = {int(text) for t, text in witness["pids"] if abs(t - s) <= 1.0}
        assert min(near) <= v <= max(near), f"pids {v} at {s}, witness saw {near}"
    recorded = rows_of(out, name, "memory_current_bytes")
    for s, v in recorded[1:-1]:
        near = [int(text) for t, text in witness["memory"] if abs(t - s) <= 1.0]
        # Charges are batched per CPU (64 pages), so a reading in between may be off by that much.
        slack = 2 * 64 * 4096
        assert min(near) - slack <= v <= max(near) + slack, f"memory {v} at {s}, witness saw {sorted(near)}"
    millicores = [v for _, v in rows_of(out, name, "cpu_usage_millicores")]
    assert max(millicores) > 50
