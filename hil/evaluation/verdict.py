"""One trial held against the states it gave: warned in time or not. Nothing is left out silently: no states is no warning."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from dms.records import TakeoverReadiness
from hil.evaluation.scheme import ATTENTIVE, DROWSY, Scheme
from hil.evaluation.trials import Trial

Outcome = Literal["passed", "informed", "failed", "excluded"]
TINY = 1e-6


class Said(NamedTuple):
    """The warning from a time on, until the next of these."""

    t: float
    warning: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one trial. ``delay_s``: of the warning after ``start``. The counts are of ratings, or of false warnings."""

    trial: Trial
    outcome: Outcome
    why: str = ""
    delay_s: float | None = None
    true_positives: int = 0
    false_negatives: int = 0
    false_warnings: int = 0
    awake_s: float = 0.0


def changes(states: Iterable[TakeoverReadiness]) -> list[Said]:
    """The warnings of a run, each with its beginning; the last entry is the end of the run."""
    found: list[Said] = []
    last = None
    for state in states:
        last = state
        if not found or state.warning.class_ != found[-1].warning:
            found.append(Said(state.t, state.warning.class_))
    return found if last is None else [*found, Said(last.t, None)]


def judge(trial: Trial, said: list[Said], scheme: Scheme) -> Verdict:
    """The verdict on one trial."""
    if trial.excluded is not None:
        return Verdict(trial, "excluded", trial.excluded)
    if trial.function == DROWSY:
        return _drowsy(trial, said, scheme)
    if trial.function == ATTENTIVE:
        return _attentive(trial, said)
    return _event(trial, said, scheme)


def _event(trial: Trial, said: list[Said], scheme: Scheme) -> Verdict:
    rules = scheme.functions[trial.function]
    start, due = trial.start or 0.0, trial.due_at(scheme)
    assert due is not None
    names = rules.warnings
    if any(_overlapping(said, names, start, start + TINY)):
        return Verdict(trial, "failed", "warned before it began")
    begun = next((t for t, name in said if name in names and start < t <= trial.end_at(scheme)), None)
    delay = None if begun is None else round(begun - start, 3)
    if begun is not None and begun <= due + rules.tolerance_s + TINY:
        return Verdict(trial, "passed", delay_s=delay)
    if any(_overlapping(said, {"camera"}, start, start + scheme.informed_s)):
        return Verdict(trial, "informed", "told that it cannot see", delay_s=delay)
    return Verdict(trial, "failed", "no warning" if begun is None else "too late", delay_s=delay)


def _drowsy(trial: Trial, said: list[Said], scheme: Scheme) -> Verdict:
    scale, start = scheme.drowsy.scales[trial.scale], 0.0
    hits = misses = false = 0
    awake_s = 0.0
    for end, rating in trial.ratings:
        given = [t for t, _ in _overlapping(said, {"drowsy"}, start, end)]
        if rating >= scale.warn_from:
            hits, misses = hits + bool(given), misses + (not given)
        elif rating < scale.awake_below:
            false, awake_s = false + sum(t >= start for t in given), awake_s + end - start
        start = end
    why = "" if misses == 0 else f"{misses} of {hits + misses} drowsy intervals without a warning"
    return Verdict(trial, "failed" if misses else "passed", why, None, hits, misses, false, awake_s)


def _attentive(trial: Trial, said: list[Said]) -> Verdict:
    given = [name for _, name in said if name not in (None, "camera")]
    seconds = said[-1].t - said[0].t if said else 0.0
    why = ", ".join(sorted({str(name) for name in given}))
    ok = bool(said) and not given
    return Verdict(trial, "passed" if ok else "failed", why or ("" if ok else "no states"), None, 0, 0, len(given), seconds)


def _overlapping(said: list[Said], names: Collection[str], start: float, end: float) -> Iterator[Said]:
    """Warnings of these names that reach into the time."""
    return (one for one, after in pairwise(said) if one.warning in names and one.t < end and after.t > start)
