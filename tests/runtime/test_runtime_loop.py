"""The real-time loop: the newest frame wins, silence shows, the publisher keeps its period whatever happens."""

import sys
import time

import pytest

from dms.bus.port import CanFrame
from dms.bus.receiver import TakeoverReceiver
from dms.errors import EngineFailed, HardwareError
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend
from dms.perception.face import FaceFinder
from dms.perception.pipeline import SLOTS
from dms.runtime import clock
from dms.runtime.loop import Loop

READY_ID = 0x3A0


def waited_for(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_frames_become_states_and_protected_frames(parts, blind_engines, frame, scripted, quiet_bus):
    def film(camera):
        for index in range(12):
            camera.deliver(frame(clock.now(), index))
            if camera.pause(0.033):
                return

    bus, seen = quiet_bus(), []
    with Loop(parts, scripted(film), blind_engines, bus, lambda state, judged: seen.append((state, judged))) as loop:
        loop.run()
    stats = loop.publisher.stats()
    judged = [j for _, j in seen if j is not None]
    assert loop.counts.frames == len(judged) == 12 - loop._source.overwritten
    assert [j.frame.index for j in judged] == sorted(j.frame.index for j in judged)
    assert judged[-1].frame.index == 11 and judged[-1].sight.observation.face.present is False
    assert loop.counts.states == len(seen)
    assert stats.cycles >= 5 and 0 <= max(loop.counts.judged_ms) < 1000
    receiver = TakeoverReceiver(parts.layout)
    heard = [receiver.feed(sent, clock.now()) for sent in bus.sent if sent.can_id == READY_ID]
    assert len(heard) == stats.cycles and None not in heard
    assert sum(v for k, v in receiver.verdicts.items() if k.good) == len(heard)
    assert receiver.statement(clock.now()).ready is False
    assert {parts.layout.by_id[f.can_id, f.extended].name for f in bus.sent} >= {
        "DMS_TakeoverReady",
        "DMS_DriverState",
        "DMS_Health",
    }


def test_what_is_optional_is_left_out_of_an_old_picture_and_counted(
    parts, blind_engines, frame, scripted, quiet_bus, monkeypatch
):
    monkeypatch.setattr(FaceFinder, "due", lambda finder, t: False)  # a search for hands does not stand back for one for faces

    def film(camera):
        for index in range(6):
            camera.give(frame(clock.now() - 0.02, index), lambda index=index: len(seen) > index)

    parts.config.real_time.optional_within_s = 0.01
    seen = []
    with Loop(parts, scripted(film), blind_engines, quiet_bus(), lambda state, judged: seen.append(judged)) as loop:
        loop.run()
        health = loop.health()
    late = [one for judged in seen if judged is not None and (one := judged.sight.observation).late]
    assert late and all(one.late == ["hands"] and one.hands is None and one.face is not None for one in late)
    assert health.left_out == {"hands": len(late)}


@pytest.mark.requirement("FS-04", "FS-05")
def test_a_silent_camera_becomes_unknown_and_the_bus_keeps_its_period(parts, blind_engines, frame, scripted, quiet_bus):
    def one_picture(camera):
        camera.deliver(frame(clock.now()))
        camera.pause()

    bus, seen = quiet_bus(), []
    with Loop(parts, scripted(one_picture), blind_engines, bus, lambda s, j: seen.append((clock.now(), s, j))) as loop:
        loop.run(0.6)
    taken = seen[0][2].frame.t
    silent = [(state.t - taken, state) for _, state, judged in seen if judged is None]
    assert silent
    limit = parts.profile.rules.camera.silence_s
    for age, state in silent:
        assert state.readiness == "unknown" and state.level == 0
        assert age > limit
    assert silent[0][0] < limit + 0.25
    assert any("camera" in reason for reason in [*silent[-1][1].health.reasons, *silent[-1][1].because])
    sent = [f for f in bus.sent if f.can_id == READY_ID]
    assert len(sent) >= 10
    assert len({f.data for f in sent}) == len(sent)  # counters run on


def test_a_lost_camera_ends_the_loop_while_the_publisher_lives_on(parts, blind_engines, frame, scripted, quiet_bus):
    def one_picture(camera):
        camera.deliver(frame(clock.now()))
        camera.pause()

    bus = quiet_bus()
    with Loop(parts, scripted(one_picture, timeout_s=0.3), blind_engines, bus) as loop:
        begin = time.monotonic()
        with pytest.raises(HardwareError, match=r"^camera scripted: no picture for 0\.3 s; check"):
            loop.run(5.0)
        assert 0.25 < time.monotonic() - begin < 2.0
        assert loop.publisher.alive
        before = len(bus.sent)
        assert waited_for(lambda: len(bus.sent) > before + 2)
    after = len(bus.sent)
    time.sleep(0.12)
    assert len(bus.sent) == after and not loop.publisher.alive


@pytest.mark.requirement("FS-01")
def test_a_camera_that_never_gives_a_picture_is_lost_and_nothing_is_claimed(parts, blind_engines, scripted, quiet_bus):
    bus, seen = quiet_bus(), []
    with (
        Loop(
            parts, scripted(lambda camera: camera.pause(), timeout_s=0.2), blind_engines, bus, lambda *a: seen.append(a)
        ) as loop,
        pytest.raises(HardwareError, match="no picture"),
    ):
        loop.run(5.0)
    receiver = TakeoverReceiver(parts.layout)
    for sent in bus.sent:
        receiver.feed(sent, clock.now())
    assert seen == [] and bus.sent and not receiver.statement(clock.now()).ready


def test_a_camera_driver_that_breaks_says_so_at_once(parts, blind_engines, scripted, quiet_bus):
    def breaks(camera):
        raise OSError("USB reset")

    begin = time.monotonic()
    with Loop(parts, scripted(breaks), blind_engines, quiet_bus()) as loop, pytest.raises(HardwareError, match="USB reset"):
        loop.run(5.0)
    assert time.monotonic() - begin < 3.0


def slow_engines(scripts, seconds):
    def slow(feeds):
        time.sleep(seconds)
        return scripts["face_detector"]

    return EngineSet(SLOTS, FakeBackend({**scripts, "face_detector": slow}))


def test_frames_perception_had_no_time_for_are_overwritten_and_counted(parts, scripts, frame, scripted, quiet_bus):
    def flood(camera):
        for index in range(60):
            camera.deliver(frame(clock.now(), index))
            if camera.pause(0.005):
                return

    seen = []
    with (
        slow_engines(scripts, 0.05) as engines,
        Loop(parts, scripted(flood), engines, quiet_bus(), lambda s, j: seen.append(j.frame.index if j else None)) as loop,
    ):
        loop.run()
        lost, judged = loop._source.overwritten, loop.counts.frames
    indexes = [i for i in seen if i is not None]
    assert lost > 10 and judged + lost == 60
    assert indexes == sorted(indexes) and indexes[-1] == 59


def test_the_publisher_keeps_its_period_beside_a_slow_network(parts, scripts, frame, scripted, quiet_bus):
    def film(camera):
        while not camera.pause(0.03):
            camera.deliver(frame(clock.now()))

    bus = quiet_bus()
    with slow_engines(scripts, 0.4) as engines, Loop(parts, scripted(film), engines, bus) as loop:
        loop.run(1.0)
        stats = loop.publisher.stats()
    assert loop.counts.frames <= 4
    assert stats.cycles + stats.missed >= 20 and stats.cycles >= 15


def test_a_frame_older_than_what_the_chain_knows_is_not_judged(parts, blind_engines, frame, scripted, quiet_bus):
    def late(camera):
        now = clock.now()
        camera.give(frame(now), lambda: loop.counts.frames == 1)
        camera.give(frame(now - 1.0), lambda: loop.counts.late == 1)
        camera.give(frame(clock.now()), lambda: loop.counts.frames == 2)

    with Loop(parts, scripted(late), blind_engines, quiet_bus()) as loop:
        loop.run()
    assert (loop.counts.frames, loop.counts.late) == (2, 1)


def test_a_lost_bus_ends_the_loop(parts, blind_engines, frame, scripted, quiet_bus):
    class Gone(quiet_bus):
        def receive(self, timeout_s=0.0):
            raise HardwareError("CAN bus lost: cable; check the interface")

    def film(camera):
        while not camera.pause(0.02):
            camera.deliver(frame(clock.now()))

    with Loop(parts, scripted(film), blind_engines, Gone()) as loop, pytest.raises(HardwareError, match="CAN bus lost"):
        loop.run(5.0)


@pytest.mark.requirement("FS-06")
def test_a_dead_publisher_ends_the_loop(parts, blind_engines, frame, scripted, quiet_bus):
    class Bug(quiet_bus):
        def send(self, frame):
            raise RuntimeError("bug in a driver")

    def film(camera):
        while not camera.pause(0.02):
            camera.deliver(frame(clock.now()))

    with Loop(parts, scripted(film), blind_engines, Bug()) as loop, pytest.raises(HardwareError, match="publisher stopped: bug"):
        loop.run(5.0)


@pytest.mark.requirement("FS-17")
def test_a_full_bus_does_not_stop_anything(parts, blind_engines, frame, scripted, quiet_bus):
    bus = quiet_bus()
    bus.failing = True

    def film(camera):
        for index in range(10):
            camera.give(frame(clock.now(), index), lambda index=index: loop.counts.frames == index + 1)
        camera.pause(0.3)

    with Loop(parts, scripted(film), blind_engines, bus) as loop:
        loop.run()
        assert loop.publisher.alive
    assert loop.counts.frames == 10 and bus.counts.failed >= 5


@pytest.mark.requirement("FS-06")
def test_a_failing_network_ends_the_loop(parts, scripts, frame, scripted, quiet_bus):
    def broken(feeds):
        raise RuntimeError("out of memory")

    def film(camera):
        while not camera.pause(0.02):
            camera.deliver(frame(clock.now()))

    scripts["face_detector"] = broken
    with (
        EngineSet(SLOTS, FakeBackend(scripts)) as engines,
        Loop(parts, scripted(film), engines, quiet_bus()) as loop,
        pytest.raises(EngineFailed, match="face_detector failed: out of memory"),
    ):
        loop.run(5.0)


def test_stop_ends_run_soon_and_everything_is_put_back(parts, blind_engines, scripted, quiet_bus):
    interval = sys.getswitchinterval()
    camera = scripted(lambda c: c.pause())
    with Loop(parts, camera, blind_engines, quiet_bus()) as loop:
        assert sys.getswitchinterval() != interval
        loop.stop()
        begin = time.monotonic()
        loop.run(5.0)
        assert time.monotonic() - begin < 1.0
    assert sys.getswitchinterval() == interval


def test_vehicle_inputs_from_the_bus_reach_the_state(parts, blind_engines, frame, scripted, short_log, quiet_bus):
    from dms.drivelog.reader import LogReader

    bus, seen = quiet_bus(), []
    with LogReader(short_log) as log:
        bus.incoming.extend(CanFrame(r.id, r.data, r.extended, r.fd, r.brs) for _, r in log.can(end=1.0))
    heard = len(bus.incoming)
    assert heard > 20

    def film(camera):
        camera.pause(0.2)  # the frames are heard first
        for index in range(5):
            camera.deliver(frame(clock.now(), index))
            camera.pause(0.04)

    with Loop(parts, scripted(film), blind_engines, bus, lambda s, j: seen.append(s)) as loop:
        loop.run()
    assert bus.counts.received == heard
    assert loop.inputs.snapshot(clock.now()) is not None
    assert any(v for k, v in loop.inputs.verdicts.items() if k.good)
