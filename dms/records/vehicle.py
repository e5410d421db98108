"""VehicleState: what the car says about itself; schema ``dms.vehicle/1``. A missing or null input is unknown."""

from typing import Annotated

import msgspec

from dms.records.base import Part, Seconds, Speed
from dms.records.words import Gear, Ignition, L3State


class VehicleState(Part, frozen=True, kw_only=True, tag_field="schema", tag="dms.vehicle/1"):
    """Vehicle inputs valid at time ``t``."""

    t: Seconds
    speed_kmh: Speed | None = None
    gear: Gear | None = None
    l3_state: L3State | None = None
    belt: bool | None = None
    seat: bool | None = None
    hands_on: bool | None = None
    steering_torque_nm: Annotated[float, msgspec.Meta(ge=-100, le=100)] | None = None
    brake: bool | None = None
    ignition: Ignition | None = None
    takeover_request_count: Annotated[int, msgspec.Meta(ge=0, le=15)] | None = None
    """Counter of the handover controller's requests; echoed on the bus."""
    acknowledged: bool | None = None
    """The driver has acknowledged a warning (button, voice) since the record before."""
    steering_angle_deg: Annotated[float, msgspec.Meta(ge=-2000, le=2000)] | None = None
    """Of the steering wheel, positive to the left as in ISO 8855."""
