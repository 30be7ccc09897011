"""Compaction beside readers that know nothing of fgm, and killed at any moment (STO-7)."""

import collections
import json
import random
import shutil
import subprocess
import time

import duckdb
import pyarrow.parquet as pq
import pytest

from conftest import binary, stop

ROUNDS = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two runs under one identifier, in files of two seconds."""
    out = tmp_path_factory.mktemp("compact") / "data"
    for _ in range(2):
        subprocess.run(
            [binary("fgm-recorder"), "-o", out, "--scope", "all", "--interval", "200ms", "--rotation", "2s",
             "--duration", "9s", "--identifier", "c-1"],
            check=True, stdin=subprocess.DEVNULL, capture_output=True,
        )
    return out


def compact(out, *flags):
    return subprocess.run(
        [binary("fgm-recorder"), "compact", out, *flags], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def tables(out):
    return sorted(path.name for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))


def sources(path):
    return json.loads(pq.read_metadata(path).metadata.get(b"fgm.sources", b"[]"))


def counted(out, table):
    """The files of a table but for those that another one replaces."""
    files = sorted((out / table).glob("dt=*/identifier=*/*.parquet"))
    replaced = {stem for path in files for stem in sources(path)}
    return [str(path) for path in files if path.stem not in replaced]


def differences(db, before, after):
    """Rows that only one of two lists of files has, with how often they are there."""
    one, other = (f"SELECT * FROM read_parquet({files}, union_by_name = true)" for files in (before, after))
    both = f"(({one}) EXCEPT ALL ({other})) UNION ALL (({other}) EXCEPT ALL ({one}))"
    return db.execute(f"SELECT count(*) FROM ({both})").fetchone()[0]


def test_readers_see_the_same_rows_in_few_files(store, tmp_path):
    """STO-7, STO-1: DuckDB finds every row once, pyarrow reads every column, and a glob needs no rule."""
    out = tmp_path / "data"
    shutil.copytree(store, out)
    sizes = collections.Counter({t: sum(f.stat().st_size for f in (store / t).rglob("*.parquet")) for t in tables(store)})
    dry = compact(out, "--dry-run")
    assert dry.returncode == 0 and "nothing was changed" in dry.stdout, dry
    done = compact(out)
    assert done.returncode == 0, done.stderr
    db = duckdb.connect()
    for table in tables(store):
        files = sorted((out / table).glob("dt=*/identifier=*/*.parquet"))
        # Two when the hour or the day changed meanwhile.
        assert 1 <= len(files) <= 2, (table, files)
        assert differences(db, counted(store, table), [str(f) for f in files]) == 0, table
        rows = db.execute(f"SELECT count(*) FROM '{out}/{table}/**/*.parquet' WHERE identifier = 'c-1'").fetchone()[0]
        assert rows == sum(len(pq.read_table(f, partitioning=None)) for f in files), table
        assert sum(f.stat().st_size for f in files) < sizes[table] / 2, table
    assert compact(out).stdout == "nothing to merge\n"
    assert not list(out.glob("**/.*.tmp"))


def test_a_kill_at_any_moment_loses_and_doubles_nothing(store, tmp_path):
    """STO-7: kill -9, again and again on the same store, until a compaction comes to its end."""
    moments = random.Random(7)
    began = time.monotonic()
    shutil.copytree(store, tmp_path / "whole")
    assert compact(tmp_path / "whole").returncode == 0
    whole = time.monotonic() - began
    db, killed, leftovers = duckdb.connect(), 0, 0
    names = tables(store)
    out = tmp_path / "data"
    for _ in range(ROUNDS):
        if not out.exists():
            shutil.copytree(store, out)
        process = subprocess.Popen(
            [binary("fgm-recorder"), "compact", out], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0, whole))
        process.kill()
        killed += process.wait() != 0
        leftovers += len(list(out.glob("*/dt=*/identifier=*/.*.tmp")))
        table = moments.choice(names)
        assert differences(db, counted(store, table), counted(out, table)) == 0, table
        if all(len(list((out / t).rglob("*.parquet"))) <= 2 for t in names):
            shutil.rmtree(out)
    if not out.exists():
        shutil.copytree(store, out)
    assert killed > ROUNDS / 4 and leftovers > 0, (killed, leftovers)
    assert compact(out).returncode == 0
    for table in names:
        assert differences(db, counted(store, table), counted(out, table)) == 0, table
        assert all(not set(sources(f)) & {p.stem for p in f.parent.iterdir()} for f in (out / table).rglob("*.parquet"))
    assert not list(out.glob("**/.*.tmp"))


def test_beside_a_recorder(recorder, tmp_path):
    """STO-7: what is closed can be compacted while the recorder goes on, and no tick is there twice or missing."""
    out = tmp_path / "data"
    process = recorder(out, "--scope", "all", "--interval", "200ms", "--rotation", "1s", "--identifier", "c-2")
    end = time.time() + 12
    time.sleep(4)
    while time.time() < end:
        done = compact(out)
        assert done.returncode == 0, done.stderr
    assert stop(process) == 0, process.log.read_text()
    files = counted(out, "node")
    db = duckdb.connect()
    rows, ticks, first, last = db.execute(
        f"SELECT count(*), count(DISTINCT tick_no), min(tick_no), max(tick_no) FROM read_parquet({files})"
    ).fetchone()
    lost = {n for f in files for a, b in json.loads(pq.read_metadata(f).metadata[b"fgm.extent"])["lost_ticks"]
            for n in range(a, b + 1)}
    assert rows == ticks and ticks + len([n for n in lost if first <= n <= last]) == last - first + 1
    assert any(sources(f) for f in files)
