"""A slow line between two network namespaces of its own: two tunnel devices, and between them a thread that carries each
IP packet over after a delay, and counts.

Not veth and netem: many kernels come without netem, and what passes here can be counted, held up and cut. The namespaces
have no name: they are gone with the processes that hold them, however the test ends.
"""

import copy
import ctypes
import fcntl
import heapq
import os
import pathlib
import select
import signal
import struct
import subprocess
import threading
import time

CLIENT, SERVER = "198.51.100.1", "198.51.100.2"
TOOLS = ["ip", "nsenter", "unshare"]
# From linux/if_tun.h and linux/sched.h: a device of IP packets as they are.
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
C = ctypes.CDLL(None, use_errno=True)


def with_its_parent():
    """For a child: ends when the thread that started it ends."""
    C.prctl(1, signal.SIGKILL)


def hold(*flags, command):
    """A process with namespaces of its own. Its children end with it."""
    words = ["unshare", "--net", *flags, "--fork", "--kill-child", *command]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, preexec_fn=with_its_parent)
    children, end = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children"), time.time() + 10
    while not (inside := children.read_text().split()):
        assert process.poll() is None and time.time() < end, f"{words} did not start"
        time.sleep(0.01)
    process.inside = int(inside[0])
    return process


def tunnel(pid, address):
    """The open end of a new device in the namespaces of a process."""
    opened = []

    def enter():
        # Only this thread moves over; it is not seen again.
        with open(f"/proc/{pid}/ns/net") as there:
            assert C.setns(there.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"line", IFF_TUN | IFF_NO_PI))
        opened.append(device)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert opened, "no tunnel device"
    for words in (["addr", "add", f"{address}/24", "dev", "line"], ["link", "set", "line", "up"]):
        subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "ip", *words], check=True)
    return opened[0]


class Way:
    """What went in one direction: bytes on the line, and pieces of TCP's stream, each counted once."""

    def __init__(self):
        self.bytes = self.pieces = 0
        self.seen = {}

    def copy(self):
        """As it is now, to be compared."""
        return copy.copy(self)

    def count(self, packet):
        self.bytes += len(packet)
        head = (packet[0] & 15) * 4
        if packet[9] != 6:
            return
        ports, number = struct.unpack_from("!II", packet, head)
        length = len(packet) - head - (packet[head + 12] >> 4) * 4
        first, furthest = self.seen.setdefault(ports, (number, 0))
        # What is sent again because its receipt was late is no new piece.
        at = (number - first) % (1 << 32) + length
        if length and at > furthest:
            self.seen[ports] = first, at
            self.pieces += 1


class Line(threading.Thread):
    """Carries packets between two processes' namespaces, `delay` seconds each way."""

    def __init__(self, client, server, delay):
        super().__init__(daemon=True)
        self.ends = [tunnel(client, CLIENT), tunnel(server, SERVER)]
        self.ways = dict(zip(self.ends, (Way(), Way())))
        self.up, self.down = self.ways.values()
        self.delay, self.is_cut = delay, False
        self.wake, self.waker = os.pipe()
        self.start()

    def cut(self):
        """Nothing passes any more, and nobody is told."""
        self.is_cut = True

    def run(self):
        underway, number = [], 0
        while True:
            wait = max(0, underway[0][0] - time.monotonic()) if underway else None
            ready = select.select([*self.ends, self.wake], [], [], wait)[0]
            if self.wake in ready:
                return
            for end in ready:
                packet = os.read(end, 1 << 16)
                # The kernel says hello in IPv6, too.
                if packet[0] >> 4 == 4:
                    self.ways[end].count(packet)
                    other = self.ends[1 - self.ends.index(end)]
                    heapq.heappush(underway, (time.monotonic() + self.delay, number, other, packet))
                    number += 1
            while underway and underway[0][0] <= time.monotonic():
                *_, end, packet = heapq.heappop(underway)
                if not self.is_cut:
                    os.write(end, packet)

    def close(self):
        os.write(self.waker, b"x")
        self.join()
        for fd in (*self.ends, self.wake, self.waker):
            os.close(fd)
