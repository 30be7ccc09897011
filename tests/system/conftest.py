"""What the system tests share: the binaries under test, cgroups of their own, and clean ends."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROFILE = os.environ.get("FGM_TEST_PROFILE", "debug")


def binary(name):
    path = TARGET / PROFILE / name
    if not path.exists():
        pytest.fail(f"{path} is missing: cargo build --workspace first")
    return path


@pytest.fixture
def recorder():
    """Starts recorders and makes sure that none outlives the test."""
    started = []

    def start(directory, *flags, log=None, program=None, user=None):
        log = open(log or directory.parent / f"{directory.name}-{len(started)}.log", "wb")
        process = subprocess.Popen(
            [program or binary("fgm-recorder"), "-o", directory, *flags],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, user=user,
        )
        process.log = pathlib.Path(log.name)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def stop(process, timeout=30):
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout)


def hierarchies():
    """Mount points by controller on v1, and under "unified" on v2 or a hybrid host."""
    found = {}
    for line in open("/proc/self/mountinfo"):
        left, right = line.split(" - ")
        point = left.split()[4]
        kind, _, options = right.split()
        if kind == "cgroup2":
            found["unified"] = pathlib.Path(point)
        elif kind == "cgroup":
            for option in options.split(","):
                if option in ("cpu", "cpuacct", "memory", "pids", "blkio"):
                    found[option] = pathlib.Path(point)
    return found


@pytest.fixture
def cgroup():
    """Makes cgroups of the test's own in every hierarchy that has one, and removes them."""
    if os.geteuid() != 0:
        pytest.skip("making cgroups needs root")
    made = []

    def make(name):
        name = f"fgm-test-{os.getpid()}-{name}"
        paths = {}
        for controller, mount in hierarchies().items():
            path = mount / name
            path.mkdir()
            made.append(path)
            paths[controller] = path
        return name, paths

    yield make
    for path in reversed(made):
        for pid in (path / "cgroup.procs").read_text().split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        for _ in range(100):
            try:
                path.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.05)


def run_in(paths, *command):
    """Starts a command inside the given cgroups."""

    def enter():
        for path in paths.values():
            (path / "cgroup.procs").write_text(str(os.getpid()))

    return subprocess.Popen(command, preexec_fn=enter, stdin=subprocess.DEVNULL)


def lost_ticks(path):
    """Inclusive ranges of lost tick numbers in a file's footer."""
    import pyarrow.parquet as pq

    extent = json.loads(pq.read_metadata(path).metadata[b"fgm.extent"])
    return [tuple(r) for r in extent["lost_ticks"]]
