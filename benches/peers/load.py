"""A load that looks like containers: cgroups with four processes each, of which one wakes every second.

Owns: the cgroups below its base name in every hierarchy, and the processes in them. Must not: measure.
Resident sizes run from 1 to 128 MiB. Also a library: the system tests make their cgroups with it.
"""

import argparse
import hashlib
import os
import pathlib
import signal
import subprocess
import time

SIZES = [(1, 4, 16, 64), (1, 8, 32, 128)]


READ = {"cpu", "cpuacct", "memory", "blkio", "pids", "name=systemd"}


def hierarchies():
    """Mount points of the cgroup hierarchies that a recorder reads (a cpuset would first need CPUs)."""
    found = []
    for line in open("/proc/self/mountinfo"):
        left, right = line.split(" - ")
        kind, _, options = right.split()
        if left.split()[3] == "/" and (kind == "cgroup2" or kind == "cgroup" and READ & set(options.split(","))):
            found.append(pathlib.Path(left.split()[4]))
    return found


def container_name(number, seed=""):
    """A name that is taken for a podman container."""
    return "libpod-" + hashlib.sha256(f"{seed}{number}".encode()).hexdigest()


def make_base(base):
    """The directory that holds the containers, in every hierarchy; on v2 with all controllers handed down."""
    made = []
    for mount in hierarchies():
        path = mount / base
        path.mkdir()
        made.append(path)
        control = path / "cgroup.controllers"
        if control.exists():
            for controller in control.read_text().split():
                (path / "cgroup.subtree_control").write_text(f"+{controller}")
    return made


def show(base, work):
    """Shows a base's cgroups, inside a mount namespace, as if they were all that the host has; returns their root."""
    shown = []
    for mount in hierarchies():
        point = work / "cgroup" / mount.name
        point.mkdir(parents=True)
        subprocess.run(["mount", "--bind", mount / base, point], check=True)
        shown.append(point)
    # The root of a pure v2 host is its only hierarchy.
    return shown[0] if len(shown) == 1 else work / "cgroup"


def make_container(base, name):
    """One container's cgroups."""
    made = []
    for mount in hierarchies():
        path = mount / base / name
        path.mkdir()
        made.append(path)
    return made


def enter(paths):
    """Moves the calling process into a container's cgroups."""
    for path in paths:
        (path / "cgroup.procs").write_text(str(os.getpid()))


def remove(paths):
    """Removes cgroups, deepest first; waits a little for processes that are just ending."""
    for path in sorted(paths, key=lambda p: -len(p.parts)):
        for _ in range(100):
            try:
                path.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.02)


def remove_base(base):
    """Removes a base with everything below it; nothing must run there any more."""
    for mount in hierarchies():
        top = mount / base
        if top.is_dir():
            remove([*(p for p in top.rglob("*") if p.is_dir()), top])


def work(megabytes, wakes):
    """One process: touches its memory once, then sleeps."""
    memory = bytearray(megabytes << 20)
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    while True:
        time.sleep(1 if wakes else 1000)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--base", required=True, help="name of the directory below which the cgroups are")
    options.add_argument("--cgroups", type=int, default=50)
    args = options.parse_args()
    children = []
    for number in range(args.cgroups):
        paths = make_container(args.base, container_name(number))
        for which in range(4):
            pid = os.fork()
            if pid == 0:
                enter(paths)
                work(SIZES[number % 5 == 0][which], which == 0)
            children.append(pid)
    time.sleep(3)
    if any(os.waitpid(pid, os.WNOHANG)[0] for pid in children):
        raise SystemExit("a process of the load has died")
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
