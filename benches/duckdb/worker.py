"""Answers the questions of run.py with DuckDB, in the protocol of questions.rs: how long it took, and, when asked for it
by another line, what tells a right answer from a wrong one.

The SQL is what an analyst would write over these files: only the columns needed, filters where there are any, no
sorting of what is only summed up. Footers stay in memory between questions (parquet_metadata_cache), all cores work,
answers are fetched as Arrow.
"""

import json
import sys
import time

import duckdb
import pyarrow
import pyarrow.compute as pc


def connect(root):
    db = duckdb.connect()
    db.execute("SET enable_progress_bar = false; SET parquet_metadata_cache = true; SET preserve_insertion_order = false")
    db.execute("SET TimeZone = 'UTC'")
    files = f"{root}/containers/**/*.parquet"
    db.execute(f"CREATE VIEW containers AS FROM read_parquet('{files}', hive_partitioning = true, union_by_name = false)")
    return db


def within(question):
    """The filter on time, if there is one."""
    bounds = [(">=", question.get("start")), ("<", question.get("end"))]
    terms = [f"time {op} make_timestamptz({us})" for op, us in bounds if us is not None]
    if question.get("path"):
        terms.append(f"cgroup_path = '{question['path']}'")
    return " AND ".join(terms) or "true"


def sql(question):
    name, metric = question["name"], question.get("metric")
    where = within(question)
    if name == "list":
        labels = "any_value(namespace), any_value(pod_name), any_value(container_name), any_value(qos_class)"
        return f"""SELECT cgroup_path, cgroup_inode, epoch_us(min(time)) AS first, epoch_us(max(time)) AS last, {labels}
                   FROM containers WHERE {where} GROUP BY cgroup_path, cgroup_inode"""
    if name == "one series":
        return f"SELECT time, {metric} AS value FROM containers WHERE {where} AND {metric} IS NOT NULL ORDER BY time"
    if name in ("all containers", "one hour"):
        return f"SELECT cgroup_path, time, {metric} AS value FROM containers WHERE {where} AND {metric} IS NOT NULL"
    if name == "min/max":
        start, width = question["start"], question["end"] - question["start"]
        return f"""SELECT cgroup_path, (epoch_us(time) - {start}) * {question['columns']} // {width} AS pixel,
                          count({metric}) AS n, min({metric}) AS low, max({metric}) AS high
                   FROM containers WHERE {where} AND {metric} IS NOT NULL GROUP BY cgroup_path, pixel"""
    if name == "top":
        return f"""SELECT cgroup_path, avg({metric}) AS mean FROM containers
                   WHERE {where} AND {metric} IS NOT NULL
                   GROUP BY cgroup_path ORDER BY mean DESC LIMIT {question['most']}"""
    raise ValueError(name)


def digest(question, table):
    """What tells a right answer from a wrong one; not part of the time."""
    name = question["name"]
    column = lambda c: table.column(c).to_pylist()
    total = lambda c: float(pc.sum(table.column(c).cast(pyarrow.float64())).as_py() or 0.0)
    if name == "list":
        return sorted(map(list, zip(column("cgroup_path"), column("first"), column("last"))), key=json.dumps)
    if name == "one series":
        return [int(table.num_rows > 0), table.num_rows, total("value")]
    if name in ("all containers", "one hour"):
        return [pc.count_distinct(table.column("cgroup_path")).as_py(), table.num_rows, total("value")]
    if name == "min/max":
        return [table.num_rows, int(total("n")), total("low"), total("high")]
    return [list(pair) for pair in zip(column("cgroup_path"), column("mean"))]


def main():
    db = None
    print("ready", flush=True)
    while line := sys.stdin.readline():
        question = json.loads(line)
        began = time.perf_counter()
        db = db or connect(sys.argv[1])
        table = db.sql(sql(question)).to_arrow_table()
        ms = (time.perf_counter() - began) * 1e3
        print(ms, flush=True)
        sys.stdin.readline()
        print(json.dumps(digest(question, table)), flush=True)


if __name__ == "__main__":
    main()
