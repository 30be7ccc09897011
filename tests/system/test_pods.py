"""Pods made through CRI with kubelet's paths are known from the disk alone (REC-1, REC-7)."""

import json
import subprocess
import sys

import pytest

from conftest import HERE, binary, need
from recording import Recording


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    need(["containerd", "runc", "busybox", "unshare"], "a pod")
    out = tmp_path_factory.mktemp("pods")
    command = [sys.executable, HERE / "pods.py", out, binary("fgm-recorder"), "8"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    truth = json.loads((out / "truth.json").read_text())
    assert truth["exit_code"] == 0, (out / "recorder.log").read_text()
    return truth, Recording(out / "data")


LABELS = "subject_kind, container_id, container_name, namespace, pod_name, pod_uid, qos_class, runtime"


def test_pod_container_and_sandbox_are_told_apart_and_named(case):
    """REC-7: namespace, pod, container name, uid and QoS class, on every row."""
    truth, recording = case
    for pod in truth["pods"]:
        of_pod = {"namespace": pod["namespace"], "pod_name": pod["name"], "pod_uid": pod["uid"], "qos_class": pod["qos"]}
        of_runtime = {**of_pod, "runtime": "containerd"}
        expected = {
            pod["cgroup"]: {"subject_kind": "pod", "container_id": None, "container_name": None, "runtime": None, **of_pod},
            f"{pod['cgroup']}/{pod['sandbox']}": {
                "subject_kind": "sandbox", "container_id": pod["sandbox"], "container_name": None, **of_runtime,
            },
            f"{pod['cgroup']}/{pod['container']}": {
                "subject_kind": "container", "container_id": pod["container"], "container_name": "app", **of_runtime,
            },
        }
        rows = recording.rows("containers", f"cgroup_path, {LABELS}", "starts_with(cgroup_path, ?)", [pod["cgroup"]])
        assert {row["cgroup_path"] for row in rows} == set(expected)
        for row in rows:
            path = row.pop("cgroup_path")
            assert row == expected[path], path


def test_they_are_found_within_a_tick_and_limited(case):
    """REC-1, REC-2, REC-3."""
    truth, recording = case
    ticks = recording.ticks()
    columns = "tick, time, cpu_quota_cores, memory_max_bytes, cpu_throttled_periods_total"
    for pod in truth["pods"]:
        rows = recording.rows("containers", columns, "container_id = ?", [pod["container"]])
        # Within this span both were created one after the other.
        began, running = pod["started"]
        assert began <= rows[0]["time"] and rows[0]["tick"] <= next(t for t in ticks if t >= running)
        assert rows[-1]["time"] <= truth["gone"]
        assert {(float(r["cpu_quota_cores"]), r["memory_max_bytes"]) for r in rows} == {(0.2, 64 << 20)}
        assert rows[-1]["cpu_throttled_periods_total"] > rows[0]["cpu_throttled_periods_total"]
