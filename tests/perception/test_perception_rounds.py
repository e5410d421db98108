"""Networks asked together say what they say one after the other; optional ones are left out when the picture's time is up."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_perception_hands import Hands

from dms.camera.log import LogFrames
from dms.inference.base import Engine, Options, Tensors
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract
from dms.perception.pipeline import FACE_SLOTS, Perception
from dms.perception.rounds import Late, Rounds, SpareEngine
from dms.perception.settings import Settings
from dms.records import Frame, Observation
from dms.records.jsonl import encode


class Clock:
    """Stands until it is moved; every look takes ``step``."""

    def __init__(self, t: float = 0.0, step: float = 0.0) -> None:
        self.t, self.step = t, step

    def __call__(self) -> float:
        self.t += self.step
        return self.t


class Queued(Engine):
    """Takes its input at once and works on it while others are given theirs, as a GPU's queue does."""

    most = 0
    """Engines that were at work at the same time."""
    working: set[str] = set()

    def __init__(self, engine: Engine, busy: bool = False) -> None:
        super().__init__(engine.spec)
        self._engine, self._feeds, self.busy = engine, None, busy

    def _infer(self, feeds: Tensors) -> Tensors:
        return self._engine.run(feeds)

    def submit(self, feeds: Tensors, slot: int = 0) -> None:
        assert self._feeds is None, "one input at a time"
        self._feeds = {name: np.array(value) for name, value in feeds.items()}
        Queued.working.add(self.spec.slot)
        Queued.most = max(Queued.most, len(Queued.working))

    def ready(self, slot: int = 0) -> bool:
        return not self.busy

    def collect(self, slot: int = 0, timeout: float | None = None) -> Tensors:
        assert self._feeds is not None
        feeds, self._feeds = self._feeds, None
        Queued.working.discard(self.spec.slot)
        return self._infer(feeds)


def one_hand() -> dict[str, Engine]:
    """Hand networks that see one open hand."""
    return Hands().engines


RESTLESS = Settings(hand_still=0.0)
"""Hands are read on every picture."""


@pytest.fixture(scope="module")
def faces(engines_built: None) -> Iterator[EngineSet]:
    with EngineSet(FACE_SLOTS) as engines:
        yield engines


@pytest.fixture(scope="module")
def frames(short_log: Path) -> list[Frame]:
    with LogFrames(str(short_log)) as log:
        return [frame for frame, _ in zip(log.frames(), range(15), strict=False)]


def told(engines: Mapping[str, Engine], frames: list[Frame]) -> list[Observation]:
    chain = Perception(engines, settings=RESTLESS)
    return [chain.observe(frame, independent=index in (0, 7)) for index, frame in enumerate(frames)]


def test_together_or_one_after_the_other_the_answers_are_the_same_to_the_bit(faces: EngineSet, frames: list[Frame]) -> None:
    Queued.most = 0
    alone = told({**faces, **one_hand()}, frames)
    together = told({slot: Queued(engine) for slot, engine in {**faces, **one_hand()}.items()}, frames)
    assert [encode(one) for one in together] == [encode(one) for one in alone]
    assert Queued.most == 2 and not Queued.working
    assert any(one.hands for one in alone) and sum(one.gaze is not None for one in alone) > 7


def test_without_time_hands_are_unknown_and_named_and_all_else_is_as_it_was(faces: EngineSet, frames: list[Frame]) -> None:
    free = Perception({**faces, **one_hand()}, settings=RESTLESS)
    hurried = Perception({**faces, **one_hand()}, settings=RESTLESS, now=Clock(100.0))
    for index, frame in enumerate(frames[:9]):
        wanted = free.see(frame).observation
        late = 3 <= index < 6
        seen = hurried.see(frame, deadline=99.0 if late else 101.0).observation
        assert seen.late == (["hands"] if late else [])
        assert (seen.hands is None) is late
        assert (seen.face, seen.head, seen.gaze, seen.eyes) == (wanted.face, wanted.head, wanted.gaze, wanted.eyes)
    assert wanted.hands and seen.hands  # they are followed again


def test_hands_looked_for_after_the_judgement_are_told_with_the_next_picture(faces: EngineSet, frames: list[Frame]) -> None:
    wanted = Perception({**faces, **one_hand()}, settings=RESTLESS)
    chain = Perception({**faces, **one_hand()}, settings=RESTLESS)
    before: Observation | None = None
    for frame in frames[:8]:
        seen, whole = chain.see(frame, hands_after=True).observation, wanted.see(frame).observation
        assert (seen.face, seen.head, seen.gaze, seen.eyes) == (whole.face, whole.head, whole.gaze, whole.eyes)
        if before is None:
            assert seen.hands is None and seen.hands_t is None
        else:
            assert (seen.hands, seen.hands_t) == (before.hands, before.t)
        chain.read_hands(frame)
        before = whole
    assert before is not None and before.hands


def test_hands_of_long_ago_are_not_told(faces: EngineSet, frames: list[Frame]) -> None:
    chain = Perception({**faces, **one_hand()}, settings=RESTLESS)
    chain.see(frames[0], hands_after=True)
    chain.read_hands(frames[0])
    later = replace(frames[1], t=frames[0].t + 1.0)
    seen = chain.see(later, hands_after=True).observation
    assert seen.hands is None and seen.late == ["hands"]


def test_without_a_clock_there_is_time_for_everything(faces: EngineSet, frames: list[Frame]) -> None:
    assert Perception({**faces, **one_hand()}).see(frames[0], deadline=-1.0).observation.late == []


def engine(slot: str) -> Engine:
    return FakeBackend({slot: zeros(contract(slot))}).load(contract(slot), Options())


def picture(slot: str) -> Tensors:
    return {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in contract(slot).inputs}


def test_an_engine_that_is_still_at_work_on_an_older_picture_is_late_and_does_not_hold_up_the_others() -> None:
    hand = Queued(engine("hand_landmarks"), busy=True)
    rounds = Rounds({"gaze": engine("gaze"), "hand_landmarks": hand}, Clock(1.0))
    rounds.begin(2.0)
    feeds = picture("hand_landmarks")
    assert rounds.ask({"gaze": picture("gaze")}, ahead={"hand_landmarks": feeds}).keys() == {"gaze"}
    with pytest.raises(Late):
        SpareEngine(hand, "hand_landmarks", rounds).run(feeds)


def test_what_was_asked_ahead_is_not_asked_twice_and_never_given_for_another_input() -> None:
    runs: list[Tensors] = []

    def count(feeds: Tensors) -> dict[str, np.ndarray]:
        runs.append(feeds)
        return zeros(contract("hand_landmarks"))

    hand = FakeBackend({"hand_landmarks": count}).load(contract("hand_landmarks"), Options())
    runs.clear()
    rounds = Rounds({"gaze": engine("gaze"), "hand_landmarks": hand}, Clock())
    spare, feeds = SpareEngine(hand, "hand_landmarks", rounds), picture("hand_landmarks")
    rounds.begin(1.0)
    rounds.ask({"gaze": picture("gaze")}, ahead={"hand_landmarks": feeds})
    spare.run(feeds)
    assert len(runs) == 1
    spare.run(feeds)
    assert len(runs) == 2
    rounds.ask({"gaze": picture("gaze")}, ahead={"hand_landmarks": feeds})
    spare.run(picture("hand_landmarks"))
    assert len(runs) == 4
    rounds.ask({"gaze": picture("gaze")}, ahead={"hand_landmarks": feeds})
    rounds.begin(math.inf)  # the next picture
    spare.run(feeds)
    assert len(runs) == 6
