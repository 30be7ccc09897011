"""What the viewer writes for a key, and how soon: bytes per frame and milliseconds to the first of them (TUI-5).

    cargo build --release -p fgm-tui
    python3 benches/frames.py target/release/fgm-tui RECORDING

A pseudo-terminal of 120×40 without delay; six series of the highest CPU use, then two panels. Medians and maxima.
"""

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import tempfile
import termios
import time

# Zoomed in first: the whole recording cannot be panned.
KEYS = [("zoom", b"+", 4), ("cursor", b"h", 12), ("pan", b"H", 8), ("pan back", b"L", 8)]
TWO_PANELS = [b"pmemory_working_set", b"\r"]


def drain(fd, quiet):
    """Bytes until it is quiet for so long, and the seconds to the first."""
    count, first, begun = 0, None, time.time()
    while select.select([fd], [], [], quiet)[0]:
        count += len(os.read(fd, 1 << 16))
        first = first or time.time() - begun
    return count, first or 0.0


def session(program, recording, colours, before):
    with tempfile.TemporaryDirectory() as state:
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM=colours, XDG_STATE_HOME=state, XDG_CONFIG_HOME=state)
            os.execv(program, ["fgm-tui", recording, "--fresh", "--tz", "UTC"])
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        drain(fd, 3.0)
        for keys in before:
            os.write(fd, keys)
            drain(fd, 1.0)
        print(f"  idle for 5 s: {drain(fd, 5.0)[0]} bytes")
        for name, key, times in KEYS:
            frames = []
            for _ in range(times):
                os.write(fd, key)
                frames.append(drain(fd, 0.3))
            sizes, delays = [f[0] for f in frames], [f[1] * 1e3 for f in frames]
            print(f"  {name:9} {statistics.median(sizes):7.0f} bytes (most {max(sizes)}), "
                  f"{statistics.median(delays):.1f} ms (most {max(delays):.1f})")
        os.write(fd, b"q")
        os.waitpid(pid, 0)
        os.close(fd)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program")
    options.add_argument("recording")
    args = options.parse_args()
    for colours in ("", "truecolor"):
        for panels, before in (("one panel", []), ("two panels", TWO_PANELS)):
            print(f"{colours or '256 colours'}, {panels}:")
            session(args.program, args.recording, colours, before)


if __name__ == "__main__":
    main()
