"""Faults in the closed loop: what can be put in, what is refused, and the matrix of reaction times."""

import json

import pytest

from dms.cli import main
from dms.errors import InputError, UsageError
from hil.bench.bench import Bench
from hil.bench.plants import PLANTS
from hil.faults.catalogue import Fault, faults, states
from hil.faults.cell import shortfall
from hil.faults.effects import TARGETS, check, put_in
from hil.faults.matrix import Job, jobs, measure


def bench():
    return Bench(states()["attentive"])


@pytest.mark.parametrize(
    ("target", "failure", "how", "said"),
    [
        ("camara", "off", {}, "no target 'camara'; one of: camera, "),
        ("camera", "broken", {}, "no failure 'broken'; one of: off, stuck"),
        ("camera_clock", "off", {}, "camera_clock cannot be 'off'.*possible: wrong, stuck"),
        ("publisher", "garbage", {}, "publisher cannot be 'garbage'"),
        ("camera", "off", {}, "camera off needs pictures"),
        ("process", "off", {}, "process off needs a process.*--live"),
        ("bus_out", "slow", {"evry": 3}, "no parameter 'evry'; known: every"),
    ],
)
def test_what_cannot_be_produced_is_refused_in_one_line(target, failure, how, said):
    with bench() as one, pytest.raises(UsageError, match=said):
        put_in(one, target, failure, **how)


def test_a_fault_is_marked_and_can_be_taken_out():
    with bench() as one:
        one.advance(5.0)
        assert one.timeline.at("ready", 5.0) == "yes"
        out = put_in(one, "bus_out", "off")
        one.advance(6.0)
        assert one.timeline.at("readiness", 6.0) == "no_data"
        out()
        one.advance(7.0)
        assert one.timeline.at("ready", 7.0) == "yes"
        assert [(m.t, m.name) for m in one.timeline.marks if m.name.startswith("fault")] == [(5.0, "fault"), (6.0, "fault_ends")]


def test_every_target_and_failure_that_is_possible_is_in_the_catalogue():
    covered = {(fault.target, fault.failure) for fault in faults()}
    same = {("judgement", "delayed")}  # is networks slow
    possible = {(name, failure) for name, target in TARGETS.items() for failure in target.effects}
    left = possible - covered - same
    assert left == {("camera", "slow"), ("camera", "intermittent")}, "measured as perception slow and intermittent"


def test_catalogue_wants_a_limit_or_a_reason(tmp_path):
    for text, said in [
        ("faults: [{name: a, target: bus_out, failure: 'off'}]", "a needs hears, within_s and source, or blind"),
        ("faults: [{name: a, target: bus_out, failure: 'off', hears: redy yes, within_s: 1, source: B}]", "no signal 'redy'"),
        ("faults: [{name: a, target: bus, failure: 'off'}]", "no target 'bus'"),
        ("faults: [{nam: a}]", "unknown field"),
        ("faults: {", "catalogue"),
    ]:
        path = tmp_path / f"catalogue{len(said)}.yaml"
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            faults(path)


SLICE = ("camera_silent", "camera_clock_back", "network_fails", "rules_silent", "publisher_dead", "frames_corrupt", "belt_open")


@pytest.mark.slow
@pytest.mark.parametrize("name", SLICE)
def test_reaction_in_time_whatever_the_driver_does(name):
    for state in ("attentive", "asleep"):
        cell = measure(Job(name, state))
        assert cell.outcome == "passed", cell
        assert cell.reaction_s is not None and cell.back_s is not None


def test_what_the_contract_cannot_notice_is_said_with_the_seconds():
    cell = measure(Job("frames_late", "attentive"))
    assert cell.outcome == "blind" and cell.ready_late_s > 1.0 and "synchronised time" in cell.why


@pytest.mark.slow
@pytest.mark.parametrize(("plant", "fault"), [("last_ready_held", "vehicle_unknown"), ("slow_to_tell", "belt_open")])
def test_a_planted_bug_fails(plant, fault):
    assert measure(Job(fault, "attentive")).outcome == "passed"
    assert measure(Job(fault, "attentive", plant)).outcome == "failed"


def test_a_state_that_is_not_reached_is_an_error_not_a_pass():
    cell = measure(Job("cable_open", "asleep", "shut_eyes_ignored"))
    assert set(PLANTS) == {"last_ready_held", "slow_to_tell", "shut_eyes_ignored"}
    assert cell.outcome == "error" and "the state was not reached" in cell.why


def test_cells_asked_for():
    signal, pixels = [f for f in faults() if f.level == "signal"], [f for f in faults() if f.level == "rendered"]
    assert len(jobs(pictures="no")) == len(signal) * len(states())
    assert len(jobs()) == len(signal) * len(states()) + 2 * len(pixels)
    assert len(jobs(pictures="all")) == (len(signal) + len(pixels)) * len(states())
    assert len(jobs(pictures="no", live=True)) == len(signal) * len(states()) + 4
    assert jobs(["process_killed"]) == [Job("process_killed", "attentive")]
    assert jobs(["picture_black"], ["seat_left"]) == [Job("picture_black", "seat_left")]
    for wrong in [{"names": ["cabel"]}, {"in_states": ["awake"]}]:
        with pytest.raises(UsageError, match="one of: "):
            jobs(**wrong)


def test_never_heard_and_too_late_are_failures():
    asked = Fault(name="a", target="bus_out", failure="off", hears="ready no", within_s=0.2, source="B", lasting=True)
    assert shortfall(asked, None, 0.0) == "never heard: ready no"
    assert shortfall(asked, 0.3, 0.0) == "heard after 0.30 s, limit 0.2 s"
    assert shortfall(asked, 0.1, 0.4) == "ready for 0.40 s after the limit"
    assert shortfall(asked, 0.1, 0.0) == ""


def test_command_writes_the_matrix(tmp_path, capsys):
    run = ["hil", "faults", "--only", "cable_open", "--only", "frames_late", "--state", "attentive", "--report", str(tmp_path)]
    assert main.main(run) == 0
    said = capsys.readouterr()
    assert "ok     cable_open" in said.out and "blind  frames_late" in said.out
    assert said.err.startswith("2 cells: 1 in time, 0 not, 1 that cannot be noticed, 0 not measured; slowest 0.16 s")
    found = json.loads((tmp_path / "faults.json").read_text())
    assert [cell["outcome"] for cell in found["cells"]] == ["passed", "blind"]
    page = (tmp_path / "faults.html").read_text()
    assert "cable open" in page and "http" not in page and page.count("<td class=") == 2


def test_command_lists_and_refuses(capsys):
    assert main.main(["hil", "faults", "--list"]) == 0
    assert "camera_clock                wrong, stuck" in capsys.readouterr().out
    assert main.main(["hil", "faults", "--only", "cabel"]) == 2
    assert "there is no fault cabel" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("gl", "engines_built")
def test_black_pictures_are_noticed_by_the_real_networks(capsys):
    assert main.main(["hil", "faults", "--only", "picture_black", "--state", "attentive"]) == 0
    assert "ok     picture_black" in capsys.readouterr().out


def test_all_shipped_effects_know_their_parameters():
    for fault in faults():
        assert check(fault.target, fault.failure, fault.how, fault.level)
