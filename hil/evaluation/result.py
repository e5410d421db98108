"""Many verdicts to one result: by participant, function, location and condition, with everything that was excluded."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hil.evaluation.scheme import ATTENTIVE, DROWSY, Group, Scheme
from hil.evaluation.statistics import mean, mean_lower_bound, share_lower_bound, spread
from hil.evaluation.verdict import Verdict
from hil.never_false_ready.campaign import poisson_bound

LIGHT = "light"
"""The condition that tells day from night."""


def result_of(verdicts: Sequence[Verdict], profile: str, scheme: Scheme) -> dict[str, Any]:
    """For ``--json``; ``unmet`` says in words what is below what is asked."""
    counted = [v for v in verdicts if v.outcome != "excluded"]
    drowsy = _drowsy(verdicts, scheme) if any(v.trial.function == DROWSY for v in counted) else None
    functions = {name: _tally(some) for name, some in _by(counted, lambda v: v.trial.function).items() if name != ATTENTIVE}
    false = _false_warnings(counted)
    locations = [row for group in scheme.locations if group.function in functions for row in _locations(counted, group)]
    unmet = [*(drowsy["unmet"] if drowsy else []), *_unmet(functions, locations), *_too_many(false, scheme)]
    return {
        "schema": "dms.evaluation/1", "profile": profile, "met": not unmet and bool(counted), "unmet": unmet,
        "trials": len(verdicts), "participants": len({v.trial.participant for v in verdicts}),
        "excluded": [_named(v) for v in verdicts if v.outcome == "excluded"],
        "drowsy": drowsy, "functions": functions, "locations": locations, "points": _points(functions, locations, drowsy, scheme),
        "conditions": _conditions(counted), "false_warnings": false,
        "not_passed": [_named(v) for v in counted if v.outcome != "passed"],
    }  # fmt: skip


def _by(verdicts: Iterable[Verdict], key: Callable[[Verdict], str | None]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        name = key(verdict)
        if name is not None:
            found[name].append(verdict)
    return found


def _named(verdict: Verdict) -> dict[str, Any]:
    trial = verdict.trial
    where = " ".join(part for part in (trial.scenario, trial.movement, trial.location) if part)
    return {
        "participant": trial.participant, "function": trial.function, "where": where, "file": trial.file,
        "outcome": verdict.outcome, "why": verdict.why, "delay_s": verdict.delay_s,
    }  # fmt: skip


def _tally(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    passed = sum(v.outcome == "passed" for v in verdicts)
    delays = [v.delay_s for v in verdicts if v.delay_s is not None]
    return {
        "trials": len(verdicts), "passed": passed, "informed": sum(v.outcome == "informed" for v in verdicts),
        "failed": sum(v.outcome == "failed" for v in verdicts),
        "pass_rate_above": round(share_lower_bound(passed, len(verdicts)), 4),
        "delay_mean_s": round(mean(delays), 3) if delays else None, "delay_max_s": max(delays, default=None),
    }  # fmt: skip


def _drowsy(verdicts: Sequence[Verdict], scheme: Scheme) -> dict[str, Any]:
    """Sensitivity of each participant, mean, spread and lower bound; each light by itself."""
    rules = scheme.drowsy
    trials = [v for v in verdicts if v.trial.function == DROWSY]
    people = [_person(name, some) for name, some in sorted(_by(trials, lambda v: v.trial.participant).items())]
    known = [p["sensitivity"] for p in people if p["sensitivity"] is not None]
    found = {"participants": people, **_sensitivity(known)}
    lights = {}
    for name in rules.lights:
        own = [v for v in trials if v.trial.conditions.get(LIGHT) == name]
        each = [_person(who, some)["sensitivity"] for who, some in _by(own, lambda v: v.trial.participant).items()]
        lights[name] = _sensitivity([one for one in each if one is not None])
    unmet = [f"drowsy: {len(known)} participants with a drowsy interval, {rules.participants_min} are asked for"]
    unmet = unmet if len(known) < rules.participants_min else []
    for name, part in {"all": found, **lights}.items():
        if part["mean"] is None or part["mean"] <= rules.sensitivity_min:
            unmet.append(
                f"drowsy, {name}: mean sensitivity {_percent(part['mean'])}, over {rules.sensitivity_min:.0%} is asked for"
            )
    if found["lower_bound_90"] is None or found["lower_bound_90"] <= rules.bound_min:
        unmet.append(
            f"drowsy: lower bound {_percent(found['lower_bound_90'])}, over {rules.bound_min:.0%} is asked for (recalled)"
        )
    return {**found, "by_light": lights, "unmet": unmet}


def _person(name: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    hits, misses = (sum(getattr(v, part) for v in verdicts) for part in ("true_positives", "false_negatives"))
    return {
        "participant": name, "true_positives": hits, "false_negatives": misses,
        "sensitivity": round(hits / (hits + misses), 4) if hits + misses else None,
        "false_warnings": sum(v.false_warnings for v in verdicts), "excluded": sum(v.outcome == "excluded" for v in verdicts),
    }  # fmt: skip


def _sensitivity(known: list[float]) -> dict[str, Any]:
    bound = mean_lower_bound(known)
    return {
        "with_cases": len(known), "mean": round(mean(known), 4) if known else None,
        "std": round(spread(known), 4) if known else None, "lower_bound_90": None if bound is None else round(bound, 4),
    }  # fmt: skip


def _locations(verdicts: Sequence[Verdict], group: Group) -> Iterator[dict[str, Any]]:
    for place in group.at:
        wanted = (group.function, group.scenario, group.movement, place)
        own = [v for v in verdicts if (v.trial.function, v.trial.scenario, v.trial.movement, v.trial.location) == wanted]
        passed = sum(v.outcome == "passed" for v in own)
        names = ("function", "scenario", "movement", "location")
        yield {**dict(zip(names, wanted, strict=True)), "trials": len(own), "passed": passed}


def _points(
    functions: dict[str, Any], locations: list[dict[str, Any]], drowsy: dict[str, Any] | None, scheme: Scheme
) -> dict[str, Any]:
    """Given only where all was tested and all of it passed."""
    given = {}
    for name, points in scheme.points.items():
        whole = name in functions and functions[name]["passed"] == functions[name]["trials"]
        whole = whole and all(row["trials"] for row in locations if row["function"] == name)
        given[name] = points if (drowsy is not None and not drowsy["unmet"] if name == DROWSY else whole) else 0.0
    return {"given": given, "total": round(sum(given.values()), 2), "of": round(sum(scheme.points.values()), 2)}


def _unmet(functions: dict[str, Any], locations: list[dict[str, Any]]) -> Iterator[str]:
    for name, tally in functions.items():
        if name == DROWSY:
            continue
        if tally["passed"] < tally["trials"]:
            yield f"{name}: {tally['trials'] - tally['passed']} of {tally['trials']} trials not passed"
        missing = [row for row in locations if row["function"] == name and not row["trials"]]
        if missing:
            first = " ".join(missing[0][part] for part in ("scenario", "movement", "location"))
            yield f"{name}: {len(missing)} gaze locations of the table not tested, the first: {first}"


def _false_warnings(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Of trials with attentive drivers alone; the rate they prove is 3/T or more."""
    own = [v for v in verdicts if v.trial.function == ATTENTIVE]
    count, hours = sum(v.false_warnings for v in own), sum(v.awake_s for v in own) / 3600.0
    rates = (None, None) if hours == 0.0 else (round(count / hours, 4), round(poisson_bound(count) / hours, 4))
    return {"count": count, "hours": round(hours, 4), "per_hour": rates[0], "per_hour_below": rates[1]}


def _too_many(false: dict[str, Any], scheme: Scheme) -> Iterator[str]:
    if false["per_hour"] is not None and false["per_hour"] > scheme.false_warnings_per_hour:
        yield f"attentive: {false['per_hour']:g} false warnings an hour, {scheme.false_warnings_per_hour:g} are allowed"


def _conditions(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """A cell for each value of each condition and each function; a trial that does not tell the condition counts as not told."""
    keys = sorted({key for v in verdicts for key in v.trial.conditions})
    found: dict[str, Any] = {}
    for key in keys:
        by_value = _by(verdicts, lambda v, key=key: v.trial.conditions.get(key, "not told"))  # type: ignore[misc]
        found[key] = {
            value: {name: _tally(some) for name, some in sorted(_by(own, lambda v: v.trial.function).items())}
            for value, own in sorted(by_value.items())
        }
    return found


def _percent(share: float | None) -> str:
    return "not known" if share is None else f"{share:.0%}"
