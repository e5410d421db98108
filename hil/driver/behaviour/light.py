"""The light of each instant: families, what happens between them, the sun on a turning route, tunnel lamps, trees, street lights.

Figures are engineering values for a camera behind a 940 nm filter, in the units of ``hil.driver.pose.Light``.
"""

import math
from dataclasses import dataclass

import numpy as np

from dms.assessment.geometry import vehicle_direction
from hil.driver.behaviour.car import Car
from hil.driver.behaviour.motion import ease, lerp
from hil.driver.behaviour.scenario import Family, LightFrame, LightSetup
from hil.driver.pose import Light

_LAMP_M = 18.0
_STREET_M = 32.0


@dataclass(frozen=True, slots=True)
class Kind:
    """Numbers of a family; ``lamps``: strength of tunnel lamps passing."""

    sun: float
    ambient: float
    outside: float
    street: float
    sun_pitch: float
    lamps: float = 0.0


FAMILIES: dict[Family, Kind] = {
    "night": Kind(0.0, 0.01, 0.02, 0.7, 0.0),
    "day": Kind(4.0, 0.45, 2.5, 0.0, 48.0),
    "overcast": Kind(0.0, 0.35, 1.4, 0.0, 50.0),
    "low_sun": Kind(6.0, 0.35, 2.2, 0.0, 9.0),
    "tunnel": Kind(0.0, 0.03, 0.06, 0.2, 0.0, 0.12),
    "dusk": Kind(0.15, 0.10, 0.30, 0.3, 2.0),
}


class Lighting:
    """Light over a run.

    Args:
        setup: family, keyframes and sun of the scenario.
        rng: where trees stand.
    """

    def __init__(self, setup: LightSetup, rng: np.random.Generator) -> None:
        self._setup = setup
        self._first = LightFrame(at=0.0, family=setup.family, over=0.0)
        self._trees = [(float(s), float(p)) for s, p in zip((0.09, 0.23, 0.41), rng.uniform(0, 6.28, 3), strict=True)]
        self.glare = 0.0
        """How much the sun shines into the driver's eyes, 0..1; eyes narrow with it."""

    def at(self, t: float, car: Car) -> Light:
        """Light at ``t``."""
        led, sun, ambient, outside, street, high, lamps = self._mixed(t)
        high = self._setup.sun_pitch_deg if self._setup.sun_pitch_deg is not None else high
        towards = vehicle_direction(self._setup.sun_yaw_deg - car.heading_deg(t), high)
        sun *= 1.0 - self._setup.trees * self._shade(car.travelled_m)
        sun *= _through_windows(towards[2])
        lamp = max(0.0, math.cos(2 * math.pi * car.travelled_m / _LAMP_M)) ** 3
        night = max(0.0, math.cos(2 * math.pi * car.travelled_m / _STREET_M)) ** 6
        self.glare = max(0.0, towards[0]) * min(1.0, sun / 4.0) * (1.0 if high < 30.0 else 0.3)
        return Light(
            led=led, sun=sun, sun_direction=towards, ambient=ambient + lamps * lamp + 0.02 * street * night, outside=outside,
            street=street, travelled_m=car.travelled_m,
        )  # fmt: skip

    def _mixed(self, t: float) -> tuple[float, ...]:
        now = _numbers(self._first)
        for frame in self._setup.keyframes:
            if frame.at > t:
                break
            x = 1.0 if frame.over <= 0 else ease((t - frame.at) / frame.over)
            now = tuple(lerp(a, b, x) for a, b in zip(now, _numbers(frame), strict=True))
        return now

    def _shade(self, travelled_m: float) -> float:
        """0 in the sun, 1 behind a tree."""
        wave = sum(math.sin(speed * travelled_m + phase) for speed, phase in self._trees)
        return ease(0.5 + 0.9 * wave)


def _numbers(frame: LightFrame) -> tuple[float, ...]:
    kind = FAMILIES[frame.family]

    def own(value: float | None, usual: float) -> float:
        return usual if value is None else value

    return (
        own(frame.led, 1.0), own(frame.sun, kind.sun), own(frame.ambient, kind.ambient), own(frame.outside, kind.outside),
        kind.street, kind.sun_pitch, kind.lamps,
    )  # fmt: skip


def _through_windows(up: float) -> float:
    """The roof keeps a high sun out of the cabin: full below 45 degrees, a third overhead."""
    return lerp(1.0, 0.33, min(1.0, max(0.0, (up - 0.7) / 0.3)))
