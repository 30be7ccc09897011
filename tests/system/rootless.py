"""A container of a plain user beside a recorder: `rootless.py OUT RECORDER SECONDS`, in a virtual machine where the
user `guest` has a systemd of its own. Leaves the recording and `truth.json`."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import time

UID = 1000
HOME = pathlib.Path("/home/guest")


def as_guest(*words):
    run = f"/run/user/{UID}"
    env = [f"XDG_RUNTIME_DIR={run}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={run}/bus", f"HOME={HOME}"]
    command = ["runuser", "-u", "guest", "--", "env", "-C", HOME, *env, *words]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout.strip()


def root_file_system():
    root = HOME / "root"
    for directory in ("bin", "proc", "sys", "dev", "tmp"):
        (root / directory).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    (root / "bin/sleep").symlink_to("busybox")
    with tarfile.open(HOME / "root.tar", "w") as tar:
        tar.add(root, "/")
    os.chmod(HOME / "root.tar", 0o644)
    return HOME / "root.tar"


def main():
    out, recorder, seconds = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    for _ in range(120):
        if pathlib.Path(f"/run/user/{UID}/bus").exists():
            break
        time.sleep(1)
    as_guest("podman", "--storage-driver", "vfs", "import", root_file_system(), "localhost/fgm-test:1")
    log = open(out / "recorder.log", "wb")
    process = subprocess.Popen(
        [recorder, "-o", out / "data", "--scope", "all", "--identifier", "rootless"],
        stdout=log, stderr=log, stdin=subprocess.DEVNULL,
    )
    container = as_guest(
        "podman", "--storage-driver", "vfs", "run", "-d", "--name", "plain", "--network", "none",
        "--memory", "64m", "localhost/fgm-test:1", "sleep", "1000",
    )
    started = time.time()
    time.sleep(seconds)
    as_guest("podman", "--storage-driver", "vfs", "kill", "plain")
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    truth = {"id": container, "started": started, "exit_code": code}
    (out / "truth.json").write_text(json.dumps(truth, indent=1))


if __name__ == "__main__":
    main()
