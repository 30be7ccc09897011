"""What the kernel says of a container, read without any help of fgm: the witness of the system tests.

Only the standard library, since this also runs inside the virtual machine.
"""

import os
import pathlib
import threading
import time


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


def is_v2():
    return "cpu" not in hierarchies()


def pairs(path):
    return {key: int(value) for key, value in (line.split()[:2] for line in open(path))}


def first(*paths):
    return next((p for p in paths if p.exists()), paths[-1])


def written(text):
    """Bytes written, over all devices, in io.stat or blkio.throttle.io_service_bytes_recursive."""
    total = 0
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] == "Write":
            total += int(words[2])
        total += sum(int(w[7:]) for w in words if w.startswith("wbytes="))
    return total


def reading(cgroup):
    """The counters of one cgroup, each with the unit of the recorder's column of that name, and the moments before
    and after. None if the cgroup has gone meanwhile."""
    mounts, path = hierarchies(), cgroup.lstrip("/")
    before = time.time()
    try:
        if is_v2():
            own = mounts["unified"] / path
            cpu = pairs(own / "cpu.stat")
            # crun under systemd keeps the limits in a cgroup below.
            limited = pairs(first(own / "container" / "cpu.stat", own / "cpu.stat"))
            values = {
                "cpu_usage_usec_total": cpu["usage_usec"],
                "cpu_periods_total": limited["nr_periods"],
                "cpu_throttled_periods_total": limited["nr_throttled"],
                "cpu_throttled_usec_total": limited["throttled_usec"],
                "memory_current_bytes": int((own / "memory.current").read_text()),
                "inactive_file": pairs(own / "memory.stat")["inactive_file"],
                "memory_events_oom_kill_total": pairs(own / "memory.events")["oom_kill"],
                "io_write_bytes_total": written((own / "io.stat").read_text()),
            }
        else:
            cpu = pairs(mounts["cpu"] / path / "cpu.stat")
            memory = mounts["memory"] / path
            io = mounts["blkio"] / path / "blkio.throttle.io_service_bytes_recursive"
            values = {
                "cpu_usage_usec_total": int((mounts["cpuacct"] / path / "cpuacct.usage").read_text()) // 1000,
                "cpu_periods_total": cpu["nr_periods"],
                "cpu_throttled_periods_total": cpu["nr_throttled"],
                "cpu_throttled_usec_total": cpu["throttled_time"] // 1000,
                "memory_current_bytes": int((memory / "memory.usage_in_bytes").read_text()),
                "inactive_file": pairs(memory / "memory.stat")["total_inactive_file"],
                "memory_events_oom_kill_total": pairs(memory / "memory.oom_control")["oom_kill"],
                "io_write_bytes_total": written(io.read_text()),
            }
    except OSError:
        return None
    return {"from": before, "to": time.time(), **values}


def cgroup_of(pid):
    """The cgroup that a process is accounted in; crun's and systemd's sub-cgroups count as the one above."""
    lines = [line.rstrip("\n").split(":", 2) for line in open(f"/proc/{pid}/cgroup")]
    wanted = "" if is_v2() else "memory"
    path = next(p for _, names, p in lines if wanted in names.split(","))
    return path.removesuffix("/container")


class Watch(threading.Thread):
    """Sees cgroups below one parent come and go, in any hierarchy."""

    def __init__(self, parent):
        super().__init__(daemon=True)
        self.parent = parent.lstrip("/")
        self.seen = {}
        self.ending = threading.Event()

    def look(self):
        names = set()
        for mount in set(hierarchies().values()):
            try:
                names.update(e.name for e in os.scandir(mount / self.parent) if e.is_dir())
            except OSError:
                pass
        return names

    def run(self):
        last = time.time()
        while not self.ending.wait(0.05):
            asked = time.time()
            names = self.look()
            for name in names:
                life = self.seen.setdefault(name, {"absent": last, "gone": None})
                life["gone"] = None
                life["present"] = asked
            for name, life in self.seen.items():
                if name not in names and life["gone"] is None:
                    life["gone"] = time.time()
            last = asked

    def stop(self):
        self.ending.set()
        self.join()
        return self.seen
