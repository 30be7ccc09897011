"""A host behind a slow line, with an sshd and a home of its own."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import line
from conftest import binary
from terminal import PATIENCE, Terminal
from vm import CACHE

# In .ci/run's cache where the package is not installed.
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:{CACHE}/sshd/usr/sbin")
CONFIG = """Port 22
ListenAddress {address}
HostKey {base}/host
AuthorizedKeysFile {base}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
PidFile none
UseDNS no
ClientAliveInterval 1
ClientAliveCountMax 3
"""
# In mounts of its own: nothing of this host's logs and accounts is touched.
START = """set -e
mount -t proc proc /proc
for place in /run /var/log; do mount -t tmpfs tmpfs $place; done
mkdir /run/sshd
for file in passwd shadow; do mount --bind $BASE/$file /etc/$file; done
exec $SSHD -D -e -f $BASE/sshd_config -E $BASE/sshd.log
"""
PROFILE = """PATH=$HOME/bin:$PATH
PS1='far$ '
unset PROMPT_COMMAND HISTFILE
"""
PROMPT = "far$"


class Remote:
    """The host, and the line to it."""

    def __init__(self, base, recording, delay):
        self.base = base
        home = base / "home"
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "fgm-tui").symlink_to(binary("fgm-tui"))
        (home / "rec").symlink_to(recording)
        (home / ".profile").write_text(PROFILE)
        for key in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", base / key], check=True)
        (base / "known").write_text(f"{line.SERVER} {(base / 'host.pub').read_text()}")
        others = [row for row in pathlib.Path("/etc/passwd").read_text().splitlines() if not row.startswith("root:")]
        # sshd drops its rights to a user of its own name.
        users = [f"root:x:0:0:root:{home}:/bin/bash", "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin"]
        (base / "passwd").write_text("\n".join([*users, *others, ""]))
        (base / "shadow").write_text("root:*:20000:0:99999:7:::\n")
        (base / "sshd_config").write_text(CONFIG.format(base=base, address=line.SERVER))
        with contextlib.ExitStack() as undo:
            self.client = undo.enter_context(ended(line.hold(command=["sleep", "infinity"])))
            # It waits for its address.
            wait = ["sh", "-c", "until ip addr show line 2>/dev/null | grep -q inet; do sleep 0.02; done; " + START]
            there = ["env", f"BASE={base}", f"SSHD={SSHD}", *wait]
            self.server = undo.enter_context(ended(line.hold("--mount", "--pid", command=there)))
            self.line = line.Line(self.client.inside, self.server.inside, delay)
            undo.callback(self.line.close)
            log, end = base / "sshd.log", time.time() + PATIENCE
            while not (log.exists() and "Server listening" in log.read_text()):
                assert self.server.poll() is None and time.time() < end, "no sshd"
                time.sleep(0.02)
            self.undo = undo.pop_all()

    def close(self):
        self.undo.close()

    def ssh(self, *command, **terminal):
        """A terminal with ssh in it."""
        options = [
            "BatchMode=yes", f"UserKnownHostsFile={self.base}/known", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes",
            # Newer clients send noise to hide when keys are pressed.
            "IgnoreUnknown=ObscureKeystrokeTiming", "ObscureKeystrokeTiming=no",
        ]  # fmt: skip
        words = ["nsenter", f"--net=/proc/{self.client.inside}/ns/net", "ssh", "-tt", "-F", "none", "-e", "none"]
        words += [word for option in options for word in ("-o", option)]
        return Terminal([*words, "-i", self.base / "key", f"root@{line.SERVER}", *command], **terminal)

    def viewers(self):
        """Pids of viewers there."""
        found = []
        there = os.readlink(f"/proc/{self.server.inside}/ns/net")
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(process / "ns/net") == there and (process / "comm").read_text() == "fgm-tui\n":
                    found.append(int(process.name))
        return found


@contextlib.contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def cpu(pid):
    """CPU seconds of a process so far; none of one that is gone."""
    with contextlib.suppress(OSError):
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()
        return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0
