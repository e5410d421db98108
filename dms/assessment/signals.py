"""What the policies read: the running measures of one driver, and what the newest picture adds to them."""

from dataclasses import dataclass

from dms.assessment.closure import Closure, LatelyShut, Perclos
from dms.assessment.glance import Glances
from dms.assessment.sleepiness import Sleepiness
from dms.assessment.windows import Tick
from dms.assessment.zones import Sight
from dms.records import VehicleState
from dms.records.words import HealthState, Zone


@dataclass(slots=True)
class Signals:
    """Lasting measures, and the fields of one moment; policies only read.

    Attributes:
        closure: lids over time.
        glances: eyes off the road.
        perclos: share of shut eyes in the last minute.
        lately: shut for most of the last seconds.
        sleepiness: KSS where an estimator tells it.
        tick: now.
        inputs: vehicle inputs, all unknown when too old.
        face: is the driver's face seen; ``None`` when the picture cannot be judged.
        zone: filtered zone.
        sight: line of sight of this picture, ``None`` when it has none.
        by_head: the head stands in for the eyes.
        phone: a phone is looked at or in view.
        health: of the camera.
        inform: the view has been too poor for too long.
    """

    closure: Closure
    glances: Glances
    perclos: Perclos
    lately: LatelyShut
    sleepiness: Sleepiness
    tick: Tick
    inputs: VehicleState
    face: bool | None = None
    zone: Zone = "unknown"
    sight: Sight | None = None
    by_head: bool = False
    phone: bool = False
    health: HealthState = "init"
    inform: bool = False
