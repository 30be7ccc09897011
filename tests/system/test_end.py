"""The end when something is wrong with the disk: within a bound, an error only when data was lost (STO-6)."""

import os
import shutil
import signal
import time

import pytest

from conftest import stop
from test_shot import QUICK, check_files, disk, fill, nothing_left_over, small_disk  # noqa: F401, two are fixtures

# A pod is killed after 30 s.
GRACE = 30

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="recording a whole host needs root")


def last_line(process):
    text = process.log.read_text()
    assert "panicked" not in text, text
    return text.strip().splitlines()[-1]


def the_segment(out):
    """The open segment, as soon as there is one."""
    for _ in range(200):
        if found := list(out.glob(".open/*.seg")):
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no segment")


def test_on_a_full_disk(recorder, small_disk, tmp_path):  # noqa: F811
    """STO-6: what could not be written is an error that says why; the rest is there."""
    out = small_disk / "data"
    process = recorder(out, *QUICK, log=tmp_path / "log")
    time.sleep(1.5)
    fill(small_disk)
    time.sleep(0.5)
    assert stop(process, GRACE) == 1, process.log.read_text()
    said = last_line(process)
    assert said.startswith("fgm-recorder: the last ") and "No space left" in said, said
    (small_disk / "filler").unlink()
    later = recorder(out, *QUICK, "--duration", "1s", log=tmp_path / "later")
    assert later.wait(GRACE) == 0, later.log.read_text()
    assert len(check_files(out)) == 2
    nothing_left_over(out)


def test_after_a_full_disk(recorder, small_disk, tmp_path):  # noqa: F811
    """STO-6: what was lost before and is told in the recording is no error at the end."""
    out = small_disk / "data"
    process = recorder(out, *QUICK, log=tmp_path / "log")
    time.sleep(1.5)
    fill(small_disk)
    time.sleep(1)
    (small_disk / "filler").unlink()
    time.sleep(1)
    assert stop(process, GRACE) == 0, process.log.read_text()
    nothing_left_over(out)


def test_in_a_directory_that_was_removed(recorder, tmp_path):
    """STO-6: what had been written is lost with the directory, and that is said."""
    out = tmp_path / "data"
    # Ticks so far apart that none comes between the removal and the signal.
    process = recorder(out, "--scope", "all", "--interval", "5s")
    the_segment(out)
    shutil.rmtree(out)
    assert stop(process, GRACE) == 1, process.log.read_text()
    assert "has been removed" in last_line(process), last_line(process)


@pytest.fixture
def stuck(recorder, tmp_path):
    """A recorder that was asked to end and cannot: the disk does not give the segment back that it wants to seal. With
    it the ways to that segment's contents and to its name."""
    out = tmp_path / "data"
    process = recorder(out, "--scope", "all", "--interval", "100ms")
    segment = the_segment(out)
    time.sleep(1)
    # Under another name it is still written; reading from a pipe that nobody writes to waits forever.
    contents = tmp_path / "contents"
    os.link(segment, contents)
    segment.unlink()
    os.mkfifo(segment)
    process.send_signal(signal.SIGTERM)
    yield process, contents, segment
    # A thread that still waits is let go.
    if segment.is_fifo():
        os.close(os.open(segment, os.O_RDWR | os.O_NONBLOCK))


def check_recovery(recorder, contents, segment):
    """What was written is there once the disk answers again."""
    out = segment.parent.parent
    segment.unlink()
    contents.rename(segment)
    later = recorder(out, *QUICK, "--duration", "1s")
    assert later.wait(GRACE) == 0, later.log.read_text()
    runs = check_files(out)
    assert len(runs) == 2 and all(len(ticks) >= 5 for ticks in runs.values()), runs
    nothing_left_over(out)


def test_a_second_signal_ends_it_at_once(recorder, stuck):
    """STO-6: whoever does not want to wait need not, and loses nothing that was written."""
    process, *places = stuck
    time.sleep(2)
    assert process.poll() is None, "it waits for the disk"
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 128 + signal.SIGTERM
    assert "second signal" in last_line(process), last_line(process)
    check_recovery(recorder, *places)


def test_the_end_has_a_bound(recorder, stuck):
    """STO-6: it does not wait for the disk longer than a pod may; everything has been appended, so nothing is lost."""
    process, *places = stuck
    assert process.wait(GRACE) == 0, process.log.read_text()
    assert "sealing takes too long" in process.log.read_text()
    check_recovery(recorder, *places)
