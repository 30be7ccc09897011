"""A program on a pseudo-terminal whose keyboard and screen are ours."""

import copy
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pyte

from line import with_its_parent

PATIENCE = 60


class Screen(pyte.Screen):
    """pyte's, with the alternate screen that it lacks: the shell's comes back."""

    others = None

    def set_mode(self, *modes, **kind):
        if 1049 in modes and self.others is None:
            self.others = (dict(self.buffer), copy.copy(self.cursor))
            self.buffer.clear()
        super().set_mode(*modes, **kind)

    def reset_mode(self, *modes, **kind):
        super().reset_mode(*modes, **kind)
        if 1049 in modes and self.others is not None:
            self.buffer.clear()
            rows, self.cursor = self.others
            self.buffer.update(rows)
            self.others = None
            self.dirty.update(range(self.lines))


class Terminal:
    """A program on a pseudo-terminal; what it shows, and what it has sent."""

    def __init__(self, words, size=(80, 24), term="xterm", home="/nonexistent", answers=b""):
        self.screen = Screen(*(n or 1 for n in size))
        self.stream = pyte.ByteStream(self.screen)
        self.got, self.answers, self.asked = b"", answers, 0
        self.master, slave = pty.openpty()
        self.resize(*size, tell=False)
        def take():
            with_its_parent()
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        # Neither LANG nor anything else that tells of UTF-8 or colours.
        environment = {"PATH": os.environ["PATH"], "TERM": term, "HOME": str(home)}
        self.process = subprocess.Popen(
            list(map(str, words)), stdin=slave, stdout=slave, stderr=slave, env=environment, preexec_fn=take
        )
        os.close(slave)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, keys):
        os.write(self.master, keys if isinstance(keys, bytes) else keys.encode())

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.screen.resize(rows, columns)

    def read(self, seconds):
        """Takes what comes within so long; false when nothing does, or there is nobody any more."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.master, 1 << 16)
        except OSError:
            return False
        self.got += piece
        self.stream.feed(piece)
        # The last question is the one that every terminal answers.
        if self.answers and self.got.count(b"\x1b[c") > self.asked:
            self.asked += 1
            self.send(self.answers)
        return bool(piece)

    def text(self):
        return "\n".join(row.rstrip() for row in self.screen.display).rstrip("\n")

    def until(self, what, holds):
        """Reads until the screen's text satisfies a condition; returns it."""
        end = time.time() + PATIENCE
        while not holds(self.text()):
            assert time.time() < end and self.process.poll() is None, f"no {what} on the screen:\n{self.text()}"
            self.read(0.05)
        return self.text()

    def shows(self, text):
        return self.until(text, lambda screen: text in screen)

    def settle(self, seconds):
        """Reads until nothing has come for so long."""
        while self.read(seconds):
            pass
        return self.text()

    def wait(self):
        """Exit code of the program, once it has ended."""
        end = time.time() + PATIENCE
        while self.process.poll() is None:
            assert time.time() < end, f"it does not end:\n{self.text()}"
            self.read(0.05)
        self.settle(0.1)
        return self.process.returncode

    def frames(self, since=0):
        return self.got.count(b"\x1b[?2026h", since)

    def modes(self):
        """Modes that the program has set and not put back: private ones, by number."""
        on = set()
        for numbers, way in re.findall(rb"\x1b\[\?([0-9;]+)([hl])", self.got):
            (on.update if way == b"h" else on.difference_update)(map(int, numbers.split(b";")))
        # The cursor is there until somebody hides it.
        return on - {25, 7}, b"\x1b[?25l" not in self.got or 25 in on
