"""A user without any rights: what may be recorded is, what may not is said once, and doctor explains (REC-9)."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import duckdb
import pytest

from conftest import binary, stop

NOBODY = 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")


@pytest.fixture
def place():
    """A directory and a copy of the recorder within the reach of everyone."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="fgm-nobody-"))
    path.chmod(0o755)
    shutil.copy(binary("fgm-recorder"), path / "fgm-recorder")
    (path / "data").mkdir()
    os.chown(path / "data", NOBODY, NOBODY)
    yield path
    shutil.rmtree(path)


def as_nobody(place, *flags, **options):
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs"]
    command += [place / "fgm-recorder", *flags]
    return subprocess.Popen(command, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.fixture
def stranger():
    """A process of another user."""
    process = subprocess.Popen(["sleep", "1000"])
    yield process
    process.kill()
    process.wait()


def test_what_may_be_recorded_is_recorded(place, stranger):
    """REC-9: rows of everything, null where permission lacks, one line per cause with a path that exists."""
    recorder = as_nobody(place, "-o", place / "data", "--interval", "200ms", "--scope", "all", "--duration", "6s")
    _, log = recorder.communicate(timeout=60)
    assert recorder.returncode == 0, log
    denied = [line for line in log.splitlines() if "cannot read" in line]
    causes = [re.search(r"cannot read (\S+), for example (\S+):", line) for line in denied]
    assert all(causes), log
    names = [cause.group(1) for cause in causes]
    assert {"io", "smaps_rollup"} <= set(names) and len(names) == len(set(names)), log
    for cause in causes:
        example = pathlib.Path(cause.group(2))
        assert example.is_absolute() and example.name == pathlib.Path(cause.group(1)).name, log

    def rows(table, what):
        return duckdb.sql(f"SELECT {what} FROM '{place}/data/{table}/**/*.parquet'").fetchall()[0]

    assert rows("node", "count(*) > 20 AND count(memory_total_bytes) > 20") == (True,)
    assert rows("containers", "count(*) > 20 AND count(memory_rss_bytes) > 20") == (True,)
    count, rss, pss, io = rows(
        "processes",
        "count(*) FILTER (pid = {0}), max(memory_rss_bytes) FILTER (pid = {0}), "
        "count(memory_pss_bytes) FILTER (pid = {0}), count(io_read_bytes_total) FILTER (pid = {0})".format(stranger.pid),
    )
    assert count > 20 and rss > 0, "the cheap metrics of others are there"
    assert (pss, io) == (0, 0), "null, not zero"
    own = f"pid = {recorder.pid}"
    pss, io = rows("processes", f"count(memory_pss_bytes) FILTER ({own}), count(io_read_bytes_total) FILTER ({own})")
    assert pss > 0 and io > 0, "its own it may read"


def test_doctor_explains(place, stranger):
    """REC-9: doctor works without rights, says what is missing and the way out, and leaves nothing behind."""
    before = sorted(place.rglob("*"))
    doctor = as_nobody(place, "doctor", "--format", "json", "-o", place / "data")
    text, log = doctor.communicate(timeout=60)
    assert doctor.returncode == 1 and not log, log
    findings = {f["check"]: f for f in json.loads(text)}
    for check in ("process-pss", "process-io"):
        assert findings[check]["status"] == "missing"
        assert "CAP_SYS_PTRACE" in findings[check]["remedy"], findings[check]
    assert findings["output"]["status"] == "ok"
    assert findings["cgroup"]["status"] == "ok"
    doctor = as_nobody(place, "doctor", "-o", place / "nowhere")
    text, log = doctor.communicate(timeout=60)
    assert doctor.returncode == 1 and not log, log
    assert any(line.startswith("missing  output") and "--output-dir" in line for line in text.splitlines()), text
    assert sorted(place.rglob("*")) == before
