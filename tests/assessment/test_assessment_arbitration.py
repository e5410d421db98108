"""One warning at a time, with the requests of all rules that hold."""

import itertools
from collections.abc import Sequence

import pytest
from moments import moment

from dms.assessment.arbitration import ORDER, Warnings, joined
from dms.assessment.cycle import IgnitionCycle
from dms.assessment.policies.base import Demand
from dms.assessment.signals import Signals
from dms.assessment.wake_up import WakeUpRequest
from dms.records import Requests


class Told:
    """A policy that demands what it was told."""

    def __init__(self, *demands: Demand) -> None:
        self.demands: Sequence[Demand] = demands

    def step(self, now: Signals) -> Sequence[Demand]:
        return self.demands


def arbitrated(policies: list[Told]) -> Warnings:
    return Warnings(policies, IgnitionCycle(None, None), WakeUpRequest(None))


@pytest.mark.requirement("P-17")
def test_P17_order_of_the_classes() -> None:
    named = [name for name in ORDER if name not in ("phone", "hands_off", "camera")]
    assert named == ["unresponsive", "sleep", "microsleep", "long_distraction", "short_distraction", "drowsy"]


@pytest.mark.parametrize(("one", "two"), itertools.combinations(ORDER[:-1], 2))
@pytest.mark.requirement("GSR-02", "P-17")
def test_GSR02_only_the_more_important_of_two_is_given(one: str, two: str) -> None:
    warnings = arbitrated([Told(Demand(two, 3, "b")), Told(Demand(one, 1, "a"))])  # type: ignore[arg-type]
    warnings.step(moment())
    assert (warnings.warning, warnings.stage) == (one, 1)


def test_the_highest_stage_of_one_class_is_given() -> None:
    warnings = arbitrated([Told(Demand("long_distraction", 1, "a")), Told(Demand("long_distraction", 2, "b"))])
    warnings.step(moment())
    assert (warnings.warning, warnings.stage) == ("long_distraction", 2)


def test_silence_holds_what_was_demanded_and_adds_the_camera() -> None:
    told = Told(Demand("drowsy", 1, "a"))
    warnings = arbitrated([told])
    warnings.step(moment())
    told.demands = ()
    warnings.silent(inform=True)
    assert [(demand.warning, demand.stage) for demand in warnings.demands] == [("drowsy", 1), ("camera", 1)]
    warnings.step(moment())
    assert warnings.warning is None and warnings.stage == 0 and warnings.requests == Requests()


def test_requests_join_to_the_strongest_of_each() -> None:
    both = joined([Requests(eyes_on=2, wake_up=1), Requests(hands_on=1, safe_stop=True)])
    assert both == Requests(hands_on=1, eyes_on=2, safe_stop=True, wake_up=1)
