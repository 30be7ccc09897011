"""A directory of two thousand files of which fifty are bad: the rest opens, each bad one is named, nothing hangs or
panics (QRY-5, QRY-6)."""

import itertools
import os
import random

import pytest

from generated import ask, generate

FILES, BAD = 2000, 50


def truncated(path, dice):
    path.write_bytes(path.read_bytes()[: dice.randrange(1, path.stat().st_size)])


def empty(path, _):
    path.write_bytes(b"")


def zeroed(path, _):
    path.write_bytes(b"\0" * path.stat().st_size)


def foreign(path, _):
    path.write_bytes(b"PAR1 is how this letter begins, and this is how it ends: PAR1")


def dangling(path, _):
    path.unlink()
    path.symlink_to("nowhere.parquet")


def fifo(path, _):
    path.unlink()
    os.mkfifo(path)


def footer_changed(path, _):
    """Still Parquet at both ends; the footer in between is another file's length off."""
    bytes_ = bytearray(path.read_bytes())
    bytes_[-8:-4] = (len(bytes_) * 3).to_bytes(4, "little")
    path.write_bytes(bytes_)


DAMAGES = [truncated, empty, zeroed, foreign, dangling, fifo, footer_changed]


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    out = tmp_path_factory.mktemp("many") / "data"
    generate(out, files=FILES, containers=2, metrics=5, values=50, tables="containers")
    dice = random.Random(3)
    files = sorted((out / "containers").rglob("*.parquet"))
    assert len(files) == FILES
    bad = dice.sample(files, BAD)
    for path, damage in zip(bad, itertools.cycle(DAMAGES)):
        damage(path, dice)
    return out, sorted(bad), [f for f in files if f not in set(bad)]


def test_the_rest_opens(recording):
    out, bad, good = recording
    found, said = ask("subjects", out)
    assert found
    rows, _ = ask("sql", "SELECT count(*) AS n, count(DISTINCT tick) AS ticks FROM containers", out)
    assert rows[0]["ticks"] > len(good) * 3
    named = [line for line in said.splitlines() if ".parquet" in line]
    assert named and all(any(str(b) in line for b in bad) for line in named), said
    assert "panicked" not in said


def test_each_bad_file_is_named(recording):
    out, bad, good = recording
    told, _ = ask("verify", out)
    findings = str(told["findings"])
    missing = [b for b in bad if str(b) not in findings]
    assert not missing, f"{len(missing)} of {BAD} are not named: {missing[:3]}"
    wrong = [g for g in good if str(g) in findings]
    assert not wrong, f"good files are named: {wrong[:3]}"
