"""The assessment: observations and vehicle inputs in, DriverState out, on the records' own time line."""

import math

from dms.assessment.aim import Aim
from dms.assessment.arbitration import Warnings
from dms.assessment.availability import AvailabilityCriteria, Movement
from dms.assessment.cycle import CycleMemory, IgnitionCycle
from dms.assessment.health import picture_fault
from dms.assessment.nods import Nods
from dms.assessment.perclos import Perclos
from dms.assessment.picture import UNUSABLE, Picture, PictureReader, sure_head
from dms.assessment.policies.chosen import chosen
from dms.assessment.self_calibration import Moment, SelfCalibration
from dms.assessment.signals import fresh_blinks, fresh_signals
from dms.assessment.sleepiness import Estimator, Sleepiness
from dms.assessment.statement import seen, silent
from dms.assessment.vehicle import VehicleInputs, driver_input
from dms.assessment.wake_up import WakeUpRequest
from dms.assessment.windows import TINY, Tick
from dms.assessment.yawns import Yawns
from dms.assessment.zones import ZoneFilter, ZoneMap
from dms.errors import RecordError
from dms.profiles import Profile
from dms.records import DriverState, Observation, VehicleState
from dms.records.cabin import Cabin, DriverBaseline
from dms.records.words import Zone

LONGEST_TIME_S = 1e9
"""Times beyond this (30 years) lose their milliseconds and are refused."""


class Assessor:
    """Follows one driver through time. Feed records in order of time; each observation gives one state.

    Args:
        profile: thresholds and rules.
        cabin: vehicle file.
        driver: this driver's gaze calibration.
        estimator: tells sleepiness; without one KSS stays unknown.
        memory: what an earlier process remembered of this ignition cycle.
    """

    def __init__(
        self,
        profile: Profile,
        cabin: Cabin,
        driver: DriverBaseline | None = None,
        estimator: Estimator | None = None,
        memory: CycleMemory | None = None,
    ) -> None:
        rules = self._rules = profile.rules
        zones = ZoneMap(cabin, rules.gaze, rules.glance.road_zones, driver, rules.attention)
        self._calibration = SelfCalibration(rules.self_calibration, rules.gaze, cabin, known=driver is not None)
        self._reader = PictureReader(rules, zones, self._calibration)
        self._zone = ZoneFilter(rules.gaze.hysteresis_s)
        self._inputs = VehicleInputs(rules.vehicle)
        self._criteria = AvailabilityCriteria(rules.availability)
        self._head = Movement(rules.availability.head_move_deg, rules.availability.movement_s, directions=True)
        self._body = Movement(rules.availability.body_move_mm, rules.availability.movement_s, directions=False)
        self._estimator = estimator
        self._beside_road = frozenset[Zone]({"other", *rules.attention.mirror_zones})
        """No thing that a driver stares at: a reading there may mean the road next to it."""
        self._now = fresh_signals(rules, estimator)
        if memory is not None:
            self._now.baseline.restore(memory.open_levels)
        self._cycle = IgnitionCycle(rules.lock_out, rules.journey, memory)
        self._warnings = Warnings(chosen(rules, cabin), self._cycle, WakeUpRequest(rules.wake_up))
        self._t: float | None = None
        self._picture_t: float | None = None
        self._start = 0.0

    def step(self, record: Observation | VehicleState) -> DriverState | None:
        """Take the next record.

        An observation gives a state. A vehicle record gives one only when no observation came for ``camera.silence_s``.

        Raises:
            RecordError: time runs backwards, or is too large to keep milliseconds.
        """
        self.check_time(record.t)
        if self._t is None:
            self._start = record.t
        self._t = record.t
        if isinstance(record, Observation):
            return self._observe(record)
        self._inputs_of(record)
        silence = record.t - (self._start if self._picture_t is None else self._picture_t)
        return self._silent(record.t, silence) if silence > self._rules.camera.silence_s + TINY else None

    def check_time(self, t: float) -> None:
        """Could a record of this time come next?

        Raises:
            RecordError: it is before the last one, or not a usable number of seconds.
        """
        if not math.isfinite(t) or abs(t) > LONGEST_TIME_S:
            raise RecordError(f"t = {t} is not a usable time in seconds")
        if self._t is not None and t < self._t:
            raise RecordError(f"time runs backwards, t = {t} after {self._t}")

    def take_inputs(self, state: VehicleState) -> None:
        """Vehicle inputs that come together with a picture: taken without asking whether the camera is silent.

        Raises:
            RecordError: see ``check_time``.
        """
        self.check_time(state.t)
        self._inputs_of(state)

    @property
    def memory_revision(self) -> int:
        """Rises whenever ``memory`` has something new to keep."""
        return self._cycle.revision + self._now.baseline.revision

    def memory(self) -> CycleMemory:
        """What must survive a restart of the process within one ignition cycle; hand it to the next ``Assessor``."""
        return self._cycle.memory(self._start if self._t is None else self._t, self._now.baseline.kept())

    def _inputs_of(self, state: VehicleState) -> None:
        self._inputs.step(state)
        if self._cycle.ignition(state):
            self._now.baseline.reset()
        self._calibration.inputs(state)
        if driver_input(state, self._rules.availability):
            self._criteria.evidence(state.t, "vehicle_input")

    def _observe(self, observation: Observation) -> DriverState:
        now, tick = self._now, self._tick(observation.t)
        fault = picture_fault(observation.image, self._rules.camera)
        picture = UNUSABLE if fault else self._reader.read(observation)
        now.tick, now.picture, now.inputs = tick, picture, self._inputs.at(tick.t)
        now.presence.step(tick, picture.face, now.inputs.seat)
        now.task.step(tick.t, now.inputs)
        now.camera.step(tick, fault, picture.lids.shut is None if picture.face else None, observation.image)
        driver = observation if picture.face else None
        self._follow_lids(tick, picture, driver)
        self._follow_gaze(tick, picture, observation)
        self._warnings.step(now)
        if now.presence.present is False:
            self._forget()
        self._calibration.learn(Moment(tick, observation, picture.face, picture.lids, now.inputs, self._alert))
        availability = self._criteria.state(tick.t, self._collect(tick.t, driver))
        return seen(now, availability, self._warnings, self._cycle.locked_out(tick.t), self._calibration)

    def _tick(self, t: float) -> Tick:
        dt = 0.0 if self._picture_t is None else t - self._picture_t
        self._picture_t = t
        return Tick(t, dt, dt > self._rules.camera.max_gap_s + TINY)

    def _follow_lids(self, tick: Tick, picture: Picture, driver: Observation | None) -> None:
        now, lids = self._now, picture.lids
        now.closure.step(tick, lids.shut)
        now.blinks.step(tick, lids, now.camera.blinks_countable)
        own = None
        if driver is not None and now.presence.present is not False:
            own = now.baseline.step(tick, lids, now.blinks, picture.sight)
        now.perclos.step(tick, lids.shut, own)
        now.lately.step(tick, now.perclos.shut)
        now.nods.step(tick, driver, lids.shut, own)
        now.yawns.step(tick, driver)
        now.sleepiness.step(tick, lids, now.blinks, driver, now.perclos.share)
        if not now.closure.blinking:  # shut eyes look nowhere: through a blink the last look's certainty holds, like its zone
            now.confidence = picture.confidence

    def _follow_gaze(self, tick: Tick, picture: Picture, observation: Observation) -> None:
        """Shut eyes look nowhere: a blink does not end a glance, a longer closure makes the zone unknown."""
        now, sight, late_s = self._now, picture.sight, 0.0
        if tick.gap:
            self._zone.step(tick.t, "unknown")
        if now.closure.blinking:
            pass
        elif now.closure.shut or sight is None:
            self._zone.step(tick.t, "unknown")
            if now.closure.shut:
                now.attention.doubt()
        else:
            late_s = self._zone.step(tick.t, sight.zone, observation.zone is not None)
            now.by_head = sight.by == "head"
        zone = now.zone = self._zone.zone
        hidden, leaving = picture.lids.shut is None, self._zone.since is not None
        away_as_shut = leaving and now.closure.blinking  # on their way elsewhere: nobody knows where to
        off = None if zone == "unknown" or away_as_shut else zone not in self._rules.glance.road_zones
        likely = sight is not None and (sight.on_road or 0.0) >= self._rules.glance.likely_road_min
        now.likely_road = off is None and likely and not now.closure.shut
        now.attention.step(tick, Aim(zone, now.by_head, now.closure.blinking, leaving, hidden, sight, picture.lids.shut is True))
        doubtful = likely and sight is not None and sight.zone in self._beside_road
        now.glances.step(tick, off, late_s, now.likely_road, doubtful, now.attention.another_look)
        if now.buffer is not None:
            now.buffer.step(tick, zone, self._zone.since, late_s)
        seen_phone = None if observation.objects is None else observation.objects.phone
        now.phone = zone == "phone" or (seen_phone is not None and seen_phone >= self._rules.attention.phone_probability)

    def _forget(self) -> None:
        """The driver has left: evidence of one driver says nothing about the next."""
        rules, now = self._rules, self._now
        self._criteria.clear()
        self._calibration.reset()
        now.blinks, now.perclos = fresh_blinks(rules), Perclos(rules.perclos)
        now.nods, now.yawns = Nods(rules.nod), Yawns(rules.yawn)
        now.sleepiness = Sleepiness(rules.drowsiness, rules.perclos, self._estimator)
        now.baseline.left(now.tick.t)

    @property
    def _alert(self) -> bool:
        """Nothing says that the driver is drowsy, has shut eyes or has been looking away for long."""
        return not (self._now.drowsy or self._now.closure.event is not None or self._warnings.warning is not None)

    def _collect(self, t: float, driver: Observation | None) -> int:
        """Note this picture's evidence of availability; returns how many criteria can be monitored now."""
        now, rules = self._now, self._rules.availability
        head = sure_head(driver, rules.head_std_max_deg)
        place = None if head is None else head.position_camera_mm
        if self._head.step(t, None if head is None else head.forward_camera):
            self._criteria.evidence(t, "head_movement")
        if self._body.step(t, place):
            self._criteria.evidence(t, "body_movement")
        if now.closure.shut is False:
            self._criteria.evidence(t, "eye_closure")
        if driver is not None and now.blinks.quick_end is not None:
            self._criteria.evidence(now.blinks.quick_end, "blink")
        eyes = now.closure.shut is not None
        blinks = eyes and now.camera.blinks_countable
        return (driver_input(now.inputs, rules) is not None) + eyes + blinks + (head is not None) + (place is not None)

    def _silent(self, t: float, silence: float) -> DriverState:
        """The camera says nothing: all that comes from it is unknown at once."""
        now, inputs = self._now, self._inputs.at(t)
        now.camera.silent(silence)
        self._warnings.silent(now.inform)
        now.task.step(t, inputs)
        present = False if now.presence.empty(t, inputs.seat) else None
        if present is False:
            self._calibration.reset()
            now.baseline.left(t)
        availability = self._criteria.state(t, int(driver_input(inputs, self._rules.availability) is not None))
        return silent(t, now, inputs, present, availability, self._warnings, self._cycle.locked_out(t))
