"""Real podman containers with known fates, natively and on pure cgroup v2 in a virtual machine: one scenario
(scenario.py), the same assertions (REC-1, REC-2, REC-3, REC-4, REC-7, REC-8)."""

import json
import os
import subprocess
import sys

import pytest

from conftest import HERE, binary, need
from recording import Recording

SECONDS = os.environ.get("FGM_TEST_WITNESS_SECONDS", "60")
ALL = ["busy", "hungry", "victim", "killed", "brief", "crowd", "writer"]
# Seconds, the recorder's default.
ROTATION = 90
# What the memory controller charges ahead of use, per CPU; a reading in between may be off by that much.
CHARGED_AHEAD = 64 * 4096 * (os.cpu_count() or 1)


def native(tmp_path_factory):
    need(["podman", "runc", "conmon", "busybox", "unshare"], "real containers")
    out = tmp_path_factory.mktemp("native")
    command = [sys.executable, HERE / "scenario.py", out, binary("fgm-recorder"), SECONDS]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module", params=["native", "vm"])
def case(request, tmp_path_factory):
    """What was true, and what was recorded."""
    if request.param == "native":
        out = native(tmp_path_factory)
    else:
        out = request.getfixturevalue("guest") / "containers"
    truth = json.loads((out / "truth.json").read_text())
    truth["log"] = (out / "recorder.log").read_text()
    return truth, Recording(out / "data")


def of(recording, truth, name, columns):
    container = truth["containers"][name]["id"]
    return recording.rows("containers", columns, "container_id = ?", [container])


def with_end(rows):
    """Rows, each with a moment by which it had certainly been read: when the next one was begun. `time` is only when
    its reading began, and on a busy machine it may take."""
    return [(row, after["time"]) for row, after in zip(rows, rows[1:])]


def last_alive(recording, truth, name, columns):
    """The last row from before the scenario killed what still ran."""
    return [row for row in of(recording, truth, name, f"time, {columns}") if row["time"] < truth["killing"] - 1][-1]


def test_each_is_found_within_a_tick_and_labelled(case):
    """REC-1, REC-7."""
    truth, recording = case
    assert truth["recorder"]["exit_code"] == 0, truth["log"]
    ticks = recording.ticks()
    for name in ALL:
        told = truth["containers"][name]
        rows = of(recording, truth, name, "tick, time, container_name, runtime, subject_kind, cgroup_path")
        assert rows, f"{name} was never found"
        due = next(t for t in ticks if t >= told["started"])
        assert rows[0]["tick"] <= due, f"{name} started at {told['started']}, found at {rows[0]['tick']}"
        assert rows[0]["time"] >= told["life"]["absent"], f"{name} was found before it was there"
        # A name goes back over the rows of the rotation in which it was learnt. On a slow machine that may be the second
        # one: a closed file is not written again, and `identities` has the name.
        learnt = next((row["tick"] // ROTATION for row in rows if row["container_name"]), None)
        assert learnt is not None, f"{name} was never named"
        for row in rows:
            late = row["tick"] // ROTATION < learnt
            assert row["container_name"] == (None if late else name)
            assert (row["runtime"], row["subject_kind"]) == ("podman", "container")
            assert told["id"] in row["cgroup_path"]
        known = recording.rows("identities", "container_name", "container_id = ?", [told["id"]])
        assert known and known[-1]["container_name"] == name, known


def test_a_row_on_every_tick_of_its_life_and_none_after(case):
    """REC-1: the last row is the last real sample."""
    truth, recording = case
    ticks = recording.ticks()
    for name in ALL:
        told = truth["containers"][name]
        rows = of(recording, truth, name, "tick, time")
        at = [row["tick"] for row in rows]
        assert at, f"{name} was never found"
        assert len(at) == len(set(at)), f"{name} has a tick twice"
        late = [row for row in rows if row["time"] > told["life"]["gone"]]
        assert not late, f"{name} was gone at {told['life']['gone']}: {late}"
        missing = [t for t in ticks if at[0] <= t <= told["finished"] - 1 and t not in at]
        assert not missing, f"{name} has no row at {missing}"


def test_its_exit_is_told_once(case):
    """REC-8."""
    truth, recording = case
    ticks = recording.ticks()
    for name in ALL:
        told = truth["containers"][name]
        events = recording.rows("events", "tick, time, event", "container_id = ?", [told["id"]], "time")
        stops = [e for e in events if e["event"] == "subject_stop"]
        assert len(stops) == 1, f"{name}: {events}"
        assert told["life"]["present"] <= stops[0]["time"], f"{name}: {stops} for {told['life']}"
        due = next(t for t in ticks if t >= told["life"]["gone"])
        assert stops[0]["tick"] <= due, f"{name}: {stops} for {told['life']}"
        starts = [e for e in events if e["event"] == "subject_start"]
        # What runs before the recorder does is not said to start.
        assert len(starts) == (0 if name == "busy" else 1), f"{name}: {events}"


def test_limits_and_throttling_are_the_kernels(case):
    """REC-3: counters rise, and once frozen they equal the kernel's files."""
    truth, recording = case
    counters = ["cpu_usage_usec_total", "cpu_periods_total", "cpu_throttled_periods_total", "cpu_throttled_usec_total"]
    rows = of(recording, truth, "busy", ", ".join(["time", "cpu_quota_cores", *counters]))
    assert {float(row["cpu_quota_cores"]) for row in rows} == {0.2}
    for name in counters:
        values = [row[name] for row in rows]
        assert values == sorted(values) and values[-1] > values[0], f"{name}: {values}"
    before, after = truth["frozen"]
    assert {n: before[n] for n in counters} == {n: after[n] for n in counters}, "the freezer did not hold"
    frozen = [row for row, end in with_end(rows) if before["to"] <= row["time"] and end <= after["from"]]
    assert frozen
    for row in frozen:
        assert {n: row[n] for n in counters} == {n: after[n] for n in counters}


def test_memory_and_its_limit(case):
    """REC-2."""
    truth, recording = case
    columns = "memory_max_bytes, memory_current_bytes, memory_working_set_bytes, memory_rss_bytes"
    last = last_alive(recording, truth, "hungry", columns)
    assert last["memory_max_bytes"] == 64 << 20
    for name in [n for n in last if n not in ("time", "memory_max_bytes")]:
        assert 16 << 20 <= last[name] <= 64 << 20, f"{name}: {last[name]}"
    # PSS is as old as the budget makes it, which on an emulated machine is old.
    fresh = of(recording, truth, "hungry", "memory_pss_bytes, memory_pss_age_ticks, time")
    grown = truth["containers"]["hungry"]["started"] + 10
    fresh = [r for r in fresh if r["memory_pss_age_ticks"] == 0 and grown < r["time"] < truth["killing"] - 1]
    assert fresh or truth["mode"] == "v2"
    for row in fresh:
        assert 16 << 20 <= row["memory_pss_bytes"] <= 64 << 20, row


def oom_kills(truth, recording, name):
    told = truth["containers"][name]["id"]
    return recording.rows("events", "time, event", "container_id = ? AND event = 'oom_kill'", [told], "time")


def test_a_kill_by_the_oom_killer_is_told(case):
    """REC-8: in a container that lives on."""
    truth, recording = case
    events = oom_kills(truth, recording, "victim")
    assert len(events) == 1, events
    kills = [row["memory_events_oom_kill_total"] for row in of(recording, truth, "victim", "memory_events_oom_kill_total")]
    assert kills == sorted(kills) and kills[-1] == 1, kills


def test_a_kill_that_ends_its_container_is_told(case):
    """REC-8: between two ticks, when the container's own counter is gone with it; the kernel's log still tells."""
    truth, recording = case
    assert truth["containers"]["killed"]["exit_code"] == 137
    events = oom_kills(truth, recording, "killed")
    assert len(events) == 1, events


def test_many_processes(case):
    """REC-1, REC-2: each is recorded under its container."""
    truth, recording = case
    last = last_alive(recording, truth, "crowd", "tick_no, process_count, pids_current")
    assert (last["process_count"], last["pids_current"]) == (50, 50)
    told = truth["containers"]["crowd"]["id"]
    processes = recording.rows("processes", "pid, comm", "container_id = ? AND tick_no = ?", [told, last["tick_no"]])
    assert len({p["pid"] for p in processes}) == 50
    assert {p["comm"] for p in processes} == {"sh", "sleep"}


def around(readings, time, name):
    """The last reading that ended before a moment and the first that began after it."""
    before = [r for r in readings if r["to"] <= time]
    after = [r for r in readings if r["from"] >= time]
    return (before[-1][name], after[0][name]) if before and after else None


def test_counters_lie_between_the_kernels_own(case):
    """REC-3, REC-4: counters only rise, so each recorded value lies between what a witness that reads the same files
    saw before and after it."""
    truth, recording = case
    checked = 0
    names = ["cpu_usage_usec_total", "cpu_throttled_periods_total", "cpu_throttled_usec_total", "io_write_bytes_total"]
    for container in ("busy", "writer", "victim"):
        for row, end in with_end(of(recording, truth, container, ", ".join(["time", *names]))):
            for name in names:
                low = around(truth["kernel"][container], row["time"], name)
                high = around(truth["kernel"][container], end, name)
                if row[name] is not None and low and high:
                    assert low[0] <= row[name] <= high[1], f"{container} {name} at {row['time']}"
                    checked += 1
    assert checked > float(truth["seconds"]) * 5
    if truth["disk"]:
        written = [row["io_write_bytes_total"] for row in of(recording, truth, "writer", "io_write_bytes_total")]
        assert written[-1] >= float(truth["seconds"]) / 3 * (2 << 20), written


def test_it_agrees_with_podman_stats(case):
    """REC-2, REC-3, REC-4: what podman says at a moment lies between the recorded rows around it."""
    truth, recording = case
    # What podman calls usage: the charge on v1, anonymous memory on v2.
    used = "memory_stat_anon_bytes" if truth["mode"] == "v2" else "memory_current_bytes"
    columns = f"time, cpu_usage_usec_total, {used}, io_write_bytes_total"
    checked = 0
    for name in ("busy", "hungry", "writer"):
        rows = of(recording, truth, name, columns)
        for said in (s for s in truth["stats"] if s["name"] == name):
            before = [r for r, end in with_end(rows) if end <= said["from"]]
            after = [r for r in rows if r["time"] >= said["to"]]
            if not before or not after:
                continue
            low, high = before[-1], after[0]
            checked += 1
            cpu = said["CPUNano"] // 1000
            # The v2 counters of user and system time are scaled; podman adds them up.
            assert low["cpu_usage_usec_total"] <= cpu + 1 and cpu <= high["cpu_usage_usec_total"] + 1, f"{name}: {said}"
            if truth["disk"] and low["io_write_bytes_total"] is not None:
                assert low["io_write_bytes_total"] <= said["BlockOutput"] <= high["io_write_bytes_total"], f"{name}: {said}"
            # Once it has grown, it changes only where the kernel takes page cache away.
            if name == "hungry" and said["from"] > truth["containers"][name]["started"] + 10:
                least, most = sorted((low[used], high[used]))
                assert least - CHARGED_AHEAD <= said["MemUsage"] <= most + CHARGED_AHEAD, f"{name}: {said} {low} {high}"
    assert checked >= float(truth["seconds"]) / 3


def test_the_working_set_agrees_with_the_kernel(case):
    """REC-2: usage less inactive page cache, as kubelet computes it, of a container that has both."""
    truth, recording = case
    seen = truth["kernel"]["hungry"]
    assert max(s["inactive_file"] for s in seen) >= 8 << 20
    checked = 0
    for row in of(recording, truth, "hungry", "time, memory_working_set_bytes"):
        if not seen[0]["from"] <= row["time"] <= seen[-1]["from"]:
            continue  # The witness was not looking yet, or not any more.
        sets = [s["memory_current_bytes"] - s["inactive_file"] for s in seen if abs(s["from"] - row["time"]) <= 1.5]
        # While it grows, usage and page cache, read one after the other, are of different moments.
        if len(sets) < 4 or max(sets) - min(sets) > CHARGED_AHEAD:
            continue
        value = row["memory_working_set_bytes"]
        assert min(sets) - CHARGED_AHEAD <= value <= max(sets) + CHARGED_AHEAD, f"at {row['time']}: {value}, {sets}"
        checked += 1
    assert checked >= truth["seconds"] / 2
