"""Golden inference: stored inputs with known answers, run through the very engines that judge the driver.

At the start every engine has to answer right before anything is published as ready (FS-01); while running each is asked again
within a minute, between two pictures (FS-02). A damaged weight, a worn memory, a driver that changed its arithmetic shows here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from dms.errors import EngineFailed, UsageError
from dms.inference import parity, quantities
from dms.inference.base import Engine, EngineSpec, Tensors
from dms.inference.definition import Definition, definitions

OWN_LIMIT = 1e-3
"""Allowed change of an engine without stored answers (an integrator's own file) against its first answer, as a share of the
largest value of the output."""


@dataclass(frozen=True, slots=True)
class Question:
    """One input and what has to come out, each output with its sampling step, reference values and limit."""

    slot: str
    feeds: Tensors
    answers: Mapping[str, tuple[int, NDArray[np.float32], float]]
    stored: bool
    """False: the reference is this engine's own first answer, which proves only that it does not change."""
    judge: Callable[[Tensors], str] | None = None
    """For a back end with other arithmetic than the reference's: what is wrong with an answer, in degrees and probability."""

    def ask(self, engine: Engine) -> None:
        """Run the engine and compare.

        Raises:
            EngineFailed: it answers differently, or not at all.
        """
        result = engine.run(self.feeds)
        if self.judge is not None:
            wrong = self.judge(result)
            if wrong:
                raise EngineFailed(f"golden inference: {self.slot}: {wrong}")
            return
        for output, (step, wanted, limit) in self.answers.items():
            distance = float(np.abs(np.asarray(result[output], np.float32).ravel()[::step] - wanted).max())
            if not distance <= limit:  # a NaN is no answer
                raise EngineFailed(f"golden inference: {self.slot} gives {output} off by {distance:.3g}, limit {limit:.3g}")


def question(slot: str, engine: Engine) -> Question:
    """The stored question for the file this engine was loaded from, or one of its own.

    Raises:
        EngineFailed: the engine cannot answer at all.
        InputError: the stored vectors are damaged.
    """
    for item in definitions():
        limits = _limits(item, engine.spec) if item.slot == slot else None
        if limits is not None:
            case = next(parity.cases(item))
            answers = {name: (step, wanted, limits[name]) for name, (step, wanted) in case.outputs.items()}
            judge = None if engine.exact else partial(_refused, item, case, engine.spec.precision)
            return Question(slot, case.feeds, answers, stored=True, judge=judge)
    feeds = {t.name: _made_up(t.shape, t.dtype) for t in engine.spec.inputs}
    first = {name: np.array(value, np.float32) for name, value in engine.run(feeds).items()}
    own = {name: (1, v.ravel(), OWN_LIMIT * max(1.0, float(np.abs(v).max(initial=0.0)))) for name, v in first.items()}
    return Question(slot, feeds, own, stored=False)


class Golden:
    """All engines' questions, and whose turn it is.

    Args:
        engines: loaded engines by slot.
        every_s: each engine is asked again within this time.
    """

    def __init__(self, engines: Mapping[str, Engine], every_s: float) -> None:
        self.asked = 0
        self._every_s = every_s
        self._questions = {slot: question(slot, engine) for slot, engine in engines.items()}
        self._engines = engines
        self._turns = list(self._questions)
        self._next = 0
        self._last: float | None = None

    @property
    def without_reference(self) -> list[str]:
        """Slots whose engine has no stored answers."""
        return [slot for slot, one in self._questions.items() if not one.stored]

    def ask_all(self) -> None:
        """Every engine, now.

        Raises:
            EngineFailed: the first that answers differently.
        """
        for slot, one in self._questions.items():
            one.ask(self._engines[slot])

    def exchange(self, engines: Mapping[str, Engine]) -> None:
        """Newly loaded engines answer the same questions from now on; all of them at once.

        Raises:
            EngineFailed: see ``ask_all``.
        """
        self._engines = engines
        self.ask_all()

    def ask_in_turn(self, now: float, spare_s: float) -> None:
        """Ask the next engine if its turn has come and there is time for it before the next picture.

        The turns are spread over half of ``every_s``. An engine that found no time in a whole turn more is asked all the same, so
        that each is asked once in ``every_s``; that delays one picture by one network, never the publisher.

        Raises:
            EngineFailed: it answers differently.
        """
        turn_s = 0.5 * self._every_s / max(1, len(self._turns))
        if self._last is None:
            self._last = now
        waited = now - self._last
        if not self._turns or waited < turn_s:
            return
        slot = self._turns[self._next % len(self._turns)]
        if self._engines[slot].stats().p99_ms > spare_s * 1e3 and waited < 2.0 * turn_s:
            return
        self._questions[slot].ask(self._engines[slot])
        self.asked += 1
        self._next += 1
        self._last = now


def _limits(item: Definition, spec: EngineSpec) -> Mapping[str, float] | None:
    """The outputs' limits if ``spec`` is of this definition, ``None`` if it is somebody else's file."""
    if not spec.sha256 or (spec.name, spec.provenance) != (item.name, item.provenance):
        return None
    if spec.precision == "fp32":
        return item.limits
    try:
        return {name: loss.limit for name, loss in item.variant(spec.precision).loss.items()}
    except UsageError:
        return None


def _refused(item: Definition, case: parity.Case, precision: str, answer: Tensors) -> str:
    """What of an answer is beyond the limits in ``dms/inference/quantities.yaml``."""
    return quantities.refused(quantities.judge(item, case, answer, precision))


def _made_up(shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    picture = parity.noise(1, shape)
    return picture if dtype == "uint8" else (picture / 255.0).astype(dtype)
