"""Lock-step replay: exact times, the same bytes again, and what is left behind."""

import json
from itertools import pairwise

import pytest

from dms.bus.port import CanFrame
from dms.bus.receiver import TakeoverReceiver
from dms.bus.trace import candump
from dms.camera.log import LogFrames
from dms.errors import InputError
from dms.runtime.replay import Replay
from dms.runtime.results import FILES, ReplayResults


def replayed(parts, source, engines, folder=None):
    replay = Replay(parts, source, engines)
    with ReplayResults(folder) as results:
        steps = list(replay.steps())
        for step in steps:
            results.take(step)
        return steps, results.finish(parts, engines), replay


def test_events_are_in_order_and_the_publisher_keeps_its_exact_period(parts, listed, blind_engines, frame):
    frames = [frame(5.0 + i / 30, i) for i in range(31)]
    steps, summary, _ = replayed(parts, listed(frames), blind_engines)
    times = [step.t for step in steps]
    assert times == sorted(times)
    states = [step for step in steps if step.state is not None]
    assert [step.judged.frame.index for step in states] == list(range(31))
    ready = [step.t for step in steps if step.sent is not None and step.sent.can_id == 0x3A0]
    assert ready == pytest.approx([5.0 + 0.05 * i for i in range(20)])
    assert summary["frames"] == 31 and summary["duration_s"] == 1.0 and summary["fps"] == 31.0
    assert sum(summary["readiness_share"].values()) == pytest.approx(1.0, abs=1e-3)
    assert summary["receiver_ready_share"] == 0.0  # nobody in the picture


def test_the_receiver_in_the_replay_believes_what_another_one_would(parts, listed, blind_engines, frame):
    steps, _, _ = replayed(parts, listed([frame(i / 30, i) for i in range(20)]), blind_engines)
    receiver = TakeoverReceiver(parts.layout)
    for step in steps:
        if step.sent is not None:
            receiver.feed(step.sent, step.t)
            assert step.statement == receiver.statement(step.t)


@pytest.mark.requirement("P-14")
def test_same_log_same_bytes(parts, short_log, blind_engines, tmp_path):
    for name in ("first", "second"):
        with LogFrames(short_log) as log:
            _, summary, replay = replayed(parts, log, blind_engines, str(tmp_path / name))
            assert replay.notes.lines == []
    for file in (*FILES, "summary.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes(), file
    states = (tmp_path / "first" / "states.jsonl").read_text().splitlines()
    observed = (tmp_path / "first" / "observations.jsonl").read_text().splitlines()
    pictures = [line for line in observed if line.startswith('{"schema":"dms.observation/1"')]
    assert all(line.startswith('{"schema":"dms.vehicle/1"') for line in observed if line not in pictures)
    assert len(pictures) == summary["frames"] > 60 and len(states) == summary["frames"] + summary["states_without_frame"]
    assert json.loads((tmp_path / "first" / "timing.json").read_text())["cpu_ms_per_frame"] > 0
    trace = (tmp_path / "first" / "can.log").read_text().splitlines()
    assert len(trace) == summary["can_frames"] and "can0 3A0##1" in trace[0]


def test_a_silent_camera_shows_while_the_car_goes_on(parts, short_log, blind_engines):
    """The log's pictures end after one second, its CAN goes on."""

    class OneSecond(LogFrames):
        def frames(self):
            return self.log.frames(0.0, 1.0)

    with OneSecond(short_log) as log:
        steps, summary, _ = replayed(parts, log, blind_engines)
    silent = [step for step in steps if step.state is not None and step.judged is None]
    assert summary["states_without_frame"] == len(silent) > 10
    assert silent[0].t < 1.35
    assert {step.state.readiness for step in silent} == {"unknown"} and {step.state.level for step in silent} == {0}
    statements = [step.statement for step in steps if step.sent is not None and step.t > 1.5]
    assert statements and not any(s.ready for s in statements)


def test_a_cut_log_is_replayed_as_far_as_it_goes_and_says_so(parts, short_log, blind_engines, tmp_path):
    cut = tmp_path / "cut.mcap"
    content = short_log.read_bytes()
    cut.write_bytes(content[: len(content) * 2 // 3])
    with LogFrames(cut) as log:
        _, summary, replay = replayed(parts, log, blind_engines)
    assert 0 < summary["frames"] < 120 and replay.notes.lines


def test_a_video_has_no_vehicle_inputs_and_is_never_ready(parts, listed, blind_engines, frame):
    steps, _, _ = replayed(parts, listed([frame(i / 30, i) for i in range(40)]), blind_engines)
    assert all(step.state.readiness != "ready" for step in steps if step.state is not None)


def test_an_empty_source_gives_an_empty_summary(parts, listed, blind_engines):
    steps, summary, _ = replayed(parts, listed([]), blind_engines)
    assert steps == [] and summary["frames"] == 0 and summary["fps"] is None and summary["receiver_ready_share"] is None


def test_events_are_changes_only(parts, listed, blind_engines, frame, tmp_path):
    _, summary, _ = replayed(parts, listed([frame(i / 10, i) for i in range(100)]), blind_engines, str(tmp_path))
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert lines == summary["events"] and 1 <= len(lines) < 10
    told = [(e["readiness"], e["warning"]) for e in lines]
    assert lines[0]["because"]
    assert len(told) < 3 or any(a != b for a, b in pairwise(told))


@pytest.mark.parametrize(
    ("frame_", "line"),
    [
        (CanFrame(0x3A0, bytes([1, 0xAB]), False, True, True), b"(1.500000) can0 3A0##101AB"),
        (CanFrame(0x3A0, bytes([1, 2]), False, True, False), b"(1.500000) can0 3A0##00102"),
        (CanFrame(0x12, b"\xff"), b"(1.500000) can0 012#FF"),
        (CanFrame(0x18FF00F1, b"", True), b"(1.500000) can0 18FF00F1#"),
    ],
)
def test_can_trace_is_candump_s(frame_, line):
    assert candump(frame_, 1.5) == line


def test_can_trace_is_read_by_python_can(parts, listed, blind_engines, frame, tmp_path):
    import can

    steps, _, _ = replayed(parts, listed([frame(i / 30, i) for i in range(20)]), blind_engines, str(tmp_path))
    sent = [step for step in steps if step.sent is not None]
    with can.CanutilsLogReader(tmp_path / "can.log") as reader:
        messages = list(reader)
    assert [(m.arbitration_id, bytes(m.data), m.is_fd) for m in messages] == [
        (s.sent.can_id, s.sent.data, s.sent.fd) for s in sent
    ]
    assert [m.timestamp for m in messages] == pytest.approx([s.t for s in sent], abs=1e-6)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="give --out a folder"), ReplayResults(str(tmp_path / "file" / "out")):
        pass
