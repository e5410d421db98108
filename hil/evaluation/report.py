"""The result of an evaluation for people."""

from collections.abc import Iterator
from typing import Any


def lines(result: dict[str, Any]) -> Iterator[str]:
    """One after the other."""
    yield f"{result['trials']} trials of {result['participants']} participants, profile {result['profile']}"
    if result["drowsy"] is not None:
        yield from _drowsy(result["drowsy"])
    events = {name: tally for name, tally in result["functions"].items() if name != "drowsy"}
    if events:
        heads = f"{'trials':>7}{'passed':>8}{'informed':>10}{'failed':>8}{'rate above':>12}{'delay mean, max (s)':>22}"
        yield f"{'function':<14}{heads}"
    for name, tally in events.items():
        yield _function(name, tally)
    yield from _table(result["locations"])
    yield from _conditions(result["conditions"])
    false = result["false_warnings"]
    if false["hours"]:
        yield (
            f"attentive: {false['count']} false warnings in {false['hours']:.2f} h; with 95 % confidence under "
            f"{false['per_hour_below']:.2f} an hour"
        )
    points = result["points"]
    told = ", ".join(f"{name} {value:g}" for name, value in points["given"].items())
    yield f"points of the 2023 scheme: {points['total']:g} of {points['of']:g} ({told})"
    for one in result["excluded"]:
        yield f"excluded: {one['participant']} {one['function']} {one['where']}: {one['why']}"
    for reason in result["unmet"]:
        yield f"below: {reason}"
    yield "met" if result["met"] else "not met"


def _function(name: str, tally: dict[str, Any]) -> str:
    delay = "-" if tally["delay_mean_s"] is None else f"{tally['delay_mean_s']:.2f}, {tally['delay_max_s']:.2f}"
    counts = f"{tally['trials']:>7}{tally['passed']:>8}{tally['informed']:>10}{tally['failed']:>8}"
    return f"{name:<14}{counts}{tally['pass_rate_above']:>11.1%} {delay:>21}"


def _drowsy(found: dict[str, Any]) -> Iterator[str]:
    yield f"{'participant':<14}{'true pos.':>10}{'false neg.':>11}{'sensitivity':>13}{'false warn.':>12}{'excluded':>10}"
    for one in found["participants"]:
        share = "no case" if one["sensitivity"] is None else f"{one['sensitivity']:.0%}"
        counts = (
            f"{one['true_positives']:>10}{one['false_negatives']:>11}{share:>13}{one['false_warnings']:>12}{one['excluded']:>10}"
        )
        yield f"{one['participant']:<14}{counts}"
    for name, part in {"all": found, **found["by_light"]}.items():
        if part["mean"] is not None:
            bound = "not known" if part["lower_bound_90"] is None else f"{part['lower_bound_90']:.0%}"
            yield (
                f"sensitivity, {name}: mean {part['mean']:.0%}, standard deviation {part['std']:.0%}, "
                f"lower bound {bound} (one-sided 90 %), {part['with_cases']} participants"
            )


def _table(rows: list[dict[str, Any]]) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for row in rows:
        told = f"{row['location']} {row['passed']}/{row['trials']}" if row["trials"] else f"{row['location']} not tested"
        groups.setdefault(f"{row['function']} {row['scenario']} {row['movement']}", []).append(told)
    for name, places in groups.items():
        yield f"  {name}: {', '.join(places)}"


def _conditions(found: dict[str, Any]) -> Iterator[str]:
    for key, values in found.items():
        cells = []
        for value, functions in values.items():
            passed, of = (sum(tally[part] for tally in functions.values()) for part in ("passed", "trials"))
            cells.append(f"{value} {passed}/{of}")
        yield f"by {key}: {', '.join(cells)} passed"
