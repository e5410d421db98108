"""Pulses, the guard and the supervisor, on a clock of the test's own: the limits are exact here."""

import threading

import pytest

from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import FakeBus
from dms.bus.publisher import Publisher
from dms.bus.samples import Sample
from dms.errors import EngineFailed, HardwareError
from dms.records import Health, TakeoverReadiness
from dms.runtime import clock
from dms.runtime.stages import Pulse, Stage, StageKilled, Watch, void
from dms.runtime.supervisor import FIRST_PAUSE_S, FORGIVEN_AFTER_S, StageWard, Supervisor

LAYOUT = load()
SILENCE_S = 0.1


@pytest.fixture
def hand(monkeypatch):
    """A clock that stands until the test moves it."""
    manual = clock.ManualClock(100.0)
    monkeypatch.setattr(clock, "now", manual)
    return manual


def ready(t: float) -> Sample:
    state = TakeoverReadiness(t=t, readiness="ready", level=4, health=Health(state="ready"))
    return Sample(state=state, captured=t, frame_counter=1)


@pytest.mark.requirement("FS-06")
def test_a_pulse_is_overdue_after_its_deadline_and_not_before(hand):
    pulse = Pulse("inference", SILENCE_S)
    assert pulse.complaint(1e9) is None  # not started yet
    pulse.beat()
    assert pulse.complaint(hand.t + SILENCE_S) is None
    assert "inference has not answered for 0.11 s" in str(pulse.complaint(hand.t + 0.11))
    pulse.rest()
    assert pulse.complaint(1e9) is None


def test_a_kill_is_raised_once_at_the_next_beat(hand):
    pulse = Pulse("camera", None)
    pulse.kill()
    with pytest.raises(StageKilled, match="camera"):
        pulse.beat()
    pulse.beat()


def test_a_void_sample_says_nothing_about_the_driver_but_keeps_its_age():
    sample = void(ready(5.0), "fault", ["inference stopped: bug"])
    assert (sample.state.readiness, sample.state.level, sample.captured) == ("unknown", 0, 5.0)
    assert sample.state.health.reasons == ["inference stopped: bug"] and sample.observation is None


def test_before_the_first_sample_and_at_the_end(hand):
    watch = Watch(Pulse("publisher", None))
    assert watch.guard(None, hand.t) is None
    watch.leaving = True
    sample = watch.guard(ready(hand.t), hand.t)
    assert sample is not None and sample.state.health.state == "off"


class Drive:
    """A publisher on the test's clock, fed like by a chain that judges 30 pictures a second until ``last``."""

    def __init__(self, hand: clock.ManualClock, last: float, trouble: str | None) -> None:
        self.hand, self.bus, self.pulse = hand, FakeBus(), Pulse("inference", SILENCE_S)
        self.last, self.trouble, self.begin = last, trouble, hand.t
        self.said: list[tuple[float, str]] = []
        watch = Watch(Pulse("publisher", None), self.pulse)
        self.publisher = Publisher(self.bus, Encoder(LAYOUT), hand, self.sleep, on_sent=self.sent, guard=watch.guard)

    def sent(self, frame, t):
        message = LAYOUT.by_id[frame.can_id, frame.extended]
        if message.name == "DMS_TakeoverReady":
            codes = message.unpack(frame.data)
            self.said.append((round(t - self.begin, 6), message.signals["TkoRdy_St"].label(codes["TkoRdy_St"])))

    def sleep(self, seconds):
        end = self.hand.t + seconds
        k = int((self.hand.t - self.begin) / 0.033) + 1
        while (t := k * 0.033) <= end - self.begin and t <= self.last:
            self.hand.t = self.begin + t
            self.pulse.beat()
            self.publisher.post(ready(self.hand.t - 0.01))
            k += 1
        self.hand.t = end
        if self.hand.t - self.begin >= self.last and self.trouble is not None:
            self.pulse.trouble = self.trouble
        if self.hand.t - self.begin > 1.0:
            self.publisher.stop()


@pytest.mark.requirement("FS-05", "FS-06")
@pytest.mark.parametrize(("trouble", "limit"), [("inference stopped: bug", 0.05), (None, 0.15)])
@pytest.mark.parametrize("phase", range(10))
@pytest.mark.requirement("FS-05", "FS-06")
def test_a_crash_is_on_the_bus_in_the_next_cycle_and_a_hang_within_150_ms(hand, phase, trouble, limit):
    drive = Drive(hand, last=0.4 + phase * 0.0049, trouble=trouble)
    drive.publisher.run()
    died = int(drive.last / 0.033) * 0.033 if trouble is None else drive.last
    assert any(word == "Ready" for t, word in drive.said if t < died)
    after = [(t, word) for t, word in drive.said if t > died + limit - 1e-9]
    assert after and all(word == "Faulty" for _, word in after)


class Patient:
    """A ward as the supervisor sees it."""

    def __init__(self, name, hand, fails=0, error=None):
        self.pulse = Pulse(name, SILENCE_S)
        self.hand, self.fails, self.error = hand, fails, error
        self.restarted = []

    def failure(self):
        return self.error if self.fails else None

    def restart(self):
        self.fails -= 1
        self.restarted.append(round(self.hand.t - 100.0, 3))

    def hung(self, now, after_s):
        return None


def look(supervisor, ward, hand, until):
    while hand.t < until and supervisor.lost is None:
        supervisor._look(ward, hand.t)
        hand.t += 0.05


def supervise(ward, restarts=4):
    return Supervisor([ward], restarts, 2.0, threading.Event(), lambda: None)


def test_restarts_come_at_once_and_then_further_and_further_apart(hand):
    ward = Patient("inference", hand, fails=4, error=RuntimeError("bug"))
    supervisor = supervise(ward)
    look(supervisor, ward, hand, 102.0)
    gaps = [b - a for a, b in zip(ward.restarted, ward.restarted[1:], strict=False)]
    assert ward.restarted[0] == 0.0 and supervisor.lost is None and ward.pulse.restarts == 4
    assert gaps == pytest.approx([FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S], abs=0.051)


def test_what_cannot_be_saved_is_given_up_with_its_own_reason(hand):
    ward = Patient("inference", hand, fails=99, error=EngineFailed("engine gaze failed: out of memory"))
    supervisor = supervise(ward, restarts=2)
    look(supervisor, ward, hand, 110.0)
    assert isinstance(supervisor.lost, EngineFailed) and len(ward.restarted) == 2


def test_old_restarts_are_forgiven(hand):
    ward = Patient("can", hand, fails=1, error=RuntimeError("bug"))
    supervisor = supervise(ward, restarts=1)
    look(supervisor, ward, hand, 101.0)
    hand.t += FORGIVEN_AFTER_S
    ward.fails = 1
    look(supervisor, ward, hand, hand.t + 0.2)
    assert supervisor.lost is None and len(ward.restarted) == 2


@pytest.mark.requirement("FS-06")
def test_a_stage_that_hangs_for_too_long_ends_the_loop(hand):
    pulse = Pulse("inference", SILENCE_S)
    ward = StageWard(Stage(pulse, lambda: None, lambda: None, threading.Event()))
    pulse.beat()
    supervisor = supervise(ward)
    supervisor._look(ward, hand.t + 1.9)
    assert supervisor.lost is None
    supervisor._look(ward, hand.t + 2.1)
    assert isinstance(supervisor.lost, HardwareError) and "inference has not answered for 2.1 s" in str(supervisor.lost)


def test_a_stage_tells_why_it_ended():
    changed = threading.Event()

    def work():
        raise ValueError("bad\nvalue")

    stage = Stage(Pulse("can", SILENCE_S), work, lambda: None, changed)
    stage.start()
    assert changed.wait(5.0)
    stage.join(5.0)
    assert not stage.alive and isinstance(stage.error, ValueError)
    assert stage.pulse.trouble == "can stopped: ValueError: bad value"
