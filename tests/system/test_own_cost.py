"""What the recorder says of itself, on the real kernel (REC-6)."""

import sys

from conftest import binary, run_in
from kernel import hierarchies
from recording import Recording

COLUMN = "recorder_cgroup_memory_bytes"


def record(out, *paths):
    process = run_in(*paths, binary("fgm-recorder"), "-o", out, "--scope", "all", "--interval", "200ms", "--duration", "2s")
    assert process.wait(30) == 0
    return Recording(out).rows("node", f"{COLUMN}, recorder_rss_bytes")


def test_memory_charged_to_its_own_cgroup(cgroup, tmp_path):
    """REC-6: kernel memory included, and null while somebody else is in that cgroup."""
    name, paths = cgroup("recorder")
    memory = hierarchies().get("memory")
    limit = "memory.peak" if memory is None else "memory.max_usage_in_bytes"
    own = [row[COLUMN] for row in record(tmp_path / "alone", paths)]
    directory = paths.get("memory") or next(iter(paths.values()))
    assert own and all(own), own
    if (directory / limit).exists():
        assert max(own) <= int((directory / limit).read_text())
    # More than a page, and no whole host's.
    assert 100_000 < max(own) < 1 << 30, own

    other = run_in(paths, sys.executable, "-c", "import time; time.sleep(60)")
    try:
        assert {row[COLUMN] for row in record(tmp_path / "shared", paths)} == {None}
    finally:
        other.kill()
        other.wait()
