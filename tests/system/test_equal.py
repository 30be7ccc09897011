"""Buckets of fgm are those that DuckDB computes over the raw rows, whatever the window (QRY-2)."""

import datetime
import os
import random
import subprocess

import duckdb
import pytest

from conftest import binary
from generated import ask, generate

CASES = int(os.environ.get("FGM_TEST_CASES", "25"))
# By table: what tells its series apart, and metrics of every kind.
SERIES = {
    "containers": ["cgroup_path", "cgroup_inode"],
    "processes": ["boot_id", "pid", "start_ticks"],
}
METRICS = {
    "containers": [
        "memory_current_bytes", "cpu_usage_millicores", "cpu_percent_of_limit", "memory_max_unlimited",
        "cpu_usage_usec_total", "cpu_throttled_usec_total", "io_write_bytes_total", "memory_events_oom_kill_total",
    ],
    "processes": ["memory_rss_bytes", "cpu_usage_usec_total", "memory_pss_bytes", "threads"],
}  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("generated") / "data", files=12, containers=12, metrics=30, values=12_000, processes=2)


def spelt(us):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)).isoformat() + "Z"


def in_sql(db, root, table, metric, start, end, columns):
    """The rule in SQL: a counter's value is its increase per second since the tick before, of the same run, unless it
    fell; column c of n holds what lies at least c n-ths into the window."""
    keys = ", ".join(SERIES[table])
    shown = "value"
    if metric.endswith("_total"):
        shown = """CASE WHEN run_id = lag(run_id) OVER s AND tick_no = lag(tick_no) OVER s + 1
                         AND value >= lag(value) OVER s AND time > lag(time) OVER s
                   THEN (value - lag(value) OVER s) / ((epoch_us(time) - epoch_us(lag(time) OVER s)) / 1e6) END"""
    return db.execute(
        f"""WITH stored AS (SELECT {keys}, run_id, tick_no, time, {metric}::DOUBLE AS value
                            FROM read_parquet('{root}/{table}/**/*.parquet') WHERE {metric} IS NOT NULL),
                 shown AS (SELECT {keys}, epoch_us(time) AS t, {shown} AS v FROM stored
                           WINDOW s AS (PARTITION BY {keys} ORDER BY time))
            SELECT {keys}, (t - {start}) * {columns} // ({end} - {start}) AS at,
                   count(v), min(v), max(v), arg_min(v, t), arg_max(v, t), avg(v)
            FROM shown WHERE v IS NOT NULL AND t >= {start} AND t < {end} GROUP BY ALL"""
    ).fetchall()


def by_fgm(root, table, metric, start, end, columns):
    rows, _ = ask("query", f"{table}.{metric}", root, "--range", f"{spelt(start)}..{spelt(end)}", "--columns", columns)
    # A bucket without a sample shows that a value read earlier still holds: that is fgm's, not of the rows.
    return [r for r in rows if r["count"] > 0]


def begin_of(at, start, end, columns):
    return spelt(start + -(-at * (end - start) // columns))


def same_time(text):
    """fgm's spelling of a time, as ours."""
    return spelt(round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1e6))


def questions(db, root, dice):
    """Random ones: any metric, any window (whole, hours, a few seconds, beyond the ends), any number of columns."""
    first, last = db.execute(
        f"SELECT epoch_us(min(time)), epoch_us(max(time)) FROM '{root}/containers/**/*.parquet'"
    ).fetchone()
    yield "containers", "cpu_usage_usec_total", first, last + 1, 400
    for _ in range(CASES):
        table = dice.choice(["containers", "containers", "processes"])
        width = int((last - first) * dice.choice([0.01, 0.1, 0.5, 1.2])) + 1
        start = dice.randrange(first - width // 10, last)
        yield table, dice.choice(METRICS[table]), start, start + width, dice.choice([1, 7, 60, 400, 1000])


def test_buckets_are_those_of_the_rows(recording):
    db = duckdb.connect()
    seen = 0
    for table, metric, start, end, columns in questions(db, recording, random.Random(7)):
        keys = SERIES[table]
        mine = {
            (*(r[k] for k in keys), same_time(r["time"])): [r[n] for n in ("count", "min", "max", "first", "last", "mean")]
            for r in by_fgm(recording, table, metric, start, end, columns)
        }
        theirs = {
            (*row[: len(keys)], begin_of(row[len(keys)], start, end, columns)): list(row[len(keys) + 1 :])
            for row in in_sql(db, recording, table, metric, start, end, columns)
        }
        case = f"{table}.{metric} {spelt(start)}..{spelt(end)} in {columns}"
        assert mine.keys() == theirs.keys(), f"{case}: {len(mine)} buckets, DuckDB has {len(theirs)}"
        for bucket, (*exact, mean) in theirs.items():
            assert mine[bucket][:-1] == exact, f"{case}: {bucket}"
            assert mine[bucket][-1] == pytest.approx(mean, rel=1e-9, abs=1e-9), f"{case}: {bucket}"
        seen += len(theirs)
    assert seen > 1000, "too few buckets to prove anything"


def test_compaction_changes_no_answer(recording, tmp_path):
    """STO-7: the same questions, before and after."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-r", recording, copy], check=True)
    db = duckdb.connect()
    asked = list(questions(db, recording, random.Random(8)))[:12]
    lists = ["containers", "processes", "identities"]

    def told(rows):
        """Rows as text, in any order; a mean's last digits depend on the order in which it was summed up."""
        return sorted(str({**row, "mean": f"{row['mean']:.9g}"} if "mean" in row else row) for row in rows)

    answers = lambda: (
        [told(by_fgm(copy, *q)) for q in asked],
        [told(ask("subjects", "--table", table, copy)[0]) for table in lists],
        told(ask("top", "memory_current_bytes", copy)[0]),
    )
    files = lambda: len(list(copy.rglob("*.parquet")))
    before, many = answers(), files()
    subprocess.run([binary("fgm-recorder"), "compact", copy], check=True)
    assert files() < many, "nothing was compacted"
    assert answers() == before
