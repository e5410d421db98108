"""Signals of one moment for tests of single policies."""

from dms.assessment.signals import Signals, fresh_signals
from dms.assessment.windows import Tick
from dms.profiles import load_profile

RULES = load_profile("l3_default").rules


def moment(t: float = 0.0) -> Signals:
    """Fresh measures that have seen nothing yet."""
    now = fresh_signals(RULES, None)
    now.tick = Tick(t, 0.0, True)
    return now
