"""Pods as kubelet makes them, on a containerd of its own, beside a recorder: `pods.py OUT RECORDER SECONDS`.

Leaves in OUT the recording (`data`) and `truth.json`. No API server, no kubelet: what the recorder knows of the pods,
it knows from the disk.
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid

import cri
import kernel

PAUSE, APP = "localhost/fgm-pause:1", "localhost/fgm-app:1"
# The state directory is where the recorder looks for bundles; kubelet's logs are where kubelet has them.
PLACES = ["/run/containerd", "/var/log/pods"]
CONFIG = """version = 2
root = "{base}/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]
[grpc]
address = "{base}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
disable_apparmor = true
stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
"""


def image(base, name, command):
    """An image archive of a static busybox, as `docker save` writes it."""
    work = base / hashlib.sha256(name.encode()).hexdigest()[:8]
    (work / "root/bin").mkdir(parents=True)
    for directory in ("proc", "sys", "dev", "etc", "tmp"):
        (work / "root" / directory).mkdir()
    shutil.copy(shutil.which("busybox"), work / "root/bin/busybox")
    (work / "root/bin/sh").symlink_to("busybox")
    (work / "root/bin/sleep").symlink_to("busybox")
    with tarfile.open(work / "layer.tar", "w") as tar:
        tar.add(work / "root", "/")
    digest = hashlib.sha256((work / "layer.tar").read_bytes()).hexdigest()
    config = {
        "architecture": "amd64", "os": "linux", "config": {"Cmd": command, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    (work / "config.json").write_text(json.dumps(config))
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    (work / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(work / "image.tar", "w") as tar:
        for part in ("manifest.json", "config.json", "layer.tar"):
            tar.add(work / part, part)
    return work / "image.tar"


def remove_cgroups(paths):
    """The pods' own cgroups, and what is above them if it is empty."""
    for mount in set(kernel.hierarchies().values()) | {p for p in pathlib.Path("/sys/fs/cgroup").iterdir()}:
        for path in paths:
            own = mount / path.lstrip("/")
            while own != mount:
                try:
                    own.rmdir()
                except OSError:
                    pass
                own = own.parent


def main():
    out, recorder, seconds = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], float(sys.argv[3])
    if os.environ.get("FGM_OWN_MOUNTS") != "1":
        os.environ["FGM_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    # However it is ended, nothing may stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    base = pathlib.Path(tempfile.mkdtemp(prefix="fgm-test-", dir="/var/tmp"))
    created = [p for p in PLACES if not pathlib.Path(p).exists()]
    containerd, process, sandboxes, parents, runtime = None, None, [], [], None
    try:
        for place in PLACES:
            own = base / place.strip("/").replace("/", "-")
            own.mkdir()
            pathlib.Path(place).mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "--bind", own, place], check=True)
        (base / "config.toml").write_text(CONFIG.format(base=base, pause=PAUSE))
        log = open(out / "containerd.log", "wb")
        containerd = subprocess.Popen(
            ["containerd", "--config", base / "config.toml"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        for _ in range(100):
            if (base / "containerd.sock").exists():
                break
            time.sleep(0.1)
        for name, command in ((PAUSE, ["sleep", "100000"]), (APP, ["sh"])):
            ctr = ["ctr", "--address", base / "containerd.sock", "--namespace", "k8s.io", "images", "import"]
            subprocess.run([*ctr, image(base, name, command)], check=True, capture_output=True)
        runtime = cri.Runtime(base / "containerd.sock")
        recorder_log = open(out / "recorder.log", "wb")
        process = subprocess.Popen(
            [recorder, "-o", out / "data", "--scope", "all", "--identifier", "node-1"],
            stdout=recorder_log, stderr=recorder_log, stdin=subprocess.DEVNULL,
        )
        time.sleep(2)
        pods = []
        # A pod of the API has a dashed uid, a static one the hash of its manifest.
        for namespace, name, uid, qos, directory in [
            ("shop", "cart-0", str(uuid.uuid4()), "Burstable", "/kubepods/burstable"),
            ("kube-system", "proxy-node-1", uuid.uuid4().hex, "Guaranteed", "/kubepods"),
        ]:
            parent = f"{directory}/pod{uid}"
            parents.append(parent)
            logs = pathlib.Path(f"/var/log/pods/{namespace}_{name}_{uid}")
            (logs / "app").mkdir(parents=True)
            started = time.time()
            sandbox, config = runtime.sandbox(namespace, name, uid, parent, logs)
            sandboxes.append(sandbox)
            command = ["sh", "-c", "while :; do :; done"]
            container = runtime.container(sandbox, config, "app", APP, command, 20_000, 64 << 20)
            pods.append({
                "namespace": namespace, "name": name, "uid": uid, "qos": qos, "cgroup": parent,
                "sandbox": sandbox, "container": container, "started": [started, time.time()],
            })
        time.sleep(seconds)
        stopped = time.time()
        while sandboxes:
            runtime.remove(sandboxes[-1])
            sandboxes.pop()
        gone = time.time()
        time.sleep(3)
        process.send_signal(signal.SIGTERM)
        truth = {"pods": pods, "stopped": stopped, "gone": gone, "exit_code": process.wait(60)}
        (out / "truth.json").write_text(json.dumps(truth, indent=1))
    finally:
        if process is not None and process.poll() is None:
            process.kill()
        for sandbox in sandboxes:
            runtime.remove(sandbox)
        if containerd is not None:
            containerd.terminate()
            containerd.wait(30)
        for place in PLACES:
            subprocess.run(["umount", "-R", "-l", place], capture_output=True)
        for place in created:
            pathlib.Path(place).rmdir()
        remove_cgroups(parents)
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
