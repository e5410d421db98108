"""Vehicle inputs with their time-out: old is unknown, never the last good value."""

from dms.assessment.windows import TINY
from dms.profiles.rules import AvailabilityRules, VehicleRules
from dms.records import VehicleState


class VehicleInputs:
    """The newest vehicle record, as long as it is fresh."""

    def __init__(self, rules: VehicleRules) -> None:
        self._rules = rules
        self._newest: VehicleState | None = None

    def step(self, state: VehicleState) -> None:
        """Take a new record; what it leaves out is unknown."""
        self._newest = state

    def at(self, t: float) -> VehicleState:
        """Inputs valid at ``t``: the newest record, or all unknown after the time-out."""
        newest = self._newest
        if newest is None or t - newest.t > self._rules.timeout_s + TINY:
            return VehicleState(t=t)
        return newest


def driver_input(state: VehicleState, rules: AvailabilityRules) -> bool | None:
    """Does the driver work a control only the driver has? ``None`` when no such input is known."""
    torque, hands = state.steering_torque_nm, state.hands_on if rules.hands_on_counts else None
    if state.brake or hands or (torque is not None and abs(torque) >= rules.torque_nm):
        return True
    return None if state.brake is None and hands is None and torque is None else False
