"""Expectations in plain words; ``hil/bench/verdict.py`` holds a timeline against them.

::

    readiness ready_delayed within 1.0 s after 10 s      true at some time of the second after 10 s
    controller minimum_risk between 9.9 s and 10.1 s after controller takeover_request
    always ready yes from 5 s to 9.9 s
    never readiness ready from 10.5 s to 14 s
    warning long_distraction before request.take_control yes
    level >= 4 for 2 s by 20 s
    message DMS_Health within 0.6 s after 5 s
    message DMS_TakeoverReady every 60 ms

An expectation is ``[always|never] CONDITION CLAUSE ...``. A condition is a signal with a value (``or`` between several, for
numbers with one of ``= != < <= > >=``), ``message NAME`` or ``event NAME``. Clauses: ``after`` and ``before`` take a time or a
condition, ``from``, ``to``, ``by`` a time, ``within`` and ``between .. and ..`` count from ``after``, ``for`` is how long it must
hold in one piece, ``every`` the longest gap between messages.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from dms.errors import InputError
from hil.bench.signals import NUMBER, SIGNALS, WORD
from hil.bench.timeline import Timeline, Value

Compare = Callable[[float, float], bool]
_OPERATORS: dict[str, Compare] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CLAUSES = ("within", "between", "after", "before", "by", "from", "to", "for", "every")
_MODES = ("always", "never")
TINY = 1e-6
"""Times closer than this are one."""
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds or does not at a time, or happens at instants (``message``, ``event``)."""

    text: str
    kind: Literal["signal", "message", "event"]
    name: str
    words: frozenset[str] = frozenset()
    """Any of them; empty for numbers."""
    sign: str = "="
    number: float | None = None

    def holds(self, value: Value) -> bool:
        """Is it so with this value of the signal."""
        if self.number is not None:
            return isinstance(value, (int, float)) and _OPERATORS[self.sign](value, self.number)
        return bool(value & self.words) if isinstance(value, frozenset) else value in self.words

    @property
    def instant(self) -> bool:
        """Happens instead of holding."""
        return self.kind != "signal"

    def spans(self, timeline: Timeline) -> list[Span]:
        """When; instants have no length."""
        if self.kind == "signal":
            return timeline.spans(self.name, self.holds)
        if self.kind == "event":
            return [(mark.t, mark.t) for mark in timeline.marks if mark.name == self.name]
        return [(t, t) for t, count in timeline.steps(f"message.{self.name}") if count]

    def first(self, timeline: Timeline, since: float = 0.0) -> float | None:
        """First time from ``since`` on."""
        return next((max(start, since) for start, end in self.spans(timeline) if reaches(start, end, since)), None)


def reaches(start: float, end: float, since: float) -> bool:
    """Does a span go beyond this time; an instant, does it lie there or later."""
    return end > since + TINY or start >= since - TINY


Anchor = float | Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One line of ``expect``, understood."""

    text: str
    mode: Literal["once", "always", "never"] = "once"
    condition: Condition
    after: Anchor | None = None
    before: Anchor | None = None
    earliest_s: float = 0.0
    latest_s: float | None = None
    """Both counted from ``after``."""
    for_s: float = 0.0
    every_s: float | None = None
    line: int | None = None
    """In the scenario file."""


class _Words:
    """The words of one expectation, taken one after the other."""

    def __init__(self, text: str) -> None:
        self.text, self._words, self._next = text, text.split(), 0

    @property
    def now(self) -> str:
        """The next word, empty at the end."""
        return self._words[self._next] if self._next < len(self._words) else ""

    def take(self, what: str) -> str:
        """The next word; ``what`` it should be, for the complaint."""
        if not self.now:
            raise InputError(f"'{self.text}' ends where {what} is expected")
        word, self._next = self.now, self._next + 1
        return word

    def number(self) -> float | None:
        """The next word as a number, if it is one."""
        try:
            value = float(self.now)
        except ValueError:
            return None
        self._next += 1
        return value if math.isfinite(value) else None

    def seconds(self, after: str) -> float:
        """A duration or time: ``0.5 s``, ``500 ms``, ``0.5s``."""
        word = self.take(f"a time behind '{after}'")
        digits = word.rstrip("ms")
        unit = word[len(digits) :] or (self.take("s or ms") if self.now in ("s", "ms") else "s")
        try:
            value = float(digits)
        except ValueError:
            value = -1.0
        if not (0.0 <= value < math.inf) or unit not in ("s", "ms"):
            raise InputError(f"'{self.text}': behind '{after}' stands '{word}', which is no time such as 0.5 s or 500 ms")
        return value / 1e3 if unit == "ms" else value


def parse(text: str, line: int | None = None) -> Expectation:
    """Understand one expectation.

    Raises:
        InputError: what is wrong, and what is allowed there.
    """
    words = _Words(text)
    mode = words.take("an expectation") if words.now in _MODES else "once"
    found = Expectation(text=text, mode=mode, condition=_condition(words), line=line)  # type: ignore[arg-type]
    seen: set[str] = set()
    while words.now:
        clause = words.take("a clause")
        if clause not in _CLAUSES or clause in seen:
            raise InputError(f"'{text}': '{clause}' is {'there twice' if clause in seen else _unknown(clause, _CLAUSES)}")
        seen.add(clause)
        found = _add(found, clause, words)
    return _sensible(found, seen)


def _add(found: Expectation, clause: str, words: _Words) -> Expectation:
    if clause in ("after", "from"):
        return replace(found, after=_anchor(words, clause))
    if clause in ("before", "by", "to"):
        return replace(found, before=_anchor(words, clause))
    if clause == "between":
        low = words.seconds(clause)
        if words.take("and") != "and":
            raise InputError(f"'{words.text}': 'between' goes as 'between 3 s and 4 s'")
        return replace(found, earliest_s=low, latest_s=words.seconds("and"))
    value = words.seconds(clause)
    if clause == "within":
        return replace(found, latest_s=value)
    return replace(found, for_s=value) if clause == "for" else replace(found, every_s=value)


def _sensible(found: Expectation, seen: set[str]) -> Expectation:
    text, two = found.text, ({"after", "from"}, {"before", "by", "to"}, {"within", "between"})
    for pair in two:
        if len(seen & pair) > 1:
            raise InputError(f"'{text}': {' and '.join(sorted(seen & pair))} say the same; keep one")
    if found.mode != "once" and seen & {"for", "between"}:
        raise InputError(f"'{text}': '{found.mode}' needs no 'for' and no 'between'")
    if found.condition.instant and (found.mode == "always" or found.for_s):
        raise InputError(f"'{text}': {found.condition.text} happens at instants; it cannot hold")
    if found.every_s is not None and found.condition.kind != "message":
        raise InputError(f"'{text}': 'every' goes with a message")
    if found.latest_s is not None and found.latest_s < found.earliest_s:
        raise InputError(f"'{text}': {found.latest_s:g} s is before {found.earliest_s:g} s")
    return found


def _anchor(words: _Words, clause: str) -> Anchor:
    number = words.now.rstrip("ms")
    if number.replace(".", "", 1).isdigit() or clause in ("from", "to", "by"):
        return words.seconds(clause)
    return _condition(words)


def _condition(words: _Words) -> Condition:
    start = words.take("a signal")
    if start in ("message", "event"):
        name = words.take(f"the name of the {start}")
        return Condition(f"{start} {name}", start, name)  # type: ignore[arg-type]
    if start not in SIGNALS:
        raise InputError(f"'{words.text}': there is no signal '{start}'; {_unknown(start, (*SIGNALS, 'message', 'event'))}")
    kind = SIGNALS[start]
    if kind == NUMBER:
        return _numeric(words, start)
    taken = [_word(words, start, kind)]
    while words.now == "or":
        words.take("or")
        taken.append(_word(words, start, kind))
    return Condition(f"{start} {' or '.join(taken)}", "signal", start, frozenset(taken))


def _numeric(words: _Words, name: str) -> Condition:
    sign = words.take("a number") if words.now in _OPERATORS else "="
    value = words.number()
    if value is None:
        raise InputError(f"'{words.text}': behind '{name}' stands '{words.now}', which is no number")
    return Condition(f"{name} {sign} {value:g}", "signal", name, sign=sign, number=value)


def _word(words: _Words, name: str, kind: tuple[str, ...] | str) -> str:
    word = words.take(f"a value of {name}")
    if isinstance(kind, tuple) and word not in kind:
        raise InputError(f"'{words.text}': {name} is never '{word}'; {_unknown(word, kind)}")
    if kind == WORD and word in _CLAUSES:
        raise InputError(f"'{words.text}' lacks the value of {name}")
    return word


def _unknown(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, 1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
