"""The pictures in docs/screenshots: their script still shows what they are for. Drawing them needs a browser and is done
by hand."""

import subprocess
import sys

from conftest import ROOT, binary


def test_each_scene_still_shows_what_it_is_for():
    """TUI-1 … TUI-7: the keys of each picture lead to what it shows, from a made-up recording on."""
    script = ROOT / "docs" / "screenshots" / "make.py"
    done = subprocess.run(
        [sys.executable, script, binary("fgm-tui").parent, "--text"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") >= 6 * 36, done.stdout
