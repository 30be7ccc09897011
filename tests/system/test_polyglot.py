"""Sealed files are anybody's: DuckDB, pyarrow, pandas and Polars read them without a line of fgm's code (STO-1), also
beside files of an older version, which lack columns (STO-8)."""

import datetime

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from generated import generate

METRIC = "memory_current_bytes"
# What the older version did not know yet.
NEWER = ["memory_stat_anon_bytes", "cpu_usage_millicores", "irq_pressure_full_usec_total"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return generate(
        tmp_path_factory.mktemp("generated") / "data", files=3, containers=6, metrics=30, values=6000,
        processes=1, tables="containers,node,identities,events",
    )  # fmt: skip


@pytest.fixture(scope="module")
def mixed(recording, tmp_path_factory):
    """The containers of the recording, and one file more as an older version would have written it, of another node."""
    root = tmp_path_factory.mktemp("mixed")
    newest = sorted((recording / "containers").rglob("*.parquet"))
    for path in newest:
        to = root / path.relative_to(recording / "containers")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    table = pq.ParquetFile(newest[0]).read().drop_columns(NEWER)
    metadata = {**table.schema.metadata, b"fgm.schema_version": b"1"}
    older = root / "dt=2026-11-20" / "identifier=older" / "older-20261120T000000Z-00000000-00000.parquet"
    older.parent.mkdir(parents=True)
    pq.write_table(table.replace_schema_metadata(metadata), older, compression="zstd")
    return root, table.num_rows


def expected(root):
    """Rows, sum of METRIC and number of containers, file by file with nothing but Parquet."""
    rows, total, paths = 0, 0, set()
    for path in root.rglob("*.parquet"):
        table = pq.ParquetFile(path).read(columns=["cgroup_path", METRIC])
        rows += table.num_rows
        total += pc.sum(table.column(METRIC)).as_py()
        paths |= set(table.column("cgroup_path").to_pylist())
    return rows, total, len(paths)


def by_duckdb(root, **options):
    words = "".join(f", {name} = {value}" for name, value in options.items())
    source = f"read_parquet('{root}/**/*.parquet', hive_partitioning = true{words})"
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    dates = db.execute(f"SELECT DISTINCT dt, typeof(time), typeof({METRIC}) FROM {source}").fetchall()
    assert dates == [(datetime.date(2026, 11, 20), "TIMESTAMP WITH TIME ZONE", "BIGINT")]
    return db.execute(f"SELECT count(*), sum({METRIC}), count(DISTINCT cgroup_path) FROM {source}").fetchone()


def by_pyarrow(root, schema=None):
    data = ds.dataset(root, format="parquet", partitioning="hive", schema=schema)
    assert "identifier" in data.schema.names
    table = data.to_table(columns=["cgroup_path", METRIC])
    distinct = len(set(table.column("cgroup_path").to_pylist()))
    return table.num_rows, pc.sum(table.column(METRIC)).as_py(), distinct


def by_pandas(root, **options):
    frame = pandas.read_parquet(root, columns=["time", "cgroup_path", METRIC, "identifier"], **options)
    assert str(frame["time"].dt.tz) == "UTC"
    return len(frame), int(frame[METRIC].sum()), frame["cgroup_path"].nunique()


def by_polars(root, **options):
    frame = polars.scan_parquet(f"{root}/**/*.parquet", hive_partitioning=True, **options)
    assert frame.collect_schema()["time"] == polars.Datetime("us", "UTC")
    frame = frame.select(
        polars.len(), polars.col(METRIC).sum(), polars.col("cgroup_path").n_unique().alias("n"), polars.col("identifier").n_unique().alias("i")
    ).collect()
    return frame.row(0)[:3]


def test_everybody_counts_the_same(recording):
    root = recording / "containers"
    truth = expected(root)
    assert truth[0] > 100
    assert by_duckdb(root) == truth
    assert by_pyarrow(root) == truth
    assert by_pandas(root) == truth
    assert by_polars(root) == truth


@pytest.mark.parametrize("table", ["containers", "processes", "node", "identities", "events"])
def test_every_table_opens_whole(recording, table):
    """All columns at once: types that one of them does not know would show."""
    root = recording / table
    rows = sum(pq.ParquetFile(p).metadata.num_rows for p in root.rglob("*.parquet"))
    assert rows > 0
    everything = f"FROM read_parquet('{root}/**/*.parquet', hive_partitioning = true)"
    assert duckdb.connect().sql(everything).to_arrow_table().num_rows == rows
    assert ds.dataset(root, partitioning="hive").to_table().num_rows == rows
    assert len(pandas.read_parquet(root)) == rows
    assert len(polars.read_parquet(f"{root}/**/*.parquet", hive_partitioning=True)) == rows


def test_versions_side_by_side(mixed):
    """STO-8: an older file among newer ones; what it does not know is null, and nothing else changes."""
    root, older = mixed
    truth = expected(root)
    assert by_duckdb(root, union_by_name="true") == truth
    unified = pyarrow.unify_schemas([pq.read_schema(p) for p in root.rglob("*.parquet")])
    partitions = [pyarrow.field("dt", pyarrow.string()), pyarrow.field("identifier", pyarrow.string())]
    for field in partitions:
        unified = unified.append(field)
    assert by_pyarrow(root, schema=unified) == truth
    assert by_pandas(root, schema=unified) == truth
    assert by_polars(root, missing_columns="insert", extra_columns="ignore") == truth
    unknown = duckdb.connect().execute(
        f"""SELECT count(*) FROM read_parquet('{root}/**/*.parquet', union_by_name = true, hive_partitioning = true)
            WHERE identifier = 'older' AND {" AND ".join(f"{c} IS NULL" for c in NEWER)}"""
    ).fetchone()
    assert unknown == (older,)
