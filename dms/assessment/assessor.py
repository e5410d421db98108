"""The assessment: observations and vehicle inputs in, DriverState out, on the records' own time line."""

import math
from typing import NamedTuple

from dms.assessment.arbitration import Warnings
from dms.assessment.attention import Attentiveness
from dms.assessment.availability import AvailabilityCriteria, Movement
from dms.assessment.blinks import Blinks
from dms.assessment.causes import Findings, causes
from dms.assessment.closure import Closure, LatelyShut, Perclos
from dms.assessment.eyes import UNSEEN, Lids, judge_lids
from dms.assessment.glance import Glances
from dms.assessment.health import CameraWatch, picture_fault
from dms.assessment.policies.chosen import chosen
from dms.assessment.presence import Presence, face_seen
from dms.assessment.self_calibration import Moment, SelfCalibration
from dms.assessment.signals import Signals
from dms.assessment.sleepiness import Estimate, Estimator, Sleepiness
from dms.assessment.vehicle import VehicleInputs, driver_input
from dms.assessment.windows import TINY, Tick
from dms.assessment.zones import Sight, ZoneFilter, ZoneMap
from dms.errors import RecordError
from dms.profiles import Profile
from dms.records import Attention, DriverState, Drowsiness, Foretold, Head, Observation, VehicleState
from dms.records.cabin import Cabin, DriverBaseline

LONGEST_TIME_S = 1e9
"""Times beyond this (30 years) lose their milliseconds and are refused."""


class Look(NamedTuple):
    """What one picture shows of the driver; everything unknown where the picture cannot be used."""

    face: bool | None = None
    lids: Lids = UNSEEN
    sight: Sight | None = None
    confidence: float = 0.0


class Assessor:
    """Follows one driver through time. Feed records in order of time; each observation gives one state.

    ``estimator`` tells sleepiness; without one KSS stays unknown.
    """

    def __init__(
        self, profile: Profile, cabin: Cabin, driver: DriverBaseline | None = None, estimator: Estimator | None = None
    ) -> None:
        rules = profile.rules
        self._rules = rules
        self._map = ZoneMap(cabin, rules.gaze, rules.glance.road_zones, driver)
        self._calibration = SelfCalibration(rules.self_calibration, rules.gaze, cabin, known=driver is not None)
        self._zone = ZoneFilter(rules.gaze.hysteresis_s)
        self._inputs = VehicleInputs(rules.vehicle)
        self._presence = Presence(rules.presence)
        self._camera = CameraWatch(rules.camera)
        self._closure = Closure(rules.closure)
        self._blinks = self._new_blinks()
        self._perclos = Perclos(rules.perclos)
        self._estimator = estimator
        self._sleepiness = self._new_sleepiness()
        self._lately = LatelyShut(rules.perclos)
        self._glances = Glances(rules.glance)
        self._attention = Attentiveness(rules.attention, rules.glance)
        self._criteria = AvailabilityCriteria(rules.availability)
        self._head = Movement(rules.availability.head_move_deg, rules.availability.movement_s, directions=True)
        self._body = Movement(rules.availability.body_move_mm, rules.availability.movement_s, directions=False)
        self._warnings = Warnings(chosen(rules))
        self._now = Signals(
            self._closure, self._glances, self._perclos, self._lately, self._sleepiness, Tick(0.0, 0.0, True), VehicleState(t=0.0)
        )
        self._confidence_held = 0.0
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

    def _inputs_of(self, state: VehicleState) -> None:
        self._inputs.step(state)
        self._calibration.inputs(state)
        if driver_input(state, self._rules.availability):
            self._criteria.evidence(state.t, "vehicle_input")

    def _observe(self, observation: Observation) -> DriverState:
        tick = self._tick(observation.t)
        fault = picture_fault(observation.image, self._rules.camera)
        look = Look() if fault else self._look(observation)
        inputs = self._inputs.at(tick.t)
        self._presence.step(tick, look.face, inputs.seat)
        self._closure.step(tick, look.lids.shut)
        self._camera.step(tick, fault, look.lids.shut is None if look.face else None)
        self._blinks.step(tick, look.lids, self._camera.blinks_countable)
        self._perclos.step(tick, look.lids.shut)
        self._lately.step(tick, look.lids.shut)
        self._sleepiness.step(tick, look.lids, self._blinks, observation if look.face else None, self._perclos.share)
        self._follow_gaze(tick, look.sight, observation.zone is not None)
        self._tell(tick, look, inputs, observation)
        self._warnings.step(self._now)
        if self._presence.present is False:
            self._forget()
        self._calibration.learn(Moment(tick, observation, look.face, look.lids, inputs, self._alert))
        if not self._closure.blinking:  # shut eyes look nowhere: through a blink the last look's certainty holds, like its zone
            self._confidence_held = look.confidence
        monitorable = self._collect(tick.t, observation if look.face else None, inputs)
        return self._state(tick.t, look, inputs, monitorable)

    def _tell(self, tick: Tick, look: Look, inputs: VehicleState, observation: Observation) -> None:
        """What the policies may know of this moment."""
        now = self._now
        now.tick, now.inputs, now.face, now.sight, now.zone = tick, inputs, look.face, look.sight, self._zone.zone
        now.phone = self._sees_phone(observation)
        now.health, now.inform = self._camera.health.state, self._camera.inform

    def _forget(self) -> None:
        """The driver has left: evidence of one driver says nothing about the next."""
        self._criteria.clear()
        self._calibration.reset()
        self._blinks = self._new_blinks()
        self._perclos = self._now.perclos = Perclos(self._rules.perclos)
        self._sleepiness = self._now.sleepiness = self._new_sleepiness()

    def _new_blinks(self) -> Blinks:
        return Blinks(self._rules.blink, self._rules.closure.blink_max_s, self._rules.eyes.shut_openness)

    def _new_sleepiness(self) -> Sleepiness:
        return Sleepiness(self._rules.drowsiness, self._rules.perclos, self._estimator)

    def _tick(self, t: float) -> Tick:
        dt = 0.0 if self._picture_t is None else t - self._picture_t
        self._picture_t = t
        return Tick(t, dt, dt > self._rules.camera.max_gap_s + TINY)

    def _look(self, observation: Observation) -> Look:
        face = face_seen(observation, self._rules.presence)
        if face is False:
            return Look(face=False)
        lids = judge_lids(observation, self._rules.eyes)
        if face is None:  # lids that nobody calls a driver's: their blinks are counted, nothing else is concluded
            lids = Lids(opening=lids.opening, scale=lids.scale)
        sight = self._sight(observation, face, lids)
        return Look(face, lids, sight, self._confidence(observation, lids, sight))

    def _sight(self, observation: Observation, face: bool | None, lids: Lids) -> Sight | None:
        if observation.zone is not None:
            return Sight(observation.zone, "record")
        eyes_tell = observation.gaze is not None and lids.shut is not None
        seen = observation if eyes_tell else _without_gaze(observation)
        return self._map.look(self._calibration.corrected(seen)) if face else None

    def _confidence(self, observation: Observation, lids: Lids, sight: Sight | None) -> float:
        """The weakest link of what this picture is judged by; 0 where a link is missing."""
        if observation.face is None or lids.visible is None or sight is None:
            return 0.0
        certainty = 1.0 - min(1.0, (sight.std_deg or 0.0) / (2.0 * self._rules.gaze.std_max_deg))
        face = observation.face.confidence
        return round(min(lids.visible, certainty, 1.0 if face is None else face), 3)

    def _follow_gaze(self, tick: Tick, sight: Sight | None, certain: bool) -> None:
        """Shut eyes look nowhere: a blink does not end a glance, a longer closure makes the zone unknown."""
        late_s = 0.0
        if tick.gap:
            self._zone.step(tick.t, "unknown")
        if self._closure.blinking:
            pass
        elif self._closure.shut or sight is None:
            self._zone.step(tick.t, "unknown")
        else:
            late_s = self._zone.step(tick.t, sight.zone, certain)
            self._now.by_head = sight.by == "head"
        zone = self._zone.zone
        off = None if zone == "unknown" else zone not in self._rules.glance.road_zones
        self._glances.step(tick, off, late_s)
        self._attention.step(tick, zone, self._now.by_head, self._glances.off_s)

    @property
    def _alert(self) -> bool:
        """Nothing says that the driver is drowsy, has shut eyes or has been looking away for long."""
        return not (self._drowsy or self._closure.event is not None or self._warnings.warning is not None)

    @property
    def _drowsy(self) -> bool:
        return self._perclos.drowsy or self._lately.mostly

    def _sees_phone(self, observation: Observation) -> bool:
        seen = observation.objects.phone if observation.objects is not None else None
        return self._zone.zone == "phone" or (seen is not None and seen >= self._rules.attention.phone_probability)

    def _collect(self, t: float, observation: Observation | None, inputs: VehicleState) -> int:
        """Note this picture's evidence of availability; returns how many criteria can be monitored now."""
        count = int(driver_input(inputs, self._rules.availability) is not None)
        head = _sure_head(observation, self._rules.availability.head_std_max_deg)
        if self._head.step(t, head.forward_camera if head else None):
            self._criteria.evidence(t, "head_movement")
        if self._body.step(t, head.position_camera_mm if head else None):
            self._criteria.evidence(t, "body_movement")
        if self._closure.shut is False:
            self._criteria.evidence(t, "eye_closure")
        if observation is not None and self._blinks.quick_end is not None:
            self._criteria.evidence(self._blinks.quick_end, "blink")
        eyes = self._closure.shut is not None
        count += eyes + (eyes and self._camera.blinks_countable)
        return count + (head is not None) + (head is not None and head.position_camera_mm is not None)

    def _silent(self, t: float, silence: float) -> DriverState:
        """The camera says nothing: all that comes from it is unknown at once."""
        self._camera.silent(silence)
        self._warnings.silent(self._camera.inform)
        inputs = self._inputs.at(t)
        present = False if self._presence.empty(t, inputs.seat) else None
        if present is False:
            self._calibration.reset()
        availability = self._criteria.state(t, int(driver_input(inputs, self._rules.availability) is not None))
        warning = self._warnings.warning
        return DriverState(
            t=t, present=present, availability=availability, health=self._camera.health,
            drowsiness=Drowsiness(blinks_total=self._blinks.count, last_blink=self._blinks.last),
            hands_on=inputs.hands_on, seat=inputs.seat, belt=inputs.belt, warning=warning, warning_stage=self._warnings.stage,
            requests=self._warnings.requests,
            because=[*self._camera.health.reasons, "nothing is known of the driver while the camera is silent"],
        )  # fmt: skip

    def _state(self, t: float, look: Look, inputs: VehicleState, monitorable: int) -> DriverState:
        attention = self._attention_record()
        availability = self._criteria.state(t, monitorable)
        warning = self._warnings.warning
        found = Findings(
            self._camera.health, look.face, self._presence.face_gone_s, self._presence.present, inputs, self._closure,
            self._perclos, self._glances, look.sight, attention, availability, self._warnings.demands,
        )  # fmt: skip
        seconds = self._closure.seconds
        return DriverState(
            t=t, present=self._presence.present, eyes_closed_s=None if seconds is None else round(seconds, 4),
            attention=attention, availability=availability, drowsiness=self._drowsiness(),
            hands_on=inputs.hands_on, seat=inputs.seat, belt=inputs.belt, warning=warning, warning_stage=self._warnings.stage,
            requests=self._warnings.requests, drowsy=self._drowsy, confidence=self._confidence_held,
            health=self._camera.health, because=[*causes(found), *self._calibration.because],
        )  # fmt: skip

    def _attention_record(self) -> Attention:
        if not self._glances.judged:
            return Attention(calibration=self._calibration.record)
        return Attention(
            zone=self._zone.zone, eyes_off_road_s=round(self._glances.off_s, 4),
            cumulative_off_30s=round(self._glances.cumulative_s, 4),
            attentive=self._attention.attentive, criterion=self._attention.criterion,
            calibration=self._calibration.record,
        )  # fmt: skip

    def _drowsiness(self) -> Drowsiness:
        """The eyelid statistics; KSS and what is foretold only where the frame rate allows blink statistics."""
        share = self._perclos.share
        told = self._sleepiness.estimate if self._camera.blinks_countable else None
        mean = self._blinks.mean_closure_s if self._camera.blinks_countable else None
        return Drowsiness(
            kss=None if told is None else round(told.kss, 2), kss_std=None if told is None else round(told.std, 2),
            foretold=None if told is None else _foretold(told),
            perclos_60s=None if share is None else round(share, 4), mean_closure_s=None if mean is None else round(mean, 4),
            event=self._closure.event, blinks_total=self._blinks.count, last_blink=self._blinks.last,
        )  # fmt: skip


def _foretold(told: Estimate) -> Foretold:
    return Foretold(microsleep=round(told.microsleep, 3), sleep=round(told.sleep, 3), nod=round(told.nod, 3))


def _without_gaze(observation: Observation) -> Observation:
    """The same with the head pose only: a gaze without visible eyes is a guess."""
    return Observation(t=observation.t, head=observation.head)


def _sure_head(observation: Observation | None, std_max_deg: float) -> Head | None:
    """The head pose, if it is sure enough to tell a movement from its own error."""
    head = observation.head if observation is not None else None
    return None if head is None or (head.std_deg is not None and head.std_deg > std_max_deg) else head
