"""Score and advisory take-over time. Neither is a regulated number: a controller may use only the level and the R157 bits."""

from functools import lru_cache

from dms.profiles.rules import ReadinessRules, TakeoverRules
from dms.records import DriverState
from dms.records.words import Readiness


def score(state: DriverState, readiness: Readiness, rules: ReadinessRules) -> float | None:
    """0..1, higher is readier; ``None`` when the readiness is unknown. The bands of the words never overlap upwards."""
    if readiness == "unknown":
        return None
    if readiness == "ready":
        return round(rules.score_ready + (1.0 - rules.score_ready) * state.confidence, 3)
    if readiness == "ready_delayed":
        off = state.attention.eyes_off_road_s or 0.0
        return round(rules.score_not_ready + (rules.score_delayed - rules.score_not_ready) / (1.0 + off), 3)
    return 0.0 if readiness == "unresponsive" else rules.score_not_ready


def takeover_time_s(state: DriverState, readiness: Readiness, rules: TakeoverRules) -> float | None:
    """Advisory seconds until the driver would be in control; ``None`` where nothing supports an estimate."""
    if readiness == "ready":
        return rules.hands_on_s if state.hands_on else rules.hands_off_s
    if readiness != "ready_delayed":
        return None
    seconds = rules.eyes_off_s + rules.eyes_off_growth * (state.attention.eyes_off_road_s or 0.0)
    if state.attention.zone == "phone" or state.warning == "phone":
        seconds += rules.phone_extra_s
    return round(min(seconds, rules.max_s), 2)


def takeover_interval_s(seconds: float | None, rules: TakeoverRules) -> tuple[float, float] | None:
    """Two standard deviations to each side of the advisory time, inside what was ever measured."""
    if seconds is None:
        return None
    return _around(seconds, 2.0 * rules.spread_share * seconds, rules.min_s, rules.max_s)


@lru_cache(maxsize=8)
def _around(seconds: float, spread: float, least: float, most: float) -> tuple[float, float]:
    """Remembers the newest ones: a ready driver's time is always the same."""
    return round(max(least, seconds - spread), 2), round(min(most, seconds + spread), 2)
