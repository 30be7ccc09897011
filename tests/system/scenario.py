"""Containers with known fates beside a recorder: `scenario.py OUT RECORDER SECONDS`.

Leaves in OUT the recording (`data`), the recorder's log and `truth.json`: what podman and the kernel said, for the
assertions in test_containers.py. It asserts nothing itself, needs nothing but Python and podman, and runs the same
natively and in a virtual machine. Everything is its own: storage, run directories (bound over the usual places in a
mount namespace of its own, so that the recorder looks where it always looks), cgroups, image.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from datetime import datetime, timezone

import kernel

IMAGE = "localhost/fgm-test:1"
PLACES = ["/var/lib/containers", "/run/containers", "/run/libpod"]
# Only on pure v2 has systemd the whole tree in hand.
ON_SYSTEMD = pathlib.Path("/run/systemd/system").is_dir() and kernel.is_v2()
PARENT = "/machine.slice" if ON_SYSTEMD else f"/fgm-test-{os.getpid()}"
# Memory of its own, and page cache that nobody touches again: written last, for growing takes some of it away.
KEEP = "dd if=/dev/zero of=/tmp/kept bs=1M count=8 conv=fsync 2>/dev/null"
GROW = f'awk \'BEGIN {{ s = "x"; while (length(s) < 16777216) s = s s; system("{KEEP}; exec sleep 1000") }}\''
CROWD = "i=1; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done; wait"
WRITE = "while :; do dd if=/dev/zero of=/data/x bs=256k count=8 conv=fsync 2>/dev/null; sleep 1; done"
OOM = "dd if=/dev/zero of=/dev/null bs=128M count=1"


def block_device(path):
    """The whole disk below a directory, as podman wants it named; None on a file system without one."""
    number = os.stat(path).st_dev
    sys_path = pathlib.Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not sys_path.exists():
        return None
    sys_path = sys_path.resolve()
    disk = sys_path.parent if (sys_path / "partition").exists() else sys_path
    return f"/dev/{disk.name}"


def prepare(base):
    """Directories over the usual places, and an engine that works without a registry and without privileges."""
    for place in PLACES:
        own = base / place.strip("/").replace("/", "-")
        own.mkdir()
        pathlib.Path(place).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", own, place], check=True)
    # crun, where there is one: it keeps limits in a cgroup of its own. It refuses hybrid hosts.
    manager = "systemd" if ON_SYSTEMD else "cgroupfs"
    runtime = "crun" if kernel.is_v2() and shutil.which("crun") else "runc"
    (base / "containers.conf").write_text(
        '[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]\nlog_driver = "k8s-file"\n'
        f'[engine]\nruntime = "{runtime}"\ncgroup_manager = "{manager}"\nevents_logger = "file"\n'
    )
    (base / "storage.conf").write_text(
        '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n'
    )
    os.environ["CONTAINERS_CONF"] = str(base / "containers.conf")
    os.environ["CONTAINERS_STORAGE_CONF"] = str(base / "storage.conf")


def podman(*words):
    done = subprocess.run(["podman", *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"podman {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout.strip()


def image(base):
    """A root file system of a static busybox and nothing else."""
    root = base / "root"
    for directory in ("bin", "proc", "sys", "dev", "tmp", "data", "etc"):
        (root / directory).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for tool in ("sh", "sleep", "dd", "awk"):
        (root / "bin" / tool).symlink_to("busybox")
    with tarfile.open(base / "root.tar", "w") as tar:
        tar.add(root, "/")
    podman("import", base / "root.tar", IMAGE)


def run(name, command, *flags):
    where = [] if ON_SYSTEMD else ["--cgroup-parent", PARENT]
    podman("run", "-d", "--name", name, "--network", "none", *where, *flags, IMAGE, "sh", "-c", command)


def ended(name):
    """What podman tells of a container that ends now or has ended. (`podman wait` fails for one that ended more than
    five minutes ago: its exit code has been pruned.)"""
    for _ in range(100):
        told = json.loads(podman("inspect", name))[0]
        if told["State"]["Status"] == "exited":
            return told
        time.sleep(0.1)
    raise SystemExit(f"{name} does not end: {told['State']}")


def moment(text):
    """podman's times have nanoseconds, which Python has not; the year 1 means never."""
    whole, fraction = re.match(r"(\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d)(\.\d+)?", text).groups()
    # With the zone of this machine or UTC, as podman pleases.
    zone = re.search(r"([+-]\d\d:\d\d)$", text)
    at = datetime.fromisoformat(whole + (zone.group(1) if zone else "+00:00"))
    return None if at.year == 1 else at.astimezone(timezone.utc).timestamp() + float(fraction or 0)


STATS = ["CPUNano", "MemUsage", "BlockOutput"]


def stats(names):
    """`podman stats` in exact numbers, with the moments before and after."""
    before = time.time()
    form = " ".join(["{{.Name}}", *(f"{{{{.ContainerStats.{field}}}}}" for field in STATS)])
    lines = podman("stats", "--no-stream", "--no-reset", "--format", form, *names).splitlines()
    after = time.time()
    rows = (line.split() for line in lines)
    return [
        {"name": name, "from": before, "to": after, **dict(zip(STATS, map(int, values)))} for name, *values in rows
    ]


class Scenario:
    def __init__(self, out, recorder, seconds, base):
        self.out, self.seconds, self.base = out, seconds, base
        self.command = [recorder, "-o", out / "data", "--scope", "containers", "--identifier", "host-1"]
        self.cgroups, self.kernel, self.stats = {}, {}, []

    def start(self, name, command, *flags):
        run(name, command, *flags)
        pid = int(podman("inspect", "--format", "{{.State.Pid}}", name))
        try:
            self.cgroups[name] = kernel.cgroup_of(pid)
        except (OSError, StopIteration):
            pass  # it has ended already: the path is known from its id

    def witness(self, until):
        """Reads the kernel's files and asks podman until then."""
        due = 0.0
        while time.time() < until:
            for name, path in self.cgroups.items():
                if (seen := kernel.reading(path)) is not None:
                    self.kernel.setdefault(name, []).append(seen)
            if time.time() >= due:
                self.stats += stats([n for n in ("busy", "hungry", "writer") if n in self.cgroups])
                due = time.time() + 2
            time.sleep(0.2)

    def run(self):
        watch = kernel.Watch(PARENT)
        watch.start()
        # One container is there before the recorder, so that its scope is that of a host with containers.
        self.start("busy", "while :; do :; done", "--cpus", "0.2")
        began = time.time()
        log = open(self.out / "recorder.log", "wb")
        recorder = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            time.sleep(2)
            disk = block_device(self.base)
            limits = ["--device-write-bps", f"{disk}:100mb"] if disk else []
            self.start("hungry", GROW, "--memory", "64m")
            # What lives on must not ask for memory before the dead have given theirs back.
            self.start("victim", f"sleep 1000 & sleep 4; {OOM}; wait", "--memory", "32m", "--memory-swap", "32m")
            self.start("killed", f"sleep 4; exec {OOM}", "--memory", "32m", "--memory-swap", "32m")
            self.start("brief", "sleep 2")
            self.start("crowd", CROWD, "--pids-limit", "100")
            (self.base / "data").mkdir()
            self.start("writer", WRITE, *limits, "-v", f"{self.base}/data:/data")
            self.witness(time.time() + self.seconds)
            # Frozen, its counters stand still: the last row must say exactly what the kernel says.
            podman("pause", "busy")
            time.sleep(1)
            frozen = [kernel.reading(self.cgroups["busy"])]
            time.sleep(4)
            frozen.append(kernel.reading(self.cgroups["busy"]))
            podman("unpause", "busy")
            inspected = {}
            names = ["busy", "hungry", "victim", "killed", "brief", "crowd", "writer"]
            killing = time.time()
            podman("kill", *[n for n in names if n not in ("killed", "brief")])
            for name in names:
                inspected[name] = ended(name)
            time.sleep(4)
        finally:
            recorder.send_signal(signal.SIGTERM)
            code = recorder.wait(60)
        seen = watch.stop()
        return {
            "mode": "v2" if kernel.is_v2() else "v1",
            "seconds": self.seconds,
            "recorder": {"began": began, "exit_code": code},
            "killing": killing,
            "containers": {n: self.told(n, i, seen) for n, i in inspected.items()},
            "kernel": self.kernel,
            "frozen": frozen,
            "stats": self.stats,
            "disk": disk,
        }

    def told(self, name, inspected, seen):
        state = inspected["State"]
        return {
            "id": inspected["Id"],
            "started": moment(state["StartedAt"]),
            "finished": moment(state["FinishedAt"]),
            "exit_code": state["ExitCode"],
            # The watch sees the engine's names; a scope or a directory, both bear the id.
            "life": next((v for k, v in seen.items() if inspected["Id"] in k and "conmon" not in k), None),
        }


def clean(base):
    subprocess.run(["podman", "rm", "-fa", "-t", "0"], capture_output=True, stdin=subprocess.DEVNULL)
    subprocess.run(["podman", "rmi", "-fa"], capture_output=True, stdin=subprocess.DEVNULL)
    for place in PLACES:
        subprocess.run(["umount", "-R", "-l", place], capture_output=True)
    shutil.rmtree(base, ignore_errors=True)
    if ON_SYSTEMD:
        return
    for line in open("/proc/self/mountinfo"):
        left, right = line.split(" - ")
        own = pathlib.Path(left.split()[4]) / PARENT.lstrip("/")
        if right.startswith("cgroup") and own.is_dir():
            for directory, _, _ in os.walk(own, topdown=False):
                try:
                    os.rmdir(directory)
                except OSError as error:
                    print(f"left behind: {directory}: {error}", file=sys.stderr)


def main():
    out, recorder, seconds = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), float(sys.argv[3])
    if os.environ.get("FGM_OWN_MOUNTS") != "1":
        os.environ["FGM_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    base = pathlib.Path(tempfile.mkdtemp(prefix="fgm-test-", dir="/var/tmp"))
    # However it is ended, nothing may stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    os.chdir(base)  # conmon leaves a file named oom where it stands
    try:
        prepare(base)
        image(base)
        truth = Scenario(out, recorder, seconds, base).run()
        (out / "truth.json").write_text(json.dumps(truth, indent=1))
    finally:
        clean(base)


if __name__ == "__main__":
    main()
