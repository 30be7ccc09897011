"""A recorder while the wall clock is set: `clock.py OUT RECORDER SECONDS`, only ever in a virtual machine.

Leaves the recording and `truth.json`: each step, with the times of both clocks around it.
"""

import json
import pathlib
import signal
import subprocess
import sys
import time

STEPS = [3600.0, -7200.0, 30.25, -0.75]


def clocks():
    return {"steady": time.clock_gettime(time.CLOCK_BOOTTIME), "wall": time.time()}


def main():
    out, recorder, seconds = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    log = open(out / "recorder.log", "wb")
    command = [recorder, "-o", out / "data", "--scope", "all", "--identifier", "clock"]
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    time.sleep(seconds)
    began, steps = clocks(), []
    for step in STEPS:
        before = clocks()
        time.clock_settime(time.CLOCK_REALTIME, time.time() + step)
        steps.append({"by": step, "before": before, "after": clocks()})
        time.sleep(seconds)
    ended = clocks()
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    truth = {"began": began, "steps": steps, "ended": ended, "exit_code": code}
    (out / "truth.json").write_text(json.dumps(truth, indent=1))


if __name__ == "__main__":
    main()
