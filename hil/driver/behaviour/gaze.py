"""Eyes and head: saccades on the main sequence, the head that follows, and eyes that counter-rotate while it does.

A saccade of A degrees lasts about 30 ms + 2.6 ms/deg (main sequence; Bahill, Clark and Stark 1975, Carpenter 1988); the head
starts about 50 ms later and takes the share of the shift that the person's style and the eyes' range ask for (Freedman 2008).
The gaze is held on a point of the cabin, so whatever the head does, the eyes counter-rotate (vestibulo-ocular reflex).
"""

import math
from dataclasses import dataclass

import numpy as np

from dms.assessment.geometry import vehicle_angles, vehicle_direction
from dms.records.base import Vector
from hil.driver.behaviour.motion import Reach, Wobble, ease, lerp
from hil.driver.behaviour.sight import ahead, distance, minus

EYE_YAW_DEG, EYE_UP_DEG, EYE_DOWN_DEG = 42.0, 28.0, 38.0
"""How far the eyes turn in the head; what is farther must be reached by the head."""
_NECK_MM = (95.0, 0.0, 60.0)
"""From the joint the head turns about to the point between the eyes, head axes."""
_HEAD_RANGE = (-85.0, 85.0, -55.0, 40.0)
_OFF_MM = 1e5


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Eyes and head at one instant; angles as shown, ``gaze`` a unit vector, vehicle frame."""

    yaw: float
    pitch: float
    roll: float
    eye: Vector
    offset: Vector
    gaze: Vector
    target: Vector
    torso_left: float
    eye_yaw: float
    eye_pitch: float
    saccade: bool


class Lean:
    """Where the trunk and the head are put besides looking: additive, each smooth."""

    def __init__(self) -> None:
        self.pitch, self.yaw, self.roll = Reach(), Reach(), Reach()
        self.forward, self.left, self.up = Reach(), Reach(), Reach()
        self.trunk_forward, self.trunk_left = Reach(), Reach()

    def aim(self, t: float, over: float, **goals: float) -> None:
        """Send the named coordinates (degrees, mm) to their goals within ``over`` seconds; others stay."""
        for name, goal in goals.items():
            reach: Reach = getattr(self, name)
            if reach.goal != goal:
                reach.aim(t, goal, over)


class Looker:
    """Turns "look at this point now" into eyes and head over time.

    Args:
        rng: the person's own chance.
        ocular: the vehicle file's ocular point, mm.
        owl: 1 turns the head early and far, 0 leaves it to the eyes.
        lean_mm: usual seat posture.
    """

    def __init__(self, rng: np.random.Generator, ocular: Vector, owl: float, lean_mm: Vector) -> None:
        self.lean = Lean()
        self._rng, self._ocular, self._lean_mm = rng, ocular, lean_mm
        self._free_yaw, self._gain_yaw = lerp(22.0, 6.0, owl), lerp(0.5, 0.95, owl)
        self._free_pitch, self._gain_pitch = lerp(14.0, 5.0, owl), lerp(0.35, 0.75, owl)
        self._slope = 1.0 + 0.12 * float(rng.random())
        self._yaw, self._pitch, self._torso = Reach(), Reach(), Reach()
        self._sway = [Wobble(rng, size, 0.05, 0.45) for size in (0.6, 0.5, 0.4, 3.0, 2.0)]
        self._shake = [Wobble(rng, size, 1.5, 6.0) for size in (0.10, 0.14, 0.7)]
        self._drift = [Wobble(rng, 0.07, 0.2, 2.5) for _ in range(2)]
        self._pending: tuple[float, float, float] | None = None
        start = (ocular[0] + 4e4, ocular[1], ocular[2])
        self._from: Vector = start
        self._to: Vector = start
        self._t0, self._length = -1.0, 0.0
        self._loose: tuple[float, float] | None = None
        self._loose_t = 0.0
        self.amplitude = 0.0
        """Size of the newest saccade, degrees."""
        self.now = self._posture(0.0, 0.0)
        self.step(0.0, 0.0)

    @property
    def busy(self) -> bool:
        """A saccade is under way."""
        return self.now.saccade

    def shift(self, t: float, point: Vector, head: bool = True, slower: float = 1.0) -> float:
        """Saccade to ``point`` (vehicle frame, mm) now; returns its size, degrees. ``head``: the head follows."""
        here = self.now.gaze
        there = vehicle_direction(*vehicle_angles(minus(point, self.now.eye)))
        self.amplitude = math.degrees(math.acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(here, there, strict=True))))))
        self._from = self.now.target
        self._to, self._t0, self._loose = point, t, None
        self._length = (0.030 + 0.0026 * self.amplitude) * self._slope * slower
        if head:
            delay = 0.045 + 0.02 * float(self._rng.random())
            self._pending = (t + delay, *vehicle_angles(minus(point, self.now.eye)))
        return self.amplitude

    def let_go(self, t: float) -> None:
        """Nothing is looked at any more (eyes shut, unconscious): the eyes drift to the middle of the head."""
        if self._loose is None:
            self._loose, self._loose_t = vehicle_angles(self.now.gaze), t

    def step(self, t: float, speed_kmh: float, road_lean: float = 0.0, wander: float = 0.0) -> Look:
        """Everything at ``t``; to be called in order of time. ``wander``: extra slow drift of the gaze, degrees."""
        self._follow(t)
        head = self._posture(t, speed_kmh, road_lean)
        yaw, pitch, far, moving = self._wish(t, head, wander)
        eye_yaw, eye_pitch = limited(*in_head(vehicle_direction(yaw, pitch), head.yaw, head.pitch, head.roll))
        gaze = from_head(vehicle_direction(eye_yaw, eye_pitch), head.yaw, head.pitch, head.roll)
        self.now = Look(
            yaw=head.yaw, pitch=head.pitch, roll=head.roll, eye=head.eye, offset=head.offset, gaze=gaze,
            target=ahead(head.eye, gaze, far), torso_left=head.torso_left, eye_yaw=eye_yaw, eye_pitch=eye_pitch, saccade=moving,
        )  # fmt: skip
        return self.now

    def _wish(self, t: float, head: Look, wander: float) -> tuple[float, float, float, bool]:
        """Angles and distance the gaze should have, and whether a saccade is under way."""
        if self._loose is not None:
            x = math.exp(-(t - self._loose_t) / 0.35)
            yaw, pitch = head.yaw, head.pitch - 6.0
            return lerp(yaw, self._loose[0], x), lerp(pitch, self._loose[1], x), _OFF_MM / 20, False
        x = (t - self._t0) / self._length if self._length > 0 else 1.0
        yaw, pitch = vehicle_angles(minus(self._to, head.eye))
        far = distance(self._to, head.eye)
        drift = 1.0 + wander
        if x < 1.0:
            s = ease(x)
            old_yaw, old_pitch = vehicle_angles(minus(self._from, head.eye))
            yaw, pitch = lerp(old_yaw, yaw, s), lerp(old_pitch, pitch, s)
            far = 1.0 / lerp(1.0 / distance(self._from, head.eye), 1.0 / far, s)
            drift *= s  # the point left behind was where the gaze was, drift and all
        return yaw + drift * self._drift[0].at(t), pitch + drift * self._drift[1].at(t), far, x < 1.0

    def _follow(self, t: float) -> None:
        """Start the head when it is due."""
        if self._pending is None or t < self._pending[0]:
            return
        _, yaw, pitch = self._pending
        self._pending = None
        torso = math.copysign(min(45.0, 0.7 * max(0.0, abs(yaw) - 60.0)), yaw)
        side = _share(yaw - torso, self._free_yaw, self._gain_yaw, 28.0)
        tilt = _share(pitch, self._free_pitch, self._gain_pitch, 24.0 if pitch < 0 else 18.0)
        low, high, down, up = _HEAD_RANGE
        goal_yaw, goal_pitch = torso + min(high, max(low, side)), min(up, max(down, tilt))
        if abs(torso - self._torso.goal) > 1.0:
            self._torso.aim(t, torso, 0.45 + 0.012 * abs(torso - self._torso.value(t)))
        way = math.hypot(goal_yaw - self._yaw.value(t), goal_pitch - self._pitch.value(t))
        if way > 1.0:
            span = (0.26 + 0.0062 * way) * (0.92 + 0.2 * float(self._rng.random()))
            self._yaw.aim(t, goal_yaw, span)
            self._pitch.aim(t, goal_pitch, span)

    def _posture(self, t: float, speed_kmh: float, road_lean: float = 0.0) -> Look:
        """The head with its sway; the gaze is filled in later."""
        sway = [wave.at(t) for wave in self._sway]
        rough = min(1.0, speed_kmh / 100.0)
        shake = [rough * wave.at(t) for wave in self._shake]
        lean = self.lean
        torso = self._torso.value(t)
        yaw = self._yaw.value(t) + lean.yaw.value(t) + sway[0]
        pitch = self._pitch.value(t) + lean.pitch.value(t) + sway[1] + shake[1]
        roll = 0.06 * (yaw - torso) + lean.roll.value(t) + sway[2] + shake[0] + road_lean
        nx, ny, nz = from_head(_NECK_MM, yaw, pitch, roll)
        base = self._lean_mm
        offset = (
            base[0] + nx - _NECK_MM[0] + lean.forward.value(t) + sway[3],
            base[1] + ny + lean.left.value(t) + sway[4] - 1.1 * torso,
            base[2] + nz - _NECK_MM[2] + lean.up.value(t) + shake[2],
        )
        eye = (self._ocular[0] + offset[0], self._ocular[1] + offset[1], self._ocular[2] + offset[2])
        return Look(
            yaw=yaw, pitch=pitch, roll=roll, eye=eye, offset=offset, gaze=(1.0, 0.0, 0.0), target=eye, torso_left=-torso,
            eye_yaw=0.0, eye_pitch=0.0, saccade=False,
        )  # fmt: skip


def _share(angle: float, free: float, gain: float, eyes: float) -> float:
    """What the head does of an eccentricity: nothing inside ``free``, at least all beyond ``eyes``."""
    size = abs(angle)
    return math.copysign(max(0.0, gain * (size - free), size - eyes), angle)


def in_head(v: Vector, yaw: float, pitch: float, roll: float) -> tuple[float, float]:
    """Shown angles of a vehicle-frame direction in the axes of a head that stands so."""
    x, y, z = v
    s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    x, y = c * x - s * y, s * x + c * y
    s, c = math.sin(math.radians(pitch)), math.cos(math.radians(pitch))
    x, z = c * x + s * z, -s * x + c * z
    s, c = math.sin(math.radians(roll)), math.cos(math.radians(roll))
    return vehicle_angles((x, c * y + s * z, -s * y + c * z))


def from_head(v: Vector, yaw: float, pitch: float, roll: float) -> Vector:
    """Vehicle-frame vector of one in head axes; the same turn as ``hil.driver.pose.head_rotation`` without matrices."""
    x, y, z = v
    s, c = math.sin(math.radians(roll)), math.cos(math.radians(roll))
    y, z = c * y - s * z, s * y + c * z
    s, c = math.sin(math.radians(pitch)), math.cos(math.radians(pitch))
    x, z = c * x - s * z, s * x + c * z
    s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    return c * x + s * y, -s * x + c * y, z


def limited(yaw: float, pitch: float) -> tuple[float, float]:
    """The nearest angles the eyes reach in the head."""
    tall = EYE_UP_DEG if pitch > 0 else EYE_DOWN_DEG
    size = math.hypot(yaw / EYE_YAW_DEG, pitch / tall)
    return (yaw, pitch) if size <= 1.0 else (yaw / size, pitch / size)
