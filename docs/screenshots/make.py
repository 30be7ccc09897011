"""The pictures in this directory: the real viewer on a made-up recording, shown by xterm.js in a headless chromium.

    cargo build --release --workspace --bins
    python docs/screenshots/make.py target/release [NAME]…

Needs pyte and Pillow (PyPI), npm, chromium and DejaVu Sans Mono (fonts-dejavu-core). With `--text` it only types the keys
and prints the screens; a scene that no longer shows what it is for fails.
"""

import argparse
import base64
import pathlib
import string
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "system"))
from terminal import Terminal  # noqa: E402

COLUMNS, ROWS = 120, 36
XTERM = ["@xterm/xterm@6.0.0", "@xterm/addon-webgl@0.19.0"]
RECORDING = "--scenario production --files 28 --containers 22 --processes 8 --seed 3 --tables containers,identities,events,node"
LEAKY = "api-c667bb6fh-b7qz7/api"
BELOW = "j" * 9 + "l" + "jjl" * 6
# Name, further arguments of the viewer, and keys, each with what is on the screen when they have done their work.
SCENES = [
    ("overview", "--range -12m..", [("bbb", "▲")]),
    ("heat", "--metric memory_percent_of_limit", [("V", "max per cell"), ("bb", "▲")]),
    (
        "processes",
        f"--metric memory_current_bytes --subject {LEAKY} --cursor 07:06:11 --range 06:52:40..07:06:20",
        # Its processes, and the containers of the pods that follow in the tree.
        [("capi-c667", "╭─"), ("\r", "▲"), ("T", "everybody at 07:06:11"), ("l", "/usr/bin/api"), (BELOW, "▸ prometheus")],
    ),
    ("periodicity", "", [("Ap", "5 of 5 cycles"), ("jj\r", "per second")]),
    ("throttling", "", [("At", "was throttled in"), ("\r", "2/2")]),
    ("memory", "--metric memory_current_bytes --subject worker-p2tqvjm9l-p8kq9/worker", [("VV", "anon "), ("bb", "▲")]),
]
PAGE = string.Template("""<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="$xterm/css/xterm.css">
<style>body { margin: 0; background: #0f1117; overflow: hidden } #screen { padding: 12px }</style>
<div id="screen"></div><script src="$xterm/lib/xterm.js"></script><script src="$webgl/lib/addon-webgl.js"></script><script>
const terminal = new Terminal({ cols: $columns, rows: $rows, fontFamily: "DejaVu Sans Mono", fontSize: 15,
  cursorInactiveStyle: "none", theme: { background: "#0f1117", foreground: "#d5d8df" } });
terminal.open(document.getElementById("screen"));
// Draws blocks and lines itself, to the edges of their cells.
terminal.loadAddon(new WebglAddon.WebglAddon());
terminal.write(Uint8Array.from(atob("$bytes"), c => c.charCodeAt(0)));
</script>""")
# Of one character at that size, and what is around all of them.
CELL, EDGE = (9, 18), (32, 32)
CHROMIUM = """chromium --headless --no-sandbox --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --hide-scrollbars --allow-file-access-from-files --virtual-time-budget=3000"""


def typed(viewer, recording, home, arguments, steps):
    """What the viewer has sent to the terminal, and the screen as text."""
    words = [viewer, recording, "--fresh", "--tz", "UTC", "--color", "true", "--background", "dark", *arguments.split()]
    with Terminal(words, size=(COLUMNS, ROWS), term="xterm-256color", home=home) as terminal:
        for keys, there in [("", "0 ┤"), *steps]:
            terminal.send(keys)
            terminal.shows(there)
            # What comes after it, such as lists and values.
            terminal.settle(1)
        return terminal.got, terminal.text()


def draw(sent, work, out):
    """The terminal's screen as a picture."""
    from PIL import Image

    page, modules = work / "page.html", work / "node_modules/@xterm"
    scripts = {"xterm": (modules / "xterm").as_uri(), "webgl": (modules / "addon-webgl").as_uri()}
    page.write_text(PAGE.substitute(scripts, columns=COLUMNS, rows=ROWS, bytes=base64.b64encode(sent).decode()))
    width, height = (n * cell + edge for n, cell, edge in zip((COLUMNS, ROWS), CELL, EDGE))
    shot = work / "shot.png"
    flags = [f"--user-data-dir={work}/chromium", f"--window-size={width},{height}", f"--screenshot={shot}"]
    subprocess.run([*CHROMIUM.split(), *flags, page.as_uri()], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # A screen has few colours; most shades are edges of letters.
    few = Image.open(shot).convert("RGB").quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(out, optimize=True)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("binaries", type=pathlib.Path, help="where fgm-tui and generate-bench-data are")
    options.add_argument("names", nargs="*", help="only these")
    options.add_argument("--text", action="store_true", help="print screens, draw nothing")
    options.add_argument("--out", type=pathlib.Path, default=HERE)
    given = options.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        recording = work / "recording"
        generate = [given.binaries / "generate-bench-data", "--out", recording, *RECORDING.split()]
        subprocess.run(generate, check=True, stdout=subprocess.DEVNULL)
        if not given.text:
            subprocess.run(["npm", "install", "--silent", "--prefix", work, *XTERM], check=True)
        for name, arguments, steps in SCENES:
            if given.names and name not in given.names:
                continue
            sent, text = typed(given.binaries.resolve() / "fgm-tui", recording, work / "home", arguments, steps)
            if given.text:
                print(text)
                continue
            out = given.out / f"{name}.png"
            draw(sent, work, out)
            print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
