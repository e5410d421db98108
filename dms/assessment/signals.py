"""The running measures of one driver, and what the newest picture adds: what policies, causes and the statement read."""

from dataclasses import dataclass, field

from dms.assessment.attention import Attentiveness
from dms.assessment.blinks import Blinks
from dms.assessment.buffer import AttentionBuffer
from dms.assessment.closure import Closure, LatelyShut
from dms.assessment.glance import Glances
from dms.assessment.health import CameraWatch
from dms.assessment.nods import Nods
from dms.assessment.open_baseline import OpenBaseline
from dms.assessment.perclos import Perclos
from dms.assessment.picture import UNUSABLE, Picture
from dms.assessment.presence import Presence
from dms.assessment.sleepiness import Estimator, Sleepiness
from dms.assessment.time_on_task import TimeOnTask
from dms.assessment.windows import Tick
from dms.assessment.yawns import Yawns
from dms.assessment.zones import Sight
from dms.profiles.rules import Rules
from dms.records import VehicleState
from dms.records.words import HealthState, Zone

_NEVER = Tick(0.0, 0.0, True)


@dataclass(slots=True)
class Signals:
    """Lasting measures, then the fields of one moment. Only the assessor writes.

    Attributes:
        camera: can it be judged by.
        presence: is the driver there.
        closure: lids over time.
        blinks: blinks and closures.
        baseline: how far this driver's eyes are open when awake.
        perclos: share of shut eyes in the last minute.
        lately: shut for most of the last seconds.
        sleepiness: KSS where an estimator tells it.
        glances: eyes off the road.
        attention: attentive, and by which criterion.
        nods: of the head, support only.
        yawns: support only.
        task: time on task.
        buffer: attention left, where the profile asks for it.
        tick: now.
        inputs: vehicle inputs, all unknown when too old.
        picture: what the newest picture shows.
        zone: filtered zone.
        by_head: the head stands in for the eyes.
        likely_road: not known what is looked at, but likelier the road than not.
        phone: a phone is looked at or in view.
        confidence: worth of the newest look with open eyes.
    """

    camera: CameraWatch
    presence: Presence
    closure: Closure
    blinks: Blinks
    baseline: OpenBaseline
    perclos: Perclos
    lately: LatelyShut
    sleepiness: Sleepiness
    glances: Glances
    attention: Attentiveness
    nods: Nods
    yawns: Yawns
    task: TimeOnTask
    buffer: AttentionBuffer | None = None
    tick: Tick = _NEVER
    inputs: VehicleState = field(default_factory=lambda: VehicleState(t=0.0))
    picture: Picture = UNUSABLE
    zone: Zone = "unknown"
    by_head: bool = False
    likely_road: bool = False
    phone: bool = False
    confidence: float = 0.0

    @property
    def face(self) -> bool | None:
        """Is the driver's face seen; ``None`` when the picture cannot be judged."""
        return self.picture.face

    @property
    def sight(self) -> Sight | None:
        """Line of sight of this picture."""
        return self.picture.sight

    @property
    def health(self) -> HealthState:
        """Of the camera."""
        return self.camera.health.state

    @property
    def inform(self) -> bool:
        """The view has been too poor for too long."""
        return self.camera.inform

    @property
    def drowsy(self) -> bool | None:
        """The lids say that the driver is drowsy; ``None``: too little was seen of them to rule it out."""
        return self.perclos.drowsy or self.lately.mostly or (None if self.perclos.possible else False)


def fresh_signals(rules: Rules, estimator: Estimator | None) -> Signals:
    """Measures that have seen nothing yet."""
    return Signals(
        CameraWatch(rules.camera), Presence(rules.presence), Closure(rules.closure), fresh_blinks(rules),
        OpenBaseline(rules.open_baseline), Perclos(rules.perclos), LatelyShut(rules.perclos),
        Sleepiness(rules.drowsiness, rules.perclos, estimator), Glances(rules.glance),
        Attentiveness(rules.attention, rules.glance), Nods(rules.nod), Yawns(rules.yawn), TimeOnTask(rules.task),
        None if rules.buffer is None else AttentionBuffer(rules.buffer, rules.glance.road_zones),
    )  # fmt: skip


def fresh_blinks(rules: Rules) -> Blinks:
    """No blink seen yet."""
    return Blinks(rules.blink, rules.closure.blink_max_s, rules.eyes.shut_openness)
