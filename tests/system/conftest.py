"""What the system tests share: the binaries under test, cgroups of their own, and clean ends."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

import vm
from kernel import hierarchies

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROFILE = os.environ.get("FGM_TEST_PROFILE", "debug")


def binary(name):
    path = TARGET / PROFILE / name
    if not path.exists():
        pytest.fail(f"{path} is missing: cargo build --workspace first")
    return path


HERE = pathlib.Path(__file__).resolve().parent


def need(tools, why):
    """Skips where something is not installed; CI says that everything must be."""
    absent = [tool for tool in tools if shutil.which(tool) is None]
    if os.geteuid() != 0:
        absent.append("root")
    if absent and os.environ.get("FGM_TEST_REQUIRE") == "1":
        pytest.fail(f"{why} needs {', '.join(absent)}")
    if absent:
        pytest.skip(f"{why} needs {', '.join(absent)}")


@pytest.fixture(scope="session")
def guest(tmp_path_factory):
    """What one run of everything in guest.sh in the virtual machine left, a directory per scenario."""
    if earlier := os.environ.get("FGM_TEST_GUEST"):
        return pathlib.Path(earlier)  # while assertions are being written: what an earlier run left
    need(vm.TOOLS, "a virtual machine")
    out = tmp_path_factory.mktemp("guest") / "out"
    slim = tmp_path_factory.mktemp("bin") / "fgm-recorder"
    # Debug information is most of the binary, and would be unpacked by an emulated CPU.
    subprocess.run(["strip", "--strip-debug", "-o", slim, binary("fgm-recorder")], check=True)
    scripts = [HERE / name for name in ("scenario.py", "kernel.py", "clock.py", "rootless.py")]
    code = vm.run([slim, *scripts], (HERE / "guest.sh").read_text(), out)
    assert code == 0, (out / "console.txt").read_text()[-4000:]
    return out


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
