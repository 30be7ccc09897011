"""REC-2: /proc/<pid>/smaps stays closed unless --verbose-perf-risk asks for it; what the kernel was asked is the proof."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import binary

SECONDS = float(os.environ.get("FGM_TEST_SECONDS", "5"))
OPENED = re.compile(r'"(?:/proc/)?\d+/(smaps\w*)"')


def opened(tmp_path, *flags):
    """Names of the smaps files that a recorder of this host opens, with how often."""
    if not shutil.which("strace"):
        pytest.fail("strace is missing: apt-get install strace")
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=/^open", "-o", trace, binary("fgm-recorder"), "-o", tmp_path / "out"]
    # A process with memory of its own, so that there is somebody to read.
    sleeper = subprocess.Popen(["sleep", "600"])
    try:
        run = subprocess.run(
            [*command, "--scope", "all", "--interval", "200ms", "--duration", f"{SECONDS}s", *flags],
            timeout=SECONDS + 60,
            capture_output=True,
            text=True,
        )
    finally:
        sleeper.kill()
        sleeper.wait()
    if "ptrace" in run.stderr and "ermi" in run.stderr:
        pytest.skip("strace may not trace here")
    assert run.returncode == 0, run.stderr
    count = {}
    for line in open(trace, errors="replace"):
        for name in OPENED.findall(line):
            count[name] = count.get(name, 0) + 1
    return count


def test_smaps_is_never_opened_unasked(tmp_path):
    count = opened(tmp_path)
    # PSS is read, so the pattern finds what is opened; the whole file is not among it.
    assert count.pop("smaps_rollup", 0) > 0
    assert count == {}


def test_smaps_is_opened_on_request(tmp_path):
    count = opened(tmp_path, "--verbose-perf-risk")
    assert count["smaps"] > 0
