"""Engines of one picture that do not wait for each other are asked together; optional ones only as long as there is time.

Which part of a picture needs which other is perception's knowledge; how several engines run at once is inference's
(``dms.inference.together``). On a back end without queues they run one after the other, with the same results.
"""

import math
from collections.abc import Callable, Mapping

from dms.inference.base import Engine, Tensors
from dms.inference.together import run_together

Now = Callable[[], float]


class Late(Exception):
    """An optional engine was not asked, or has not answered, within the picture's time."""


class Rounds:
    """The engines by slot, and the time of the picture at hand.

    Args:
        engines: loaded engines by slot.
        now: the clock the deadline is on; ``None``: there is time for everything, as in a replay.
    """

    def __init__(self, engines: Mapping[str, Engine], now: Now | None = None) -> None:
        self._engines, self._now = engines, now
        self._deadline = math.inf
        self._ahead: dict[str, tuple[Tensors, Tensors]] = {}

    def begin(self, deadline: float = math.inf) -> None:
        """A new picture; what is optional must be there by ``deadline``, s."""
        self._deadline = math.inf if self._now is None else deadline
        self._ahead.clear()

    def ask(self, feeds: Mapping[str, Tensors], ahead: Mapping[str, Tensors] | None = None) -> Mapping[str, Tensors]:
        """Outputs by slot.

        Args:
            feeds: inputs by slot; all of these answer.
            ahead: optional inputs that are known already and will be asked for by ``spare``: they run beside the others.
        """
        optional = dict(ahead or {})
        answers = self._run({**feeds, **optional}, tuple(optional))
        for slot, given in optional.items():
            if slot in answers:
                self._ahead[slot] = (given, answers[slot])
        return {slot: answers[slot] for slot in feeds}

    def spare(self, slot: str, feeds: Tensors) -> Tensors:
        """Outputs of one optional engine.

        Raises:
            Late: the time is up.
        """
        given, outputs = self._ahead.pop(slot, (None, None))
        if given is not None and outputs is not None and all(given[name] is value for name, value in feeds.items()):
            return outputs
        answers = self._run({slot: feeds}, (slot,))
        if slot not in answers:
            raise Late(slot)
        return answers[slot]

    def _run(self, feeds: Mapping[str, Tensors], optional: tuple[str, ...]) -> Mapping[str, Tensors]:
        return run_together(self._engines, feeds, self._now or (lambda: -math.inf), self._deadline, optional).outputs


class SpareEngine(Engine):
    """An optional engine as its user sees it: an engine that may raise ``Late``."""

    def __init__(self, engine: Engine, slot: str, rounds: Rounds) -> None:
        super().__init__(engine.spec)
        self._slot, self._rounds = slot, rounds

    def run(self, feeds: Tensors) -> Tensors:
        """See ``Rounds.spare``."""
        return self._rounds.spare(self._slot, feeds)

    def _infer(self, feeds: Tensors) -> Tensors:
        return self.run(feeds)
