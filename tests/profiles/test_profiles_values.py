"""The main numbers of each profile against the requirement rows, written out by hand; and which rules each family has."""

from typing import Any

import pytest

from dms.profiles import available, load_profile

RULES = {
    "un_r157": set(),
    "un_r171_eu": {"eyes_on", "hands_on", "lock_out"},
    "un_r171_cn": {"eyes_on", "hands_on", "lock_out"},
    "eu_ddaw": {"drowsy"},
    "eu_addw": {"low_gaze"},
    "euro_ncap_2023": {"long_distraction", "short_distraction", "closures", "drowsy"},
    "euro_ncap_2026": {"long_distraction", "short_distraction", "closures", "drowsy", "journey"},
}
OPTIONAL = (
    "long_distraction", "short_distraction", "low_gaze", "closures", "drowsy", "eyes_on", "hands_on", "lock_out", "buffer",
    "awareness", "wake_up", "journey",
)  # fmt: skip
MIRRORS = ["rear_mirror", "driver_mirror", "passenger_mirror"]

BOTH_NCAP = {
    "glance.road_zones": ["road"],
    "glance.cumulative_window_s": 30.0, "glance.reset_s": 2.0, "short_distraction.cumulative_s": 10.0,  # NCAP-02
    "long_distraction.warn_s": 3.0,  # NCAP-01
    "long_distraction.unresponsive_s": 6.0, "long_distraction.unresponsive_after_warning_s": 3.0,  # NCAP-04
    "closure.microsleep_s": 1.0, "closure.sleep_s": 3.0, "closure.unresponsive_s": 6.0,  # NCAP-05, NCAP-06, NCAP-04
    "long_distraction.speed_from_kmh": 20.0, "short_distraction.speed_from_kmh": 20.0, "closures.speed_from_kmh": 20.0,  # NCAP-08
    "drowsy.speed_from_kmh": 50.0, "drowsy.kss_from": 7.0,  # NCAP-07
    "long_distraction.release_s": 1.0, "short_distraction.release_s": 2.0,  # NCAP-09
}  # fmt: skip
BOTH_R171 = {
    "glance.road_zones": ["road", *MIRRORS, "driver_window", "passenger_window"], "glance.flicker_s": 0.2,  # R171-01, R171-07
    "eyes_on.request_s": 5.0, "eyes_on.escalate_s": 3.0, "eyes_on.control_alert_s": 5.0, "eyes_on.unavailable_s": 10.0,
    "eyes_on.speed_from_kmh": 10.0, "hands_on.speed_from_kmh": 10.0,
    "hands_on.request_s": 5.0, "hands_on.request_eyes_on_s": 10.0, "hands_on.unavailable_s": 10.0,
}  # fmt: skip
GOLDEN: dict[str, dict[str, Any]] = {
    "un_r157": {
        "presence.absent_after_s": 1.0, "availability.window_s": 30.0, "availability.valid_min": 2, "attention.confirm_s": 0.3,
        "attention.road_zones": ["road"], "attention.mirror_zones": MIRRORS,
    },
    "un_r171_eu": {**BOTH_R171, "hands_on.escalate_s": 10.0, "lock_out.responses": 2},
    "un_r171_cn": {
        **BOTH_R171, "hands_on.escalate_s": 3.0, "lock_out.responses": 1, "lock_out.control_alerts": 2, "lock_out.escalated": 3,
        "lock_out.escalated_hold_s": 10.0, "lock_out.lock_s": 1800.0, "lock_out.window_s": 1800.0,
    },
    "eu_ddaw": {"drowsy.speed_from_kmh": 70.0, "drowsy.kss_from": 8.0},
    "eu_addw": {
        "low_gaze.below_deg": 30.0, "low_gaze.side_deg": 55.0, "low_gaze.window_margin_deg": 10.0,
        "low_gaze.slow_from_kmh": 20.0, "low_gaze.slow_s": 6.0, "low_gaze.fast_from_kmh": 50.0, "low_gaze.fast_s": 3.5,
        "low_gaze.degraded_extra_s": 0.0, "low_gaze.flicker_s": 0.3, "camera.fps_timing_min": 20.0,
    },
    "euro_ncap_2023": BOTH_NCAP,
    "euro_ncap_2026": {
        **BOTH_NCAP, "journey.measure_after_s": 0.0, "journey.measure_from_kmh": 10.0, "journey.suppress_transient": False,
    },
}  # fmt: skip
"""Rows in the order of the profile files."""

LEGAL: dict[str, dict[str, tuple[Any, Any]]] = {
    "un_r157": {"availability.window_s": (5.0, 30.0), "presence.absent_after_s": (0.1, 1.0)},
    "un_r171_eu": {"eyes_on.request_s": (1.0, 5.0), "eyes_on.escalate_s": (0.5, 3.0), "lock_out.responses": (1, 2)},
    "un_r171_cn": {"hands_on.escalate_s": (0.5, 3.0), "lock_out.responses": (1, 1), "eyes_on.request_s": (1.0, 5.0)},
    "eu_ddaw": {"drowsy.kss_from": (7.0, 8.0), "drowsy.speed_from_kmh": (0.0, 70.0)},
    "eu_addw": {"low_gaze.fast_s": (1.0, 3.5), "low_gaze.slow_s": (1.0, 6.0), "low_gaze.degraded_extra_s": (0.0, 1.5)},
    "euro_ncap_2023": {"long_distraction.warn_s": (1.0, 4.0), "closure.sleep_s": (3.0, 3.0)},
    "euro_ncap_2026": {"closure.microsleep_s": (1.0, 2.0), "journey.measure_after_s": (0.0, 60.0)},
}


def test_every_family_profile_stands_in_the_tables() -> None:
    assert set(RULES) == set(GOLDEN) == set(LEGAL) == set(available()) - {"l3_default", "openpilot_ref"}


@pytest.mark.parametrize("name", RULES)
def test_a_profile_has_only_the_rules_of_its_family(name: str) -> None:
    rules = load_profile(name).rules
    assert {section for section in OPTIONAL if getattr(rules, section) is not None} == RULES[name]


@pytest.mark.requirement("P-01")
@pytest.mark.parametrize("name", GOLDEN)
def test_main_numbers(name: str) -> None:
    settings = load_profile(name).settings
    assert {key: settings[key].value for key in GOLDEN[name]} == GOLDEN[name]


@pytest.mark.parametrize("name", LEGAL)
def test_legal_ranges(name: str) -> None:
    settings = load_profile(name).settings
    assert {key: settings[key].range for key in LEGAL[name]} == LEGAL[name]


def test_R171_chain_is_5_8_13_18_seconds() -> None:
    for name in ("un_r171_eu", "un_r171_cn"):
        eyes = load_profile(name).rules.eyes_on
        assert eyes is not None
        request, escalated = eyes.request_s, eyes.request_s + eyes.escalate_s
        alert = escalated + eyes.control_alert_s
        assert (request, escalated, alert, escalated + eyes.unavailable_s) == (5.0, 8.0, 13.0, 18.0)


def test_l3_default_has_the_families_side_by_side() -> None:
    rules = load_profile("l3_default").rules
    for section in ("long_distraction", "short_distraction", "low_gaze", "closures", "drowsy"):
        assert getattr(rules, section) is not None, section
    assert rules.availability == load_profile("un_r157").rules.availability
