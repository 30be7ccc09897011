"""STU-1, end to end: a real process that works for three seconds out of every twenty is found with its period, and the same
program idle is not."""

import json
import subprocess
import sys
import time

from conftest import binary, run_in, stop

PERIOD = 20
MINUTES = 5
# Works for so many seconds from each multiple of the period on.
PROGRAM = f"""
import sys, time
seconds = float(sys.argv[1])
while seconds == 0:
    time.sleep(3600)
while True:
    now = time.time()
    into = now % {PERIOD}
    if into >= seconds:
        time.sleep({PERIOD} - into)
"""


def periodicity(selector, out, *flags):
    return subprocess.run(
        [binary("fgm-tui"), "--periodicity", selector, out, "--format", "json", "--tz", "UTC", *flags],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
    )


def test_bursts_are_found_and_idleness_is_not(recorder, cgroup, tmp_path):
    out = tmp_path / "data"
    programs = []
    paths = {}
    for name, seconds in (("bursts", "3"), ("idle", "0")):
        paths[name], places = cgroup(name)
        programs.append(run_in(places, sys.executable, "-c", PROGRAM, seconds))
    process = recorder(out, "--scope", "all", "--include", f"path:{paths['bursts']}", "--include", f"path:{paths['idle']}")
    time.sleep(MINUTES * 60)
    assert stop(process) == 0, process.log.read_text()

    found = periodicity(f"path:{paths['bursts']}", out)
    assert found.returncode == 0, found.stderr
    best = next(f for f in json.loads(found.stdout) if f["metric"] == "cpu_usage_millicores")
    assert abs(best["period_seconds"] - PERIOD) <= 0.2, best
    assert best["confidence"] > 0.7 and best["cycles_seen"] >= 13, best
    # Two seconds at least of one busy core, out of three: the machine may be busy with other things.
    assert 300 < best["amplitude"] < 1300 and best["unit"] == "millicores", best
    assert periodicity(f"path:{paths['bursts']}", out).stdout == found.stdout, "the same answer each time"

    idle = periodicity(f"path:{paths['idle']}", out, "--metric", "cpu_usage_millicores")
    assert (idle.returncode, idle.stdout.strip()) == (1, "[]"), idle.stdout + idle.stderr

    ranking = json.loads(periodicity("container", out).stdout)
    assert paths["bursts"] in ranking[0]["cgroup_path"] and round(ranking[0]["period_seconds"]) == PERIOD, ranking
    for program in programs:
        program.kill()
        program.wait()
