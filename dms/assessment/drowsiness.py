"""The state record's part ``drowsiness`` from the running measures."""

from functools import lru_cache
from typing import Literal

from dms.assessment.open_baseline import State
from dms.assessment.signals import Signals
from dms.assessment.sleepiness import Estimate
from dms.records import Blink, Drowsiness, Foretold

Alertness = Literal["alert", "doubtful", "drowsy"]


def drowsiness(now: Signals) -> Drowsiness:
    """After a picture; KSS, what is foretold and blink statistics only where the frame rate allows them (MET-11)."""
    perclos, own, blinks, task = now.perclos, now.perclos.own_level, now.blinks, now.task
    countable = now.camera.blinks_countable
    told = now.sleepiness.estimate if countable else None
    return _record(
        told, _rounded(perclos.share), _rounded(blinks.mean_closure_s) if countable else None, now.closure.event,
        blinks.count, blinks.last, blinks.lately if countable else None,
        _alertness(now), now.baseline.state, now.baseline.millimetres,
        own.p80.short, own.p80.long, own.p70.short, own.p70.long,
        perclos.long_count, perclos.long_share, now.nods.count, now.yawns.count,
        _whole(task.driven_s), _whole(task.since_break_s),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _record(
    told: Estimate | None, share: float | None, mean_closure_s: float | None, event: str | None,
    blinks: int, last: Blink | None, lately: int | None,
    alertness: Alertness | None, baseline: State | None, baseline_mm: float | None,
    p80_60s: float | None, p80_180s: float | None, p70_60s: float | None, p70_180s: float | None,
    long_closures: int | None, long_share: float | None, nods: int, yawns: int,
    driven_s: float | None, since_break_s: float | None,
) -> Drowsiness:  # fmt: skip
    """Remembers the newest ones: most pictures of open eyes change nothing in it."""
    return Drowsiness(
        kss=None if told is None else round(told.kss, 2), kss_std=None if told is None else round(told.std, 2),
        foretold=None if told is None else _foretold(told),
        perclos_60s=share, mean_closure_s=mean_closure_s, event=event, blinks_total=blinks, last_blink=last, blinks_60s=lately,
        alertness=alertness, baseline=baseline, baseline_mm=baseline_mm,
        p80_60s=p80_60s, p80_180s=p80_180s, p70_60s=p70_60s, p70_180s=p70_180s,
        long_closures_60s=long_closures, long_closure_share_60s=long_share, nods_total=nods, yawns_total=yawns,
        driven_s=driven_s, since_break_s=since_break_s,
    )  # fmt: skip


def unseen_drowsiness(now: Signals) -> Drowsiness:
    """While the camera is silent: what was counted, and what the vehicle tells."""
    return Drowsiness(
        blinks_total=now.blinks.count, last_blink=now.blinks.last, nods_total=now.nods.count, yawns_total=now.yawns.count,
        driven_s=_whole(now.task.driven_s), since_break_s=_whole(now.task.since_break_s),
    )  # fmt: skip


def _alertness(now: Signals) -> Alertness | None:
    """What can be said in words; alert needs eyes that are seen, and the driver's own open level (DDAW-09)."""
    if now.drowsy:
        return "drowsy"
    if now.drowsy is None or now.perclos.doubtful or now.closure.event is not None or now.sleepiness.sleepy:
        return "doubtful"
    known = now.perclos.share is not None and now.perclos.shut is not None and now.baseline.state == "frozen"
    return "alert" if known else None


def _rounded(value: float | None) -> float | None:
    return value if value is None or value == 0.0 else round(value, 4)


def _whole(seconds: float | None) -> float | None:
    return None if seconds is None else float(int(seconds))


def _foretold(told: Estimate) -> Foretold:
    return Foretold(microsleep=round(told.microsleep, 3), sleep=round(told.sleep, 3), nod=round(told.nod, 3))
