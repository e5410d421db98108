"""The bench: scenarios of every group, planted bugs, the same run twice, seams, step by step, commands, a look at pictures."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from dms.bus.samples import GestureEvent
from dms.bus.trace import read_trace
from dms.cli.main import main
from dms.errors import UsageError
from hil.bench.bench import Bench
from hil.bench.clock import VirtualClock, WallClock
from hil.bench.hearing import snake
from hil.bench.junit import junit
from hil.bench.plants import PLANTS
from hil.bench.report import lines
from hil.bench.result import Result
from hil.bench.scenario import decode, load, shipped
from hil.bench.seams import Seam, Seams, names
from hil.bench.suite import Job, jobs, play

SHORT = "drowsy_eyes_shut_short"
SOME = (
    SHORT, "activation_by_hand", "bus_periods", "cabin_rhd_driver_mirror", "eyewear_put_on", "gaze_long_owl_infotainment",
    "r157_belt_open", "takeover_attentive",
)  # fmt: skip
"""Played here; all of them: make test-hil."""


@pytest.mark.parametrize("name", SOME)
def test_scenario(name: str) -> None:
    result = play(Job(name=name))
    assert result.outcome == "passed", "\n".join(lines(result))


@pytest.mark.parametrize(
    ("plant", "name"),
    [("last_ready_held", "eyewear_put_on"), ("shut_eyes_ignored", SHORT), ("slow_to_tell", "r157_belt_open")],
)
def test_a_planted_bug_fails_the_suite(plant: str, name: str) -> None:
    """Each of them passes without the bug (above)."""
    assert set(PLANTS) == {"last_ready_held", "shut_eyes_ignored", "slow_to_tell"}
    result = play(Job(name=name, plant=plant))
    assert result.outcome == "failed"
    assert f"--plant {plant}" in result.repeat and result.why()[0].startswith("line ")


def test_the_same_run_twice_and_another_seed() -> None:
    runs = []
    for seed in (3, 3, 4):
        with Bench(load(SHORT), seed=seed) as bench:
            runs.append(bench.run().timeline.plain())
    assert runs[0] == runs[1] != runs[2]


def test_a_lost_picture_shows_and_comes_back() -> None:
    with Bench(load("bus_periods")) as bench:
        bench.advance(5.0)
        back = bench.seams.perception.add(lambda seen, t: [])
        assert bench.expect("readiness unknown within 0.25 s after 5 s").passed
        assert bench.expect("never ready yes from 5.25 s to 6 s").passed
        back()
        assert bench.expect("operating active within 1.5 s after 6 s").passed  # the rate of pictures has to be known again
        assert 6.0 <= bench.now < 7.6
        assert not bench.seams.perception.tapped


def test_every_seam_carries_what_it_says() -> None:
    """Each seam loses everything for a while; what must then be heard is heard, and a marked event can be named."""
    expected = {
        "perception": "readiness unknown within 0.3 s", "inputs": "readiness unknown within 0.7 s",
        "judgement": "operating temp_unavailable within 0.3 s", "publisher": "e2e invalid within 0.3 s",
        "bus_out": "readiness no_data within 0.3 s",
    }  # fmt: skip
    for name, text in expected.items():
        with Bench(load("bus_periods")) as bench:
            bench.advance(4.0)
            bench.timeline.mark(4.0, "lost")
            bench.seams[name].add(lambda item, t: [])
            verdict = bench.expect(f"{text} after event lost")
            assert verdict.passed, (name, verdict.measured)
    with Bench(load("bus_acknowledge")) as bench:
        bench.seams.bus_in.add(lambda frame, t: [] if frame.can_id == 0x3B0 else [(frame, 0.0)])
        assert bench.expect("never acknowledged = 1 to 9 s").passed
    with pytest.raises(KeyError, match="no seam"):
        Seams()["bus"]
    assert set(names()) == {*expected, "bus_in", "camera", "health", "gesture"}


def test_a_seam_loses_doubles_and_holds_back() -> None:
    seam: Seam[str] = Seam()
    assert seam.give("a", 0.0) == ["a"] and not seam.tapped
    out = seam.add(lambda item, t: [(item, 0.0), (item + "!", 0.5)])
    seam.add(lambda item, t: [] if item == "b" else [(item, 0.1)])
    assert seam.give("a", 1.0) == [] and seam.give("b", 1.0) == []
    assert seam.next_due() == 1.1 and seam.due(1.0) == [] and seam.due(1.6) == ["a", "a!", "b!"]
    out()
    out()
    assert seam.give("c", 2.0) == [] and seam.due(2.1) == ["c"] and seam.next_due() is None


def test_a_room_that_raises_is_a_fault_on_the_bus() -> None:
    with Bench(load("bus_periods")) as bench:
        bench.advance(3.0)
        out = bench.seams.perception.add(lambda seen, t: [(seen._replace(observation=None), 0.0)])  # type: ignore[arg-type]
        assert bench.expect("operating fault within 0.15 s after 3 s").passed
        out()
        assert bench.expect("operating active within 0.3 s after 3.2 s").passed


def test_a_gesture_reaches_the_bus_through_its_seam() -> None:
    with Bench(load("bus_periods")) as bench:
        bench.advance(2.0)
        bench.device.gesture(GestureEvent(name="thumb_up", side="right", confidence=0.9), 2.0)
        assert bench.expect("gesture thumb_up within 0.2 s after 2 s").passed
        assert bench.expect("message DMS_Gesture every 122 ms from 2.1 s to 2.4 s").passed


def test_what_waits_for_the_product_is_not_called_passed() -> None:
    text = "name: t\nabout: t\ngroup: bus\nduration_s: 1\nwaits_for: a mind reader\nexpect: [{}]\n"
    with Bench(decode(text.format("driver.noticed everything"), "t")) as bench:
        assert bench.run().outcome == "waiting" and lines(bench.result)[1].strip() == "for a mind reader"
    with Bench(decode(text.format("e2e valid"), "t")) as bench:
        assert bench.run().outcome == "failed" and "take waits_for out" in bench.result.why()[0]


def test_clocks() -> None:
    virtual = VirtualClock()
    assert (virtual.reach(2.0), virtual.now(), virtual.reach(1.0), virtual.now()) == (0.0, 2.0, 0.0, 2.0)
    machine = [100.0]
    wall = WallClock(lambda: machine[0], lambda s: machine.__setitem__(0, machine[0] + s))
    assert wall.now() == 0.0 and wall.reach(0.5) == pytest.approx(0.0)
    assert wall.reach(1.0) == pytest.approx(0.0) and machine[0] == pytest.approx(100.5)
    machine[0] += 3.0
    assert wall.reach(2.0) == pytest.approx(2.0)


def test_in_real_time() -> None:
    text = "name: t\nabout: short\ngroup: bus\nduration_s: 1\nexpect: [e2e valid by 0.6 s]\n"
    with Bench(decode(text, "t"), clock=WallClock()) as bench:
        result = bench.run()
    assert result.wall_s >= 0.95 and result.clock == "wall" and "--wall" in result.repeat


def test_words_of_the_bus() -> None:
    assert (snake("ReadyDelayed"), snake("OK"), snake("Road")) == ("ready_delayed", "o_k", "road")


def command(*arguments: object) -> int:
    return main(["hil", *map(str, arguments)])


def test_run_as_a_user_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    xml = tmp_path / "r.xml"
    assert command("run", SHORT, "--junit", xml, "--out", tmp_path / "out", "--trace", "blf", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "dms.bench/1" and found["outcome"] == "passed" and len(found["expectations"]) == 5
    assert found["repeat"] == f"dms hil run {SHORT} --seed 5"
    ids = {frame.can_id for _, frame in read_trace(str(tmp_path / "out" / found["files"]["trace"]))}
    assert ids == {0x200, 0x201, 0x202, 0x3A0, 0x3A1, 0x3A3, 0x3B0}
    timeline = json.loads((tmp_path / "out" / found["files"]["timeline"]).read_text())["timeline"]
    assert {"readiness", "controller", "driver.eyes"} <= set(timeline["signals"]) and timeline["marks"]
    suite = Xml.parse(xml).getroot()[0]
    assert suite.attrib["tests"] == "1" and suite[0].attrib["classname"] == "dms.hil.drowsiness"


def test_a_failure_says_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    xml = tmp_path / "r.xml"
    assert command("run", SHORT, "--seed", 9, "--plant", "shut_eyes_ignored", "--junit", xml) == 1
    out, err = capsys.readouterr()
    wanted = (
        "FAILED", ": expected: eyes closed within 1.5 s after 2 s", "measured: never came; eyes was open at 3.50 s",
        f"seed 9; repeat: dms hil run {SHORT} --seed 9 --plant shut_eyes_ignored",
    )  # fmt: skip
    for part in wanted:
        assert part in out
    assert "1 runs: 1 failed" in err
    failure = Xml.parse(xml).getroot()[0][0].find("failure")
    assert (
        failure is not None and "eyes closed within" in failure.attrib["message"] and "repeat: dms hil run" in str(failure.text)
    )


def test_junit_holds_whatever_is_said() -> None:
    result = Result(name=SHORT, level="signal", seed=1, error="broken \x00 <&> \u2028 \ud800")
    root = Xml.fromstring(junit([result]))
    assert root[0].attrib["errors"] == "1" and root[0][0][0].tag == "error"


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("list") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(shipped()) >= 40
    assert command("list", "--group", "gesture", "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["group"] for one in found} == {"gesture"} and {one["schema"] for one in found} == {"dms.bench-scenario/1"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "give scenarios, or --all, or --group"),
        (["run", "nothing"], 3, "`dms hil list` shows the shipped ones"),
        (["run", "bus_periods", "--rendered"], 2, "made for signals only"),
        (["run", SHORT, "--all"], 2, "not both"),
        (["run", SHORT, "--out", "/dev/null/x"], 3, "cannot be made"),
        (["controller", "--mapping", "x"], 2, "--mapping goes with --trace"),
        (["controller", "--trace", "nothing.log"], 3, "cannot read the trace"),
        (["controller", "--drive", "nothing.yaml"], 3, "cannot be read"),
        (["controller", "--interface", "socketcan", "--channel", "nocan9"], 4, "cannot open CAN"),
    ],
)  # fmt: skip
def test_wrong_usage(arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*arguments) == code
    assert said in capsys.readouterr().err


def test_a_junit_file_that_cannot_be_written_is_refused_before_any_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", SHORT, "--junit", "/nowhere/x.xml") == 3
    shown = capsys.readouterr()
    assert shown.out == "" and "--junit /nowhere/x.xml cannot be written" in shown.err


def test_nothing_heard_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("controller", "--interface", "virtual", "--channel", "silent", "--seconds", "0.1") == 1
    assert "0 DMS_TakeoverReady" in capsys.readouterr().err


def test_rendered_only_where_marked() -> None:
    found = jobs(shipped(), ["rendered"], strict=False)
    assert SHORT in {job.name for job in found} and 3 <= len(found) < len(shipped())
    with pytest.raises(UsageError, match="signals only"):
        jobs(["bus_periods"], ["rendered"])
    assert [job.level for job in jobs([SHORT], ["signal", "rendered"])] == ["signal", "rendered"]


@pytest.mark.slow
@pytest.mark.usefixtures("gl", "engines_built")
def test_through_pictures_and_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", SHORT, "--rendered") == 0, capsys.readouterr().out
