"""A virtual machine with pure cgroup v2, PSI and systemd: Debian's cloud kernel and packages, emulated by qemu.

`run(files, command, out)` boots a snapshot of a cached disk image, unpacks `files` under /guest, runs `command` there
as root with OUT=/out, and brings /out back. Emulation is slow (a tenth of the host): right for meaning, not for speed.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tarfile

TOOLS = ["qemu-system-x86_64", "mmdebstrap", "mke2fs"]
CACHE = pathlib.Path(
    os.environ.get("FGM_CI_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "fgm-ci"
)
PACKAGES = (
    "systemd systemd-sysv dbus dbus-user-session libpam-systemd linux-image-cloud-amd64 zstd podman crun runc conmon "
    "catatonit uidmap slirp4netns busybox-static python3 util-linux procps mount"
)
# Three disks: the system (a snapshot), what goes in and what comes out (both bare tars).
UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=OUT=/out HOME=/root LC_ALL=C.UTF-8
StandardOutput=journal+console
StandardError=journal+console
ExecStart=/bin/sh -c 'mkdir -p /guest /out; tar -xf /dev/vdb -C /guest; cd /guest; sh ./command; echo $? >/out/exit-code'
ExecStopPost=/bin/sh -c 'journalctl -b >/out/journal.txt; tar -cf /dev/vdc -C /out .; sync; systemctl poweroff -ff'
"""
HOOKS = [
    'mkdir -p "$1/etc/systemd/system/multi-user.target.wants"',
    'printf "%s" "$FGM_UNIT" >"$1/etc/systemd/system/fgm-guest.service"',
    'ln -s ../fgm-guest.service "$1/etc/systemd/system/multi-user.target.wants/"',
    'echo fgm-guest >"$1/etc/hostname"; echo "/dev/vda / ext4 defaults 0 0" >"$1/etc/fstab"',
    'rm -f "$1/etc/resolv.conf"; chroot "$1" useradd --create-home --shell /bin/sh --uid 1000 guest',
    'mkdir -p "$1/var/lib/systemd/linger"; touch "$1/var/lib/systemd/linger/guest"',
    'chroot "$1" systemctl mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer',
]


def missing():
    """Tools that are not there."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def mirrors():
    """The Debian archives that this machine itself uses, as lines of a sources.list."""
    form = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)"
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", form, "Created-By: Packages"], capture_output=True, text=True, check=True
    ).stdout
    rows = {tuple(line.split()) for line in told.splitlines()}
    lines = [
        f"deb {uri} {suite} {part}"
        for uri, suite, part, *origin in sorted(rows)
        if origin == ["Debian"] and suite in ("bookworm", "bookworm-security", "bookworm-updates") and part == "main"
    ]
    return lines or ["deb http://deb.debian.org/debian bookworm main"]


def image():
    """The cached system disk, kernel and initial RAM disk; made anew whenever this recipe changes."""
    recipe = hashlib.sha256(repr((PACKAGES, UNIT, HOOKS)).encode()).hexdigest()[:12]
    home = CACHE / "vm" / recipe
    if home.exists():
        return home
    work = CACHE / "vm" / f".{recipe}-{os.getpid()}"
    work.mkdir(parents=True)
    root = work / "root"
    hooks = [f"--customize-hook={hook}" for hook in HOOKS]
    subprocess.run(
        ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--aptopt=Acquire::Languages none",
         "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
         f"--include={','.join(PACKAGES.split())}", *hooks, "bookworm", str(root), "-"],
        input="\n".join(mirrors()) + "\n", text=True, check=True, env={**os.environ, "FGM_UNIT": UNIT},
    )
    shutil.copy(next((root / "boot").glob("vmlinuz-*")), work / "vmlinuz")
    shutil.copy(next((root / "boot").glob("initrd.img-*")), work / "initrd")
    disk = work / "root.img"
    subprocess.run(["truncate", "-s", "3G", disk], check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk], check=True)
    shutil.rmtree(root)
    work.rename(home)
    return home


def run(files, command, out, timeout=900):
    """Boots, runs and returns the command's exit code; console.txt and journal.txt lie beside what it left."""
    home = image()
    out.mkdir(parents=True, exist_ok=True)
    work = out.parent / f"{out.name}-vm"
    work.mkdir()
    (work / "command").write_text(command)
    with tarfile.open(work / "in.tar", "w") as tar:
        for path in [*files, work / "command"]:
            tar.add(path, path.name)
    subprocess.run(["truncate", "-s", "512M", work / "out.tar"], check=True)
    # tar pads to records, disks to sectors.
    subprocess.run(["truncate", "-s", "%1M", work / "in.tar"], check=True)
    disks = [(home / "root.img", "snapshot=on"), (work / "in.tar", "readonly=on"), (work / "out.tar", "cache=unsafe")]
    drives = [w for path, flag in disks for w in ("-drive", f"file={path},format=raw,if=virtio,{flag}")]
    with open(out / "console.txt", "wb") as console:
        subprocess.run(
            ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1536",
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
             "-kernel", home / "vmlinuz", "-initrd", home / "initrd", *drives,
             "-append", "root=/dev/vda rw console=ttyS0 quiet panic=-1 psi=1 mitigations=off"],
            stdin=subprocess.DEVNULL, stdout=console, stderr=console, timeout=timeout, check=True,
        )
    try:
        with tarfile.open(work / "out.tar") as tar:
            tar.extractall(out, filter="data")
        return int((out / "exit-code").read_text())
    except (tarfile.ReadError, FileNotFoundError) as error:
        raise RuntimeError(f"the guest left nothing: {(out / 'console.txt').read_text()[-4000:]}") from error
    finally:
        shutil.rmtree(work)
