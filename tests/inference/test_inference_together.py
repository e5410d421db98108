"""Several engines on one picture with a deadline: what is late is named and never replaced by something old."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.errors import EngineFailed
from dms.inference.base import Engine, EngineSpec, Options, Tensors
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract
from dms.inference.together import run_together


class Queued(Engine):
    """Answers ``takes`` seconds after it was given its input, on the test's clock; what it answers is its input."""

    def __init__(self, clock: "Clock", takes: float) -> None:
        super().__init__(EngineSpec("queued", "queued", (), ()))
        self._clock, self._takes = clock, takes
        self.free_at = 0.0
        self._answer: Tensors | None = None

    def _infer(self, feeds: Tensors) -> Tensors:
        raise AssertionError("not used")

    def submit(self, feeds: Tensors, slot: int = 0) -> None:
        assert self.ready(), "given a picture while at work on another one"
        self._answer, self.free_at = feeds, self._clock.t + self._takes

    def ready(self, slot: int = 0) -> bool:
        return self._clock.t >= self.free_at

    def collect(self, slot: int = 0, timeout: float | None = None) -> Tensors:
        assert self._answer is not None
        self._clock.t = max(self._clock.t, self.free_at)
        answer, self._answer = self._answer, None
        return answer


class Clock:
    """Seconds; ``pause`` lets them pass."""

    def __init__(self) -> None:
        self.t = 0.0

    def now(self) -> float:
        return self.t

    def pause(self, seconds: float) -> None:
        self.t += seconds


def feed(number: int) -> Tensors:
    return {"x": np.array([number])}


times = st.floats(0.0, 0.1)


@settings(deadline=None)
@given(times, times, times, st.floats(0.0, 0.1))
def test_what_is_in_time_is_there_and_the_rest_is_named(first: float, second: float, third: float, deadline: float) -> None:
    clock = Clock()
    takes = {"needed": first, "one": second, "two": third}
    engines = {name: Queued(clock, value) for name, value in takes.items()}
    answers = run_together(engines, dict.fromkeys(takes, feed(1)), clock.now, deadline, {"one", "two"}, clock.pause)
    assert answers.outputs.keys() | set(answers.late) == takes.keys()
    assert not answers.outputs.keys() & set(answers.late) and "needed" in answers.outputs
    for name in ("one", "two"):
        if takes[name] <= deadline:
            assert name in answers.outputs or deadline == 0.0
        if takes[name] > max(deadline, first) + 0.0002:
            assert name in answers.late
    assert clock.t <= max(first, deadline) + 0.0002, "waited longer than for what is needed"


def test_an_answer_that_came_too_late_is_never_given_to_the_next_picture() -> None:
    clock = Clock()
    engines = {"slow": Queued(clock, 0.15)}
    answers = [run_together(engines, {"slow": feed(n)}, clock.now, clock.t + 0.05, {"slow"}, clock.pause) for n in range(4)]
    assert [a.late for a in answers[:3]] == [("slow",)] * 3
    clock.t = 1.0
    last = run_together(engines, {"slow": feed(9)}, clock.now, clock.t + 0.2, {"slow"}, clock.pause)
    assert last.outputs["slow"]["x"][0] == 9


def test_after_the_deadline_nothing_optional_is_begun() -> None:
    clock = Clock()
    clock.t = 5.0
    engines = {"one": Queued(clock, 0.0)}
    assert run_together(engines, {"one": feed(1)}, clock.now, 4.0, {"one"}, clock.pause).late == ("one",)
    assert engines["one"].free_at == 0.0


def test_a_failure_is_no_lateness() -> None:
    def fail(feeds: Tensors, slot: int = 0) -> None:
        raise EngineFailed("broken")

    clock = Clock()
    engine = Queued(clock, 0.0)
    engine.submit = fail  # type: ignore[method-assign]
    with pytest.raises(EngineFailed, match="broken"):
        run_together({"one": engine}, {"one": feed(1)}, clock.now, 1.0, {"one"})


def test_engines_without_a_queue_work_as_they_are() -> None:
    slots = ("eye_state", "gaze")
    backend = FakeBackend({slot: zeros(contract(slot)) for slot in slots})
    engines = {slot: backend.load(contract(slot), Options()) for slot in slots}
    feeds = {slot: {t.name: np.zeros(t.shape, t.dtype) for t in engine.spec.inputs} for slot, engine in engines.items()}
    answers = run_together(engines, feeds, lambda: 0.0, 1.0, {"gaze"})
    assert answers.outputs.keys() == engines.keys() and not answers.late
