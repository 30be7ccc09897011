"""What only a virtual machine allows: the clock set under a recorder, and a plain user's containers under a systemd."""

import json

import pytest

from recording import Recording


@pytest.fixture(params=["clock", "rootless"])
def case(request, guest):
    out = guest / request.param
    truth = json.loads((out / "truth.json").read_text())
    assert truth["exit_code"] == 0, (out / "recorder.log").read_text()
    return truth, Recording(out / "data")


@pytest.mark.parametrize("case", ["clock"], indirect=True)
def test_the_clock_is_set_while_recording(case):
    """REC-5, REC-9: ticks are aligned anew, no tick is there twice, nothing is lost but what is said to be."""
    truth, recording = case
    rows = recording.rows("node", "tick_no, tick, time")
    numbers = [row["tick_no"] for row in rows]
    assert len(numbers) == len(set(numbers))
    assert all(row["tick"] % 1 == 0 for row in rows)
    gaps = recording.rows("events", "time, message, value_after", "event = 'recorder_gap'", order="time")
    set_by = [g for g in gaps if "clock was set" in g["message"]]
    assert len(set_by) == len(truth["steps"]), gaps
    # Every number from the first to the last is a row or said to be lost, in the footers and by the events alike.
    lost = {n for e in recording.extents("node") for a, b in e["lost_ticks"] for n in range(a, b + 1)}
    assert set(range(numbers[0], numbers[-1] + 1)) == set(numbers) | lost and not lost & set(numbers)
    assert len(lost) == sum(g["value_after"] or 0 for g in gaps)
    # The steady clock at which each row was read, from the offset that was in force: readings never go back, and
    # none is further from the one before than lost ticks and a realignment explain.
    offsets = [s["after"]["wall"] - s["after"]["steady"] for s in truth["steps"]]
    offsets.insert(0, truth["began"]["wall"] - truth["began"]["steady"])
    edges = [-1e9, *(s["after"]["steady"] for s in truth["steps"]), 1e12]
    last, segment = None, 0
    for row in rows:
        while not edges[segment] - 0.1 <= row["time"] - offsets[segment] <= edges[segment + 1] + 0.1:
            segment += 1
            assert segment < len(offsets), f"no clock ever said {row}"
        steady = row["time"] - offsets[segment]
        if last is not None:
            allowed = row["tick_no"] - last[1] + 1
            assert 0 < steady - last[0] <= allowed + 0.5, f"{row} after {last}"
        last = (steady, row["tick_no"])
    assert segment == len(truth["steps"]), "the last step was not followed"
    took = truth["ended"]["steady"] - truth["began"]["steady"]
    assert len(rows) + len(lost) >= took - 1


@pytest.mark.parametrize("case", ["rootless"], indirect=True)
def test_a_plain_users_container(case):
    """REC-1, REC-7: rootless podman, below the user's own systemd."""
    truth, recording = case
    columns = "tick, cgroup_path, subject_kind, runtime, memory_max_bytes, container_name"
    rows = recording.rows("containers", columns, "container_id = ?", [truth["id"]])
    assert rows[0]["tick"] <= truth["started"] + 1
    for row in rows:
        assert row["cgroup_path"].startswith("/user.slice/user-1000.slice/user@1000.service/")
        assert (row["subject_kind"], row["runtime"], row["memory_max_bytes"]) == ("container", "podman", 64 << 20)
        assert row["container_name"] == "plain"
