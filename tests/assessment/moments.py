"""Signals of one moment for tests of single policies."""

from dms.assessment.closure import Closure, LatelyShut, Perclos
from dms.assessment.glance import Glances
from dms.assessment.signals import Signals
from dms.assessment.sleepiness import Sleepiness
from dms.assessment.windows import Tick
from dms.profiles import load_profile
from dms.records import VehicleState

RULES = load_profile("l3_default").rules


def moment(t: float = 0.0) -> Signals:
    """Fresh measures that have seen nothing yet."""
    return Signals(
        Closure(RULES.closure), Glances(RULES.glance), Perclos(RULES.perclos), LatelyShut(RULES.perclos),
        Sleepiness(RULES.drowsiness, RULES.perclos, None), Tick(t, 0.0, True), VehicleState(t=t),
    )  # fmt: skip
