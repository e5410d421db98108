"""A timeline held against expectations."""

from dataclasses import dataclass
from itertools import pairwise

from hil.bench.expectation import TINY, Anchor, Condition, Expectation, reaches
from hil.bench.timeline import Timeline, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of an expectation. ``at``: when it was met or broken, s; ``measured_s``: counted from where its clause counts."""

    expectation: Expectation
    passed: bool
    measured: str
    at: float | None = None
    measured_s: float | None = None


def horizon(expectation: Expectation, timeline: Timeline) -> float | None:
    """Up to which time the timeline must be known to decide; ``None`` while a condition it waits for has not come."""
    start = _start(expectation, timeline)
    if start is None:
        return None
    ends = [] if expectation.latest_s is None else [start + expectation.latest_s]
    if isinstance(expectation.before, float):
        ends.append(expectation.before)
    elif expectation.before is not None and (met := expectation.before.first(timeline, start)) is not None:
        ends.append(met)
    return min(ends, default=None)


def judge(expectation: Expectation, timeline: Timeline) -> Verdict:
    """Hold what happened against one expectation."""
    start = _start(expectation, timeline)
    if start is None or start > timeline.end + TINY:
        after = expectation.after
        missing = f"{after:g} s was not reached" if isinstance(after, float) else f"{_text(after)} never came"
        return Verdict(expectation=expectation, passed=False, measured=missing)
    known = horizon(expectation, timeline)
    end = timeline.end if known is None else known
    if expectation.mode != "once" and end > timeline.end + TINY:
        return Verdict(expectation=expectation, passed=False, measured=f"the run ended at {timeline.end:g} s, before {end:g} s")
    if expectation.every_s is not None:
        return _every(expectation, timeline, start, end)
    if expectation.mode == "never":
        return _never(expectation, timeline, start, end)
    if expectation.mode == "always":
        return _always(expectation, timeline, start, end)
    return _once(expectation, timeline, start, end)


def _start(expectation: Expectation, timeline: Timeline) -> float | None:
    after = expectation.after
    return 0.0 if after is None else after if isinstance(after, float) else after.first(timeline)


def _text(anchor: Anchor | None) -> str:
    return anchor.text if isinstance(anchor, Condition) else f"{anchor} s"


def _once(e: Expectation, timeline: Timeline, start: float, end: float) -> Verdict:
    spans = [(max(a, start), b) for a, b in e.condition.spans(timeline) if reaches(a, b, start)]
    if isinstance(e.before, Condition):  # "before X" is strictly before
        end -= 2 * TINY
    long = [(a, b) for a, b in spans if min(b, end if e.for_s else b) - a >= e.for_s - TINY]
    found = long[0][0] if long else None
    was = _was(e.condition, timeline, min(end, timeline.end))
    if found is None:
        short = f"; longest {max(b - a for a, b in spans):.2f} s in one piece" if spans and e.for_s else ""
        return Verdict(expectation=e, passed=False, measured=f"never came{short}{was}")
    passed = start + e.earliest_s - TINY <= found <= end + TINY
    when = f"at {found:.2f} s" + (f", {found - start:.2f} s after {_text(e.after)}" if e.after is not None else "")
    return Verdict(
        expectation=e, passed=passed, measured=when + ("" if passed else was), at=found, measured_s=round(found - start, 4)
    )


def _never(e: Expectation, timeline: Timeline, start: float, end: float) -> Verdict:
    broken = e.condition.first(timeline, start)
    if broken is None or broken > end + (TINY if e.condition.instant else -TINY):
        return Verdict(expectation=e, passed=True, measured="did not happen")
    total = sum(min(b, end) - max(a, start) for a, b in e.condition.spans(timeline) if b > start and a < end)
    lasted = "" if e.condition.instant else f", {total:.2f} s in all"
    return Verdict(expectation=e, passed=False, measured=f"happened at {broken:.2f} s{lasted}", at=broken)


def _always(e: Expectation, timeline: Timeline, start: float, end: float) -> Verdict:
    reached = start
    for a, b in e.condition.spans(timeline):
        if a <= reached + TINY:
            reached = max(reached, b)
    if reached >= end - TINY:
        return Verdict(expectation=e, passed=True, measured="held throughout")
    value = timeline.at(e.condition.name, reached)
    return Verdict(expectation=e, passed=False, measured=f"{e.condition.name} was {_said(value)} at {reached:.2f} s", at=reached)


def _every(e: Expectation, timeline: Timeline, start: float, end: float) -> Verdict:
    times = [start, *(a for a, _ in e.condition.spans(timeline) if start <= a <= end), end]
    gap, at = max((later - sooner, sooner) for sooner, later in pairwise(times))
    passed = gap <= (e.every_s or 0.0) + TINY
    text = f"longest gap {gap * 1e3:.0f} ms, from {at:.2f} s"
    return Verdict(expectation=e, passed=passed, measured=text, at=at, measured_s=round(gap, 4))


def _was(condition: Condition, timeline: Timeline, t: float) -> str:
    return "" if condition.instant else f"; {condition.name} was {_said(timeline.at(condition.name, t))} at {t:.2f} s"


def _said(value: Value) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "empty"
    return "not known" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
