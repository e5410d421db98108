"""Files played as cameras, the chain in one thread, the clock."""

import time

import pytest

from dms.errors import InputError
from dms.records import VehicleState
from dms.runtime.chain import Chain
from dms.runtime.clock import ManualClock, now, sleep
from dms.runtime.paced import PacedSource


class Stepped:
    """A clock that moves only by sleeping."""

    def __init__(self, t=100.0):
        self.t = t

    def __call__(self):
        return self.t

    def sleep(self, seconds):
        assert 0 < seconds <= 0.05 + 1e-9
        self.t += seconds


class Noted(PacedSource):
    """Notes each delivery with its clock time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.delivered = []

    def deliver(self, frame):
        self.delivered.append((self._clock(), frame))


def test_frames_come_at_their_own_distance_on_the_callers_clock(listed, frame):
    times = [7.0, 7.04, 7.08, 7.5, 8.0]
    clock = Stepped()
    source = Noted(listed([frame(t, i) for i, t in enumerate(times)]), clock, clock.sleep)
    source._run()
    assert [t for t, _ in source.delivered] == pytest.approx([100.0 + t - 7.0 for t in times])
    assert [f.t for _, f in source.delivered] == pytest.approx([100.0 + t - 7.0 for t in times])
    assert [f.index for _, f in source.delivered] == [0, 1, 2, 3, 4]


def test_a_given_start_keeps_the_log_s_own_offset(listed, frame):
    clock = Stepped()
    source = Noted(listed([frame(7.0), frame(7.1)]), clock, clock.sleep, 101.0)
    source._run()
    assert [t for t, _ in source.delivered] == pytest.approx([101.0, 101.1])


def test_a_stall_is_caught_up_and_does_not_add_up(listed, frame):
    """Deadlines are absolute: after a stall the late frames come at once, the next ones on time, each with its own time stamp."""
    clock = Stepped()
    frames = [frame(0.1 * i, i) for i in range(6)]

    class Stalling(Noted):
        def deliver(self, frame):
            super().deliver(frame)
            if frame.index == 1:
                clock.t += 0.25

    source = Stalling(listed(frames), clock, clock.sleep)
    source._run()
    assert [round(t - 100.0, 6) for t, _ in source.delivered] == [0.0, 0.1, 0.35, 0.35, 0.4, 0.5]
    assert [round(f.t - 100.0, 6) for _, f in source.delivered] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]


def test_close_ends_the_thread_and_closes_the_file(listed, frame):
    inner = listed([frame(0.0), frame(3600.0)])
    with PacedSource(inner, now, sleep) as source:
        assert source.newest(2.0) is not None
    assert inner.closed and not source._thread.is_alive()


def test_the_end_of_the_file_ends_the_stream(listed, frame):
    with PacedSource(listed([frame(0.0), frame(0.05)]), now, sleep) as source:
        assert len(list(source.frames())) == 2


def test_an_error_of_the_file_reaches_the_reader(listed, frame):
    class Broken(listed):
        def frames(self):
            yield frame(0.0)
            raise InputError("drive.mp4: damaged after 1 frames")

    with PacedSource(Broken([]), now, sleep) as source, pytest.raises(InputError, match="damaged"):
        list(source.frames())


def test_the_clock_does_not_run_backwards_and_never_sleeps_negative():
    begin = now()
    sleep(-1.0)
    assert 0 <= now() - begin < 0.5
    assert abs(now() - time.monotonic()) < 0.1
    clock = ManualClock(3.0)
    clock.t = 4.5
    assert clock() == 4.5


def test_chain_judges_in_order_and_tells_silence_only_after_the_limit(parts, blind_engines, frame):
    chain = Chain(blind_engines, parts.cabin, parts.profile, parts.camera, parts.driver)
    assert chain.vehicle(VehicleState(t=0.9)) is None or chain.vehicle(VehicleState(t=0.9)).readiness == "unknown"
    judged = chain.frame(frame(1.0, 3))
    assert judged.state.t == judged.sight.observation.t == judged.frame.t == 1.0
    assert judged.sight.observation.frame == 3
    assert judged.state.readiness != "ready" and judged.state.level <= 1
    assert set(judged.sight.stages_ms) == {"quality", "face", "head_eyes_gaze", "hands"}
    limit = parts.profile.rules.camera.silence_s
    assert chain.vehicle(VehicleState(t=1.0 + 0.5 * limit)) is None
    silent = chain.vehicle(VehicleState(t=1.0 + limit + 0.05, belt=True, seat=True, hands_on=True))
    assert silent is not None and silent.readiness == "unknown" and silent.level == 0


def test_two_chains_with_the_same_input_say_the_same(parts, blind_engines, frame):
    frames = [frame(0.1 * i, i) for i in range(20)]
    chains = [Chain(blind_engines, parts.cabin, parts.profile, parts.camera, parts.driver) for _ in range(2)]
    first, second = ([chain.frame(f).state for f in frames] for chain in chains)
    assert first == second
