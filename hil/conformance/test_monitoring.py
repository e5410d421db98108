"""A driver monitoring on the bus: what it sends, how often, how protected, and how soon it says what it must."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from hil.pytest_plugin.handles import CanBus, Controller

PERIODS_S = {"DMS_TakeoverReady": 0.050, "DMS_DriverState": 0.100, "DMS_Health": 0.5}
LATE = 2.0
"""A gap may be so many periods long."""
FROM_S, TO_S = 4.0, 9.0


@pytest.mark.parametrize("message", PERIODS_S)
def test_message_keeps_its_period(message: str, dms: Any, can_bus: CanBus) -> None:
    dms.advance(TO_S)
    times = [t for t, _ in can_bus.named(message) if t >= FROM_S]
    assert times, f"{message} was never heard"
    assert max(later - sooner for sooner, later in pairwise([FROM_S, *times, TO_S])) <= LATE * PERIODS_S[message]


def test_statement_is_protected(dms: Any, can_bus: CanBus, expect: Callable[[str], Any]) -> None:
    expect("e2e valid by 5 s")
    expect("always e2e valid from 5 s to 9 s")
    counters = [signals["E2E_Cnt"] for _, signals in can_bus.decoded("DMS_TakeoverReady")]
    steps = {(later - sooner) % (max(counters) + 1) for sooner, later in pairwise(counters)}
    assert steps == {1}


def test_statement_is_fresh(expect: Callable[[str], Any]) -> None:
    expect("age_ms <= 150 by 5 s")
    expect("always age_ms <= 150 from 5 s to 9 s")


def test_open_belt_is_not_ready(dms: Any, controller: Controller, expect: Callable[[str], Any]) -> None:
    dms.advance(6.0)
    controller.drive(belt=False)
    expect("ready no within 0.7 s after 6 s")
    expect("never ready yes from 6.7 s to 9 s")


def test_unknown_seat_is_not_ready(dms: Any, controller: Controller, expect: Callable[[str], Any]) -> None:
    dms.advance(6.0)
    controller.drive(seat=None)
    expect("ready no within 0.7 s after 6 s")
    expect("never ready yes from 6.7 s to 9 s")


def test_silent_vehicle_is_not_ready(dms: Any, inject: Callable[..., Any], expect: Callable[[str], Any]) -> None:
    dms.advance(6.0)
    inject("bus_in", "off")
    expect("ready no within 0.7 s after 6 s")
    expect("never ready yes from 6.7 s to 9 s")


def test_takeover_request_is_acknowledged(dms: Any, controller: Controller, expect: Callable[[str], Any]) -> None:
    dms.advance(6.0)
    controller.request_takeover(budget_s=10.0)
    expect("controller takeover_request within 0.1 s after 6 s")
    expect("acknowledged = 1 within 0.2 s after controller takeover_request")
