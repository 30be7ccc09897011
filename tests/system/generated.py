"""Recordings made up by generate-bench-data, and fgm's own answers about them."""

import json
import subprocess

from conftest import binary


def generate(out, **options):
    """A recording below `out`; options as the generator's, such as files=3."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    subprocess.run([binary("generate-bench-data"), "--out", out, *words], check=True, stdout=subprocess.DEVNULL)
    return out


def ask(command, *words, **options):
    """What `fgm-tui COMMAND … --format json` answers, and what it says beside."""
    done = subprocess.run(
        [binary("fgm-tui"), command, "--format", "json", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300, **options,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout), done.stderr
