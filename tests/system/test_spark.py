"""Spark reads the store as it is (STO-1): partitions, times, counters as plain longs."""

import json
import os
import subprocess
import time

import pytest

from conftest import HERE, binary, need, stop
from recording import Recording

PYTHON = os.environ.get("FGM_SPARK_PYTHON")


@pytest.mark.parametrize("compacted", [False, True])
def test_spark_reads_partitions_and_counters_as_longs(recorder, tmp_path, compacted):
    """STO-1, STO-7: the sums that Spark finds are those that DuckDB finds, in small files and in compacted ones."""
    need(["java"], "Spark")
    if PYTHON is None and os.environ.get("FGM_TEST_REQUIRE") != "1":
        pytest.skip("FGM_SPARK_PYTHON names no interpreter with pyspark (requirements-spark.txt)")
    out = tmp_path / "data"
    process = recorder(out, "--scope", "all", "--rotation", "3s", "--identifier", "spark-1")
    time.sleep(7)
    assert stop(process) == 0, process.log.read_text()
    if compacted:
        subprocess.run([binary("fgm-recorder"), "compact", out], check=True, stdin=subprocess.DEVNULL)
    tables = sorted(path.name for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))
    assert {"containers", "processes", "node", "cpus", "events"} <= set(tables)
    done = subprocess.run(
        [PYTHON, HERE / "spark_job.py", out, *tables], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    recording = Recording(out)
    for table in tables:
        said = found[table]
        types = said["types"]
        days = sorted(path.name.removeprefix("dt=") for path in (out / table).iterdir())
        assert said["partitions"] == [[day, "spark-1"] for day in days], table
        assert (types["dt"], types["identifier"], types["time"]) == ("date", "string", "timestamp"), table
        assert (types["run_id"], types["tick_no"]) == ("string", "bigint"), table
        totals = [name for name in types if name.endswith("_total")]
        assert all(types[name] == "bigint" for name in totals), {n: types[n] for n in totals}
        columns = ", ".join(["count(*)", *(f'max("{name}")' for name in totals)])
        glob = f"read_parquet('{out}/{table}/**/*.parquet', union_by_name = true)"
        rows, *largest = recording.db.execute(f"SELECT {columns} FROM {glob}").fetchone()
        assert said["rows"] == rows and said["largest"] == dict(zip(totals, largest)), table
    assert sum(len([n for n in found[t]["types"] if n.endswith("_total")]) for t in tables) > 50
