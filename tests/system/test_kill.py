"""kill -9 costs at most the tick under way, and what is left can be read at once (STO-3, STO-6)."""

import os
import signal
import subprocess
import time

import duckdb

from conftest import binary, stop


def rows(out):
    return duckdb.connect().execute(
        f"SELECT run_id, tick_no, count(*) FROM '{out}/node/**/*.parquet' GROUP BY ALL ORDER BY ALL"
    ).fetchall()


def test_kill_9_loses_at_most_the_tick_under_way(recorder, tmp_path):
    out = tmp_path / "data"
    first = recorder(out, "--scope", "all", "--rotation", "90s")
    time.sleep(8.3)
    killed_at = time.time()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert list((out / ".open").glob("*.seg")), "the open segment is left"

    second = recorder(out, "--scope", "all")
    time.sleep(3)
    assert stop(second) == 0, second.log.read_text()
    assert not list((out / ".open").glob("*.seg"))
    found = rows(out)
    runs = {run for run, _, _ in found}
    assert len(runs) == 2
    assert all(n == 1 for *_, n in found), "no tick twice"
    last = duckdb.connect().execute(
        f"SELECT max(epoch_us(tick)) / 1e6 FROM '{out}/node/**/*.parquet' WHERE epoch_us(tick) / 1e6 <= {killed_at}"
    ).fetchone()[0]
    assert killed_at - last < 2.0, f"killed at {killed_at}, last tick {last}"
    assert b"recovered" in second.log.read_bytes()


def test_signals_end_it_in_order(recorder, tmp_path):
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        out = tmp_path / name
        process = recorder(out, "--scope", "all")
        time.sleep(2.5)
        process.send_signal(getattr(signal, name))
        assert process.wait(10) == 0, process.log.read_text()
        assert list(out.glob("node/**/*.parquet")) and not list((out / ".open").glob("*.seg"))


def test_bad_input_is_one_clear_line(tmp_path):
    def run(*flags):
        return subprocess.run(
            [binary("fgm-recorder"), *flags], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20
        )

    (tmp_path / "file").write_text("")
    for flags, word in [
        (["-o", str(tmp_path / "file" / "x")], "file"),
        (["-o", str(tmp_path / "o"), "--cgroup-root", "/nonexistent"], "/nonexistent"),
        (["-o", str(tmp_path / "o"), "--interval", "banana"], "banana"),
        (["-o", str(tmp_path / "o"), "--interval", "1ms"], "interval"),
    ]:
        done = run(*flags)
        assert done.returncode != 0, flags
        assert word in done.stderr and "panicked" not in done.stderr, done.stderr
        assert done.stderr.strip().splitlines()[0].startswith(("fgm-recorder: ", "error: ")), done.stderr


def test_a_log_that_cannot_be_written_does_not_end_the_recording(tmp_path):
    """REC-9: stderr on a full device."""
    out = tmp_path / "data"
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [binary("fgm-recorder"), "-o", out, "--scope", "all", "--duration", "3s"],
            stdout=full, stderr=full, stdin=subprocess.DEVNULL, timeout=30,
        )
    assert done.returncode == 0
    assert list(out.glob("node/**/*.parquet"))
