"""The policies of a profile: one for each section it has."""

from dms.assessment.policies.awareness import AwarenessTimer
from dms.assessment.policies.base import Policy
from dms.assessment.policies.closures import ShutEyes
from dms.assessment.policies.disengagement import HandsOff, VisualDisengagement
from dms.assessment.policies.distraction import LongGlance, ShortGlances
from dms.assessment.policies.drowsiness import DrowsyDriver
from dms.assessment.policies.low_gaze import LowLook
from dms.profiles.rules import Rules
from dms.records.cabin import Cabin


def chosen(rules: Rules, cabin: Cabin) -> list[Policy]:
    """In no particular order: the arbitration picks by importance."""
    policies: list[Policy] = []
    if rules.closures is not None:
        policies.append(ShutEyes(rules.closures, rules.closure))
    if rules.long_distraction is not None:
        policies.append(LongGlance(rules.long_distraction))
    if rules.short_distraction is not None:
        policies.append(ShortGlances(rules.short_distraction, rules.glance.cumulative_window_s))
    if rules.drowsy is not None:
        policies.append(DrowsyDriver(rules.drowsy))
    if rules.low_gaze is not None:
        policies.append(LowLook(rules.low_gaze, rules.glance, cabin))
    if rules.eyes_on is not None:
        policies.append(VisualDisengagement(rules.eyes_on, rules.glance))
    if rules.hands_on is not None:
        policies.append(HandsOff(rules.hands_on, rules.glance))
    if rules.awareness is not None:
        policies.append(AwarenessTimer(rules.awareness, rules.availability.torque_nm))
    return policies
