"""The synthetic driver in the loop: what he hears over the bus, the lock-step itself, the report, and ten real seconds."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, CanFrame, open_bus
from dms.bus.samples import Sample
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import SLOTS, Sight
from dms.records import Availability, Health, Observation, Requests, TakeoverReadiness, Warning
from dms.runtime.chain import Judged
from dms.runtime.config import RunConfig, load_parts
from hil.driver import closed_loop
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.scenario import Scenario, decode_scenario
from hil.driver.behaviour.takeover import Heard
from hil.driver.closed_loop import ClosedLoop, Cost, Ports, Round, calibrated, parts_for
from hil.driver.ears import TIMEOUT_S, Ears
from hil.driver.loop_report import LoopReport, text
from hil.driver.pose import Moment
from hil.driver.studio import Shot, Studio
from hil.driver.truth.fake import FakeStudio
from hil.driver.truth.watch import TruthWatch

LAYOUT = load()
REQUESTS: dict[tuple[str | None, int], Requests] = {
    ("unresponsive", 3): Requests(eyes_on=2, wake_up=3, safe_stop=True),
    ("sleep", 2): Requests(eyes_on=2, wake_up=2),
    ("microsleep", 1): Requests(eyes_on=1, wake_up=1),
    ("long_distraction", 1): Requests(eyes_on=1),
    ("long_distraction", 2): Requests(eyes_on=2),
    ("short_distraction", 1): Requests(eyes_on=1),
    ("phone", 1): Requests(eyes_on=1),
    ("drowsy", 1): Requests(wake_up=1),
}
"""What goes with each warning on the bus."""


def scenario(parts: str = "[]", seconds: float = 10.0, extra: str = "") -> Scenario:
    text = f"name: t\nabout: a test\nduration_s: {seconds}\nseed: 4\nparts: {parts}\n{extra}"
    return decode_scenario(text.encode(), "t")


def state(t: float, warning: str | None = None, stage: int = 0, readiness: str = "ready") -> TakeoverReadiness:
    return TakeoverReadiness(
        t=t, readiness=readiness, level=4 if readiness == "ready" else 2, health=Health(state="ready"),
        availability=Availability(available=True), warning=Warning(class_=warning, stage=stage),
        requests=REQUESTS.get((warning, stage), Requests()),
    )  # fmt: skip


def frames(t: float, warning: str | None, stage: int, encoder: Encoder) -> list[CanFrame]:
    sample = Sample(state=state(t, warning, stage), captured=t, frame_counter=1, observation=Observation(t=t))
    return [encoder.takeover_ready(sample, t, None), encoder.driver_state(sample, t)]


@pytest.mark.parametrize(
    ("warning", "stage"),
    [("long_distraction", 1), ("long_distraction", 2), ("short_distraction", 1), ("phone", 1), ("drowsy", 1), ("microsleep", 1),
     ("sleep", 2), ("unresponsive", 3), (None, 0)],
)  # fmt: skip
def test_each_warning_is_heard_as_what_it_is(warning: str | None, stage: int) -> None:
    ears, encoder = Ears(LAYOUT), Encoder(LAYOUT)
    for frame in frames(1.0, warning, stage, encoder):
        ears.feed(frame, 1.0)
    heard, asked = ears.heard(0.95 + TIMEOUT_S), REQUESTS.get((warning, stage), Requests())
    assert (heard.warning, heard.stage) == (warning, stage)
    assert (heard.eyes_on, heard.wake_up, heard.hands_on) == (asked.eyes_on, asked.wake_up, asked.hands_on)
    assert ears.heard(1.01 + TIMEOUT_S) == Heard()


def test_corrupt_and_strange_frames_say_nothing() -> None:
    ears, encoder = Ears(LAYOUT), Encoder(LAYOUT)
    for frame in frames(1.0, "sleep", 2, encoder):
        ears.feed(replace(frame, data=frame.data[:-1] + bytes([frame.data[-1] ^ 1])), 1.0)
        ears.feed(replace(frame, data=frame.data[:-1]), 1.0)
        ears.feed(replace(frame, can_id=0x123), 1.0)
        ears.feed(replace(frame, data=bytes(len(frame.data))), 1.0)
    assert ears.heard(1.0) == Heard() and ears.frames == 8


class Staged(FakeStudio):
    """The driver model before a camera that shows spheres: everything of the real studio but the pictures."""

    def __init__(self, played: Scenario) -> None:
        super().__init__(played, size=(64, 48))
        self.director = Director(played, self.cabin)
        self._told: Heard | None = None
        self._pairs = self.frames()
        self._moment: Moment | None = None

    def moment(self, t: float) -> Moment:
        self._moment = self.director.step(t, self._told)
        return self._moment

    def step(self, heard: Heard | None = None) -> Shot:
        self._told = heard
        frame, truth = next(self._pairs)
        assert self._moment is not None
        return Shot(frame, truth, self._moment)


class Said:
    """In place of the chain: says at each time what it is told to."""

    words: dict[float, tuple[str, str | None, int]]

    def __init__(self, *_: object) -> None:
        self.inputs_seen: list[object] = []

    def inputs(self, inputs: object) -> None:
        self.inputs_seen.append(inputs)

    def frame(self, frame) -> Judged:
        since = max(t for t in self.words if t <= frame.t + 1e-9)
        readiness, warning, stage = self.words[since]
        return Judged(frame, Sight(Observation(t=frame.t)), state(frame.t, warning, stage, readiness))


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Plays a scenario with ``Said`` for a chain; gives the rounds and the loop."""
    monkeypatch.setattr(closed_loop, "Chain", Said)
    names = (f"loop-{n}" for n in itertools.count())
    ports = []

    def run(played: Scenario, words: dict[float, tuple[str, str | None, int]]) -> tuple[list[Round], ClosedLoop]:
        Said.words = words
        channel = BusConfig(channel=next(names))
        ports.extend((open_bus(channel), open_bus(channel)))
        studio, engines = Staged(played), None
        parts = parts_for(load_parts(RunConfig(source="none")), studio, None)  # type: ignore[arg-type]
        loop = ClosedLoop(parts, studio, engines, Ports(*ports[-2:]))  # type: ignore[arg-type]
        return list(loop.rounds()), loop

    yield run
    for port in ports:
        port.close()


def test_lock_step_keeps_every_period(play) -> None:
    rounds, loop = play(scenario(seconds=4), {0.0: ("ready", None, 0)})
    assert [one.shot.truth.t for one in rounds] == pytest.approx([i / 30 for i in range(120)])
    assert loop.heard.readiness_frames == 80 and loop.publisher.stats().cycles == 80
    assert loop.publisher.stats().period_error_max_ms == pytest.approx(0.0, abs=1e-6)
    assert {check.name: n for check, n in loop.receiver.verdicts.items() if n} == {"OK": 80}
    assert [one.statement.ready for one in rounds].index(True) < 12 and rounds[-1].statement.ready
    assert loop.heard.ready > 70


def test_a_request_of_the_scenario_is_acknowledged_over_the_bus_and_answered(play) -> None:
    asked = "[{at: 2, do: takeover_request, budget_s: 12, hands_on_s: 1.5, taken_over_s: 4}]"
    rounds, _ = play(scenario(asked), {0.0: ("ready", None, 0)})
    report = LoopReport()
    for one in rounds:
        report.take(one)
    (request,) = report.takeovers
    assert request.at == pytest.approx(2.0) and request.ready_at_request
    assert 0.0 < request.acknowledged_at - 2.0 < 0.15
    assert request.hands_on_at == pytest.approx(3.5, abs=0.2) and request.taken_at == pytest.approx(6.0, abs=0.1)
    assert request.missed_at is None and request.looked_at < request.hands_on_at
    words = text(report.summary(Cost()))
    assert "request      2.0 s  hands_off, heard +0.07 s, eyes up" in words and "taken over +4.0" in words


def test_a_warning_goes_round_to_the_driver_and_ends_his_look(play) -> None:
    stare = "[{at: 1, for: 8.5, do: look, zone: infotainment}]"
    free, _ = play(scenario(stare), {0.0: ("ready", None, 0)})
    told, _ = play(scenario(stare), {0.0: ("ready", None, 0), 4.0: ("ready_delayed", "long_distraction", 1)})
    assert free[200].shot.truth.story.zone == "infotainment" and not any(one.heard.warning for one in free)
    first = next(one.shot.truth.t for one in told if one.heard.warning == "long_distraction")
    assert 4.0 < first < 4.25
    back = next(one.shot.truth.t for one in told if one.shot.truth.t > 4.0 and one.shot.truth.story.zone == "road")
    assert first + 0.3 < back < first + 3.5
    for one, other in zip(free[:121], told[:121], strict=True):
        assert one.shot.truth == other.shot.truth  # until then the same run
    report = LoopReport()
    for one in told:
        report.take(one)
    (warning,) = report.warnings
    assert warning.warning == "long_distraction" and warning.condition == "looking_away" and first < warning.seen_at < back


def test_the_report_finds_a_wrong_ready(play) -> None:
    rounds, _ = play(scenario("[{at: 1, for: 6, do: look, zone: infotainment}]"), {0.0: ("ready", None, 0)})
    report = LoopReport()
    for one in rounds:
        report.take(one)
    found = report.summary(Cost(driver=3.0, monitor=0.3))
    assert found["frames"] == 300 and found["cpu_ms_per_frame"] == {"driver": 10.0, "monitor": 1.0}
    assert 3.5 < found["longest_wrongly_ready_s"] < 4.5
    assert found["believed_ready"]["looking_away"] == sum(found["readiness_by_truth"]["looking_away"].values()) > 100


def test_truth_watch_knows_blinks_from_sleep() -> None:
    slept = Staged(scenario("[{at: 2, for: 4, do: microsleep}]"))
    watch = TruthWatch()
    seen = [(shot.truth.t, watch.step(shot.truth)) for shot in (slept.step() for _ in range(295))]
    shut = [t for t, fitness in seen if fitness.condition == "eyes_shut"]
    assert 2.5 < shut[0] < 3.3 and 3.0 < shut[-1] - shut[0] < 4.2
    assert all(fitness.shut_s > 0.5 for _, fitness in seen if fitness.condition == "eyes_shut")
    empty = msgspec.structs.replace(slept.step().truth, present=False)
    assert watch.step(empty).condition == "absent"
    assert sum(fitness.condition == "attentive" for t, fitness in seen if t < 2) > 40


def short() -> Scenario:
    """Ten seconds of the sample's driver: three attentive, then a long look away."""
    look = "driver: {seed: 35, look: {hair: bun}}\ncamera: {preset: clean}\nmood: {glance: {checks: 0}}"
    return scenario("[{at: 3.5, for: 6.5, do: look, zone: infotainment}]", 10.0, look)


@pytest.mark.slow
@pytest.mark.usefixtures("gl", "engines_built")
def test_ten_seconds_with_real_pictures_and_networks() -> None:
    def run(stop_s: float | None) -> tuple[list[Round], dict[str, object]]:
        with (
            Studio(short()) as studio,
            EngineSet(SLOTS) as engines,
        ):
            ports = Ports(*(open_bus(BusConfig(channel="ten")) for _ in range(2)))
            parts = parts_for(load_parts(RunConfig(source="none")), studio, driver)
            loop, report = ClosedLoop(parts, studio, engines, ports), LoopReport()
            rounds = []
            for one in loop.rounds(stop_s):
                report.take(one)
                rounds.append(one)
            for port in ports:
                port.close()
            return rounds, report.summary(loop.cost)

    with EngineSet(SLOTS) as engines:
        driver = calibrated(short(), engines)
    rounds, found = run(None)
    assert found["frames"] == 300
    attentive = [one for one in rounds if 1.5 < one.shot.truth.t < 3.4]
    assert sum(one.statement.ready for one in attentive) > 0.7 * len(attentive)
    assert found["longest_wrongly_ready_s"] < 0.2
    heard = [one.shot.truth.t for one in rounds if one.heard.warning == "long_distraction"]
    assert 6.0 < heard[0] < 7.5
    assert rounds[-1].shot.truth.story.zone != "infotainment", "the driver heard the warning and looked up"
    again, _ = run(1.0)
    for one, other in zip(rounds, again, strict=False):
        assert one.judged.state == other.judged.state and one.shot.frame.grey.tobytes() == other.shot.frame.grey.tobytes()


def test_msgspec_can_write_the_summary() -> None:
    assert b'"takeovers":[]' in msgspec.json.encode(LoopReport().summary(Cost()))
