"""Running self-calibration of the gaze: over minutes of driving, the place a driver mostly looks at is the road ahead.

Every reading is noted as the place it would be looking at, in degrees off the road ahead and in the head's own axes, because the
error of an eye turns with the head. Many separate looks gather round one place; if that place lies near enough to the road ahead
to be the road, its distance is this driver's own offset. What could be the lap, a phone or a single stare is never learned.
"""

import math
from typing import NamedTuple

import msgspec
import numpy as np

from dms.assessment.eyes import Lids
from dms.assessment.geometry import vehicle_direction
from dms.assessment.looks import Gathering, Looks, Point
from dms.assessment.windows import TINY, Tick
from dms.profiles.rules import GazeRules, SelfCalibrationRules
from dms.records import Calibration, Gaze, Head, Observation, VehicleState
from dms.records.base import Vector
from dms.records.cabin import Cabin
from dms.records.head_axes import head_axes


class Moment(NamedTuple):
    """One picture and what is known beside it. ``alert``: no warning, no drowsiness, no closure, no long look away."""

    tick: Tick
    observation: Observation
    face: bool | None
    lids: Lids
    inputs: VehicleState
    alert: bool


class SelfCalibration:
    """Learns one driver's gaze offset while the car is driven by hand, and corrects readings with it.

    ``known``: a driver file has already corrected the readings, so there is only a little left to refine and no uncertainty to
    take away.
    """

    def __init__(self, rules: SelfCalibrationRules, gaze: GazeRules, cabin: Cabin, known: bool) -> None:
        self._rules = rules
        self._gaze = gaze
        self._known = known
        ahead = cabin.camera.rotation().T @ np.array(vehicle_direction(rules.road_yaw_deg, rules.road_pitch_deg))
        self._ahead: Vector = (float(ahead[0]), float(ahead[1]), float(ahead[2]))
        self._head_cosine = math.cos(math.radians(rules.head_max_deg))
        self._recorded: tuple[float, Point] = (0.0, (0.0, 0.0))
        self._record = Calibration()
        self.reset()

    def reset(self) -> None:
        """Forget the driver."""
        self._looks = Looks(self._rules)
        self._driven_s = 0.0
        self._face_t: float | None = None
        self._goal: Point | None = None
        self._offset: Point = (0.0, 0.0)
        self._evidence = 0.0
        self._complete = False
        self._doubtful = False
        self._pause: str | None = None
        self._refusal: str | None = None

    def inputs(self, state: VehicleState) -> None:
        """A belt that opens or an ignition that goes off may be followed by another driver."""
        if state.belt is False or state.ignition == "off":
            self.reset()

    def learn(self, moment: Moment) -> None:
        """Take one picture as evidence, if it is any."""
        self._watch_face(moment.tick.t, moment.face)
        self._doubtful = moment.observation.gaze is not None and self._std_of(moment.observation.gaze) > self._gaze.std_max_deg
        self._pause = self._why_not(moment)
        if self._pause is not None or moment.tick.gap or not moment.tick.dt > 0.0:
            return
        place = self._place(moment)
        if place is None:
            return
        self._driven_s += moment.tick.dt
        gaze = moment.observation.gaze
        assert gaze is not None
        if self._looks.step(self._driven_s, moment.tick.dt, place, self._std_of(gaze)):
            self._judge(self._looks.gathering())
        self._move(moment.tick.dt)

    def _watch_face(self, t: float, face: bool | None) -> None:
        """Nobody seen for long enough to change seats: whoever comes back is a stranger."""
        if self._face_t is not None and t - self._face_t > self._rules.unseen_reset_s + TINY:
            self.reset()
        if face:
            self._face_t = t

    def _why_not(self, moment: Moment) -> str | None:
        """Why the driver need not be looking at the road just now; ``None`` if nothing says so."""
        inputs, rules = moment.inputs, self._rules
        if inputs.speed_kmh is None:
            return "vehicle speed unknown"
        if inputs.speed_kmh < rules.speed_min_kmh:
            return f"slower than {rules.speed_min_kmh:.0f} km/h"
        if inputs.gear not in (None, "D"):
            return f"gear {inputs.gear}"
        if (inputs.l3_state or "unknown") not in rules.l3_states:
            return f"Level 3 state {inputs.l3_state or 'unknown'}"
        return None if moment.alert else "eyes shut, drowsy, warned or away for long"

    def _place(self, moment: Moment) -> Point | None:
        """Where this reading looks, degrees off the road ahead in head axes; ``None`` where it cannot be trusted."""
        seen, lids = moment.observation, moment.lids
        if seen.gaze is None or seen.head is None or lids.shut is not False or not moment.face:
            return None
        half_shut = lids.openness is not None and lids.openness < self._rules.openness_min
        if half_shut or self._std_of(seen.gaze) > self._rules.reading_std_max_deg:
            return None
        place = self._off_road(seen.gaze, seen.head)
        if place is None or not (math.isfinite(place[0]) and math.isfinite(place[1])):
            return None
        (a, b, c), (x, y, z) = seen.head.forward_camera, self._ahead
        turned = a * x + b * y + c * z < self._head_cosine
        near = math.hypot(*place) <= self._rules.offset_max_deg + self._rules.gather_radius_deg
        return None if turned and near else place  # far to the side an eye's error is another one; a look elsewhere it still is

    def _off_road(self, gaze: Gaze, head: Head) -> Point | None:
        axes = head_axes(head)
        if axes is None:
            return None
        yaw, pitch = axes.angles_deg(gaze.direction_camera)
        road_yaw, road_pitch = axes.angles_deg(self._ahead)
        return (yaw - road_yaw + 180.0) % 360.0 - 180.0, pitch - road_pitch

    def _judge(self, found: Gathering | None) -> None:
        """Is the place where the looks gather the road, and how well is it known?"""
        if found is None:
            return
        self._refusal = self._why_not_road(found)
        rules = self._rules
        goal = (-found.centre[0], -found.centre[1])
        if self._refusal is not None:
            self._goal, self._evidence = None, 0.0
            if self._complete and math.dist(goal, self._offset) > rules.disagree_deg:
                self.reset()  # what was learned is not true any more, and nothing better is known
            return
        if self._complete and math.dist(goal, self._offset) > rules.disagree_deg:
            self.reset()  # not the driver that was learned
            return
        self._goal = goal
        parts = (found.seconds / rules.seconds_min, found.looks / rules.looks_min, found.span_s / rules.span_min_s)
        self._evidence = min(1.0, *parts)

    def _why_not_road(self, found: Gathering) -> str | None:
        rules = self._rules
        limit = min(rules.refine_max_deg if self._known else rules.offset_max_deg, rules.offset_max_std * found.std_deg)
        distance = math.hypot(*found.centre)
        if distance > limit:
            return f"most looks lie {distance:.0f} deg off the road ahead, more than the {limit:.0f} an eye can be off"
        if found.share < rules.share_min:
            return f"no one place holds {rules.share_min:.0%} of the looks"
        if found.above > rules.above_share_max:  # nothing is looked at often above the road, so this is not the road
            return f"{found.above:.0%} of the looks lie above the place looked at most"
        return None

    def _move(self, dt: float) -> None:
        """The offset in use follows what was learned slowly, and very slowly once it is complete."""
        if self._goal is None or not self._used:
            return
        step = dt * (self._rules.drift_deg_s if self._complete else self._rules.rate_deg_s)
        (yaw, pitch), left = self._offset, math.dist(self._goal, self._offset)
        share = 1.0 if left <= step else step / left
        self._offset = yaw + share * (self._goal[0] - yaw), pitch + share * (self._goal[1] - pitch)
        self._complete = self._complete or (self._evidence >= 1.0 and left - step <= self._rules.settled_deg)

    @property
    def progress(self) -> float:
        """0..1; 1 only when complete."""
        return 1.0 if self._complete else min(0.99, self._evidence)

    @property
    def _used(self) -> bool:
        return self.progress >= self._rules.use_from

    def corrected(self, gaze: Gaze | None, head: Head | None) -> Gaze | None:
        """The gaze with this driver's offset added; as it was while too little is known, of the driver or of the head."""
        axes = head_axes(head) if head is not None and gaze is not None and self._used else None
        if axes is None or gaze is None:
            return gaze
        yaw, pitch = axes.angles_deg(gaze.direction_camera)
        direction = axes.direction_camera(yaw + self._offset[0], pitch + self._offset[1])
        return msgspec.structs.replace(gaze, direction_camera=direction, std_deg=self._std_left(self._std_of(gaze)))

    def _std_of(self, gaze: Gaze) -> float:
        return self._gaze.default_std_deg if gaze.std_deg is None else gaze.std_deg

    def _std_left(self, std_deg: float) -> float:
        """Uncertainty of a corrected reading: the driver's own constant share leaves it as it becomes known."""
        known = 0.0 if self._known else (self.progress - self._rules.use_from) / (1.0 - self._rules.use_from)
        left = math.sqrt(max(0.0, std_deg**2 - known * self._rules.bias_std_deg**2))
        still = 0.0 if self._goal is None else math.dist(self._goal, self._offset)
        return min(180.0, math.hypot(min(std_deg, max(left, self._rules.std_min_deg)), still))

    @property
    def record(self) -> Calibration:
        """For the published state; the last one as long as nothing changes."""
        now = self.progress, self._offset if self._used else (0.0, 0.0)
        if now != self._recorded:
            self._recorded, (progress, (yaw, pitch)) = now, now
            self._record = Calibration(progress=round(progress, 3), yaw_deg=round(yaw, 2), pitch_deg=round(pitch, 2))
        return self._record

    @property
    def because(self) -> list[str]:
        """In words: how far, with which offset, and what it waits for. Empty where nobody needs it."""
        if self.progress == 0.0 and (self._known or not self._doubtful):
            return []
        text = f"gaze self-calibration {int(100 * self.progress)} %"
        if self._used:
            text += f", yaw {self._offset[0]:+.1f}, pitch {self._offset[1]:+.1f} deg"
        else:
            text += f", used from {self._rules.use_from:.0%}"
        why = None if self._complete else self._pause or self._refusal
        return [f"{text}; waits: {why}" if why else text]
