"""A Level 3 controller: what it makes of a lost, damaged, short or repeated statement, and when it asks the driver back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

FAULT_S = 6.0
BELIEF_S = 0.25
"""After so long without a good statement "ready" must not be believed."""
WARNING_S, DEMAND_S = 0.5, 15.5
"""The driver is not known to be available: a warning at once, a transition demand after 15 s at most (R157-05)."""


@pytest.mark.parametrize(
    ("failure", "how"),
    [("off", {}), ("stuck", {}), ("garbage", {}), ("wrong", {}), ("slow", {"every": 15})],
    ids=["absent", "repeated", "corrupt", "short", "rare"],
)
def test_bad_statement_is_not_ready_and_asks_the_driver_back(
    failure: str, how: dict[str, Any], dms: Any, inject: Callable[..., Any], expect: Callable[[str], Any]
) -> None:
    dms.advance(FAULT_S)
    assert dms.timeline.at("controller", FAULT_S) == "active"
    inject("bus_out", failure, **how)
    expect(f"ready no within {BELIEF_S} s after {FAULT_S} s")
    expect(f"never ready yes from {FAULT_S + BELIEF_S} s to {FAULT_S + 4} s")
    expect(f"controller.warning yes within {WARNING_S} s after {FAULT_S} s")
    expect(f"controller takeover_request within {DEMAND_S} s after {FAULT_S} s")


@pytest.mark.parametrize("zeros", [b"\x00", b"\xff"], ids=["all zero", "not available"])
def test_frame_of_one_value_is_not_ready(zeros: bytes, dms: Any, expect: Callable[[str], Any]) -> None:
    name = "DMS_TakeoverReady"
    wanted = dms.layout[name].can_id
    dms.advance(FAULT_S)
    dms.seams.bus_out.add(
        lambda frame, t: [(replace(frame, data=zeros * len(frame.data)) if frame.can_id == wanted else frame, 0.0)]
    )
    expect(f"ready no within {BELIEF_S} s after {FAULT_S} s")
    expect(f"never ready yes from {FAULT_S + BELIEF_S} s to {FAULT_S + 2} s")


@pytest.mark.dms_scenario("takeover_asleep")
def test_nobody_answers_a_demand(dms: Any, expect: Callable[[str], Any]) -> None:
    expect("controller.phase escalation between 3.9 s and 4.1 s after controller takeover_request")
    expect("controller minimum_risk between 9.9 s and 10.1 s after controller takeover_request")
