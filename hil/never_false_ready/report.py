"""A campaign's result for people and for machines."""

from collections.abc import Iterator
from typing import Any

from hil.never_false_ready.campaign import AIM_WARNINGS_PER_HOUR, Figures, Result
from hil.never_false_ready.judge import Episode
from hil.never_false_ready.truth import REACTION_S

SHOWN = 8
"""Lines of the worst for people; machines get all that were kept."""


def as_plain(result: Result) -> dict[str, Any]:
    """For ``--json``. ``null`` where nothing could be measured."""
    return {
        "schema": "dms.never_false_ready/1", "profile": result.profile, "seed": result.seed, "plant": result.plant,
        "reaction_s": REACTION_S, "aim_met": result.aim_met, **_figures(result.total),
        "families": {name: _figures(found) for name, found in result.families.items() if found.drives},
        "by_calibration": {name: _figures(found) for name, found in result.by_calibration.items() if found.drives},
        "causes": {name: {"seconds": round(s, 3), "stretches": n} for name, (s, n) in _by_seconds(result)},
        "false_warnings_by_class": dict(result.warnings.most_common()),
        "worst": [_episode(episode) for episode in result.worst], "warned": [_episode(episode) for episode in result.warned],
        "failures": result.failures,
    }  # fmt: skip


def _figures(found: Figures) -> dict[str, Any]:
    rate, bound, share, warned = found.warnings_per_hour, found.warnings_per_hour_bound, found.found, found.warned
    return {
        "drives": found.drives, "hours": round(found.seconds / 3600, 3), "pictures": found.pictures,
        "false_ready_s": round(found.false_ready_s, 3), "false_ready_stretches": found.false_ready_count,
        "ready_share": round(found.ready_s / max(1e-9, found.seconds), 4),
        "truly_ready_share": round(found.truly_ready_s / max(1e-9, found.seconds), 4),
        "truly_ready_called_ready": None if share is None else round(share, 4),
        "attentive_hours": round(found.attentive_s / 3600, 3), "false_warnings": found.false_warnings,
        "false_warnings_per_hour": None if rate is None else round(rate, 4),
        "false_warnings_per_hour_below": None if bound is None else round(bound, 4), "failed_drives": found.failed,
        "long_looks": found.long_looks, "long_looks_warned": None if warned is None else round(warned, 4),
    }  # fmt: skip


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "scenario": episode.drive, "family": episode.family, "t": episode.t, "seconds": episode.seconds,
        "cause": episode.cause, "said": episode.said,
    }  # fmt: skip


def _by_seconds(result: Result) -> list[tuple[str, list[float]]]:
    return sorted(result.causes.items(), key=lambda item: -item[1][0])


def lines(result: Result) -> Iterator[str]:
    """For people."""
    plant = f", bug planted: {result.plant}" if result.plant else ""
    total = result.total
    yield f"never false ready: profile {result.profile}, seed {result.seed}, reaction bound {REACTION_S} s{plant}"
    yield "simulated drives at signal level; errors as the engine cards measured them, see hil/never_false_ready/error_model.py"
    yield ""
    heads = ("false ready", "ready found", "looks warned", "attentive h", "false warn.")
    yield f"{'family':<16}{'hours':>9}" + "".join(f"{text:>13}" for text in heads) + f"{'per hour':>10}"
    for name, found in [*result.families.items(), *result.by_calibration.items()]:
        if found.drives:
            yield _row(name, found)
    yield _row("all", total)
    yield ""
    yield from _causes(result)
    yield from _worst(result)
    yield from _verdict(result)


def _row(name: str, found: Figures) -> str:
    share = "-" if found.found is None else f"{found.found:.1%}"
    warned = "-" if found.warned is None else f"{found.warned:.1%}"
    rate = "-" if found.warnings_per_hour is None else f"{found.warnings_per_hour:.3f}"
    ready = f"{found.false_ready_s:.2f} s"
    return (
        f"{name:<16}{found.seconds / 3600:>9.2f}{ready:>13}{share:>13}{warned:>13}{found.attentive_s / 3600:>13.2f}"
        f"{found.false_warnings:>13}{rate:>10}"
    )


def _causes(result: Result) -> Iterator[str]:
    if result.causes:
        yield "false ready by cause"
        for name, (seconds, stretches) in _by_seconds(result)[:SHOWN]:
            yield f"  {seconds:9.2f} s in {stretches:.0f} stretches: {name}"
    if result.warnings:
        yield "false warnings: " + ", ".join(f"{name} x{number}" for name, number in result.warnings.most_common())


def _worst(result: Result) -> Iterator[str]:
    if result.worst:
        yield "longest stretches (dms hil never-false-ready --scenario SEED:NUMBER --out FILE.jsonl makes the stream)"
        for e in result.worst[:SHOWN]:
            yield f"  {e.seconds:6.2f} s  {e.drive:<10} t={e.t:<9.3f} {e.family}: {e.cause}"
    if result.warned:
        yield "first false warnings"
        for e in result.warned[:SHOWN]:
            yield f"  {e.cause:<18} {e.drive:<10} t={e.t:<9.3f} {e.family}: {e.said}"
    for failure in result.failures:
        yield f"exception in drive {failure}"


def _verdict(result: Result) -> Iterator[str]:
    total = result.total
    rate, bound = total.warnings_per_hour, total.warnings_per_hour_bound
    yield (
        f"false ready {total.false_ready_s:.2f} s in {total.seconds / 3600:.1f} h (aim 0); "
        + ("no attentive time" if rate is None or bound is None else f"false warnings {rate:.3f} per attentive hour")
        + ("" if bound is None else f", below {bound:.3f} with 95 % confidence (aim {AIM_WARNINGS_PER_HOUR:g})")
    )
    yield "aim met" if result.aim_met else "aim missed"
