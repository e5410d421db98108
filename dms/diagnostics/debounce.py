"""Debouncing of test results: one wrong picture is no trouble code, and one good picture does not heal one.

The fault detection counter of ISO 14229-1 (-1 passed .. 1 failed here, -128..127 on the wire) goes up with failed and down with
passed results, by elapsed time or by number of results; a result of the other kind takes it back to the middle first.
"""

from typing import Literal

import msgspec

MAX_GAP_S = 1.0
"""A longer time between two results is no evidence of what was in between; it counts as this much."""


class Debounce(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much evidence qualifies: seconds (``by: time``) or number of results (``by: count``)."""

    fail: float
    heal: float
    by: Literal["time", "count"] = "time"


class Debouncer:
    """Results of one test over time."""

    def __init__(self, rule: Debounce) -> None:
        self._rule = rule
        self.counter = 0.0
        """-1: passed is sure, 1: failed is sure."""
        self._at: float | None = None

    def step(self, failed: bool | None, now: float) -> bool | None:
        """Take one result (``None``: not tested) at ``now``; returns what is sure by now, ``None``: nothing."""
        if failed is None:
            self._at = None
            return None
        amount = self._amount(now)
        self._at = now
        if failed:
            self.counter = min(1.0, max(0.0, self.counter) + amount / self._rule.fail)
        else:
            self.counter = max(-1.0, min(0.0, self.counter) - amount / self._rule.heal)
        return failed if abs(self.counter) >= 1.0 - 1e-9 else None

    def restart(self) -> None:
        """Forget the evidence so far."""
        self.counter, self._at = 0.0, None

    @property
    def wire(self) -> int:
        """As the fault detection counter of ISO 14229-1."""
        return max(-128, min(127, round(self.counter * 128)))

    def _amount(self, now: float) -> float:
        if self._rule.by == "count":
            return 1.0
        return 0.0 if self._at is None else min(MAX_GAP_S, max(0.0, now - self._at))
