"""Where a hand is for each place, and how the arm gets there. Vehicle frame, mm."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Cabin
from hil.driver.body.rotation import about, frame, part_way, unit
from hil.driver.car import wheel_of
from hil.driver.pose import Grip, Hand, Side

Array = NDArray[np.float64]
HAND_MM = 175.0
"""Wrist to finger tips."""


@dataclass(frozen=True, eq=False, slots=True)
class HandTarget:
    """Wrist and palm axes (columns: along the fingers, out of the palm, x cross y)."""

    wrist_mm: Array
    axes: Array


@dataclass(frozen=True, eq=False, slots=True)
class HeadFrame:
    """The head a hand may go to: rotation of head axes, point between the eyes, and places in head axes."""

    rotation: Array
    eyes_mm: Array
    mouth: Array
    ears: dict[Side, Array]

    def at(self, place: Array) -> Array:
        """A place in head axes, in the vehicle frame."""
        return np.asarray(self.eyes_mm + self.rotation @ place, dtype=np.float64)


class Places:
    """The anchors of one cabin."""

    def __init__(self, cabin: Cabin) -> None:
        self._wheel = wheel_of(cabin)
        self._eyes = np.asarray(cabin.ocular_point_mm, float)
        self._inboard = -1.0 if cabin.drive == "lhd" else 1.0
        middle = {box.zone: (np.add(box.low_mm, box.high_mm) / 2) for box in cabin.zones}
        self._screen = middle.get("infotainment", self._eyes + np.array([690.0, 450.0 * self._inboard, -300.0]))
        self._mount = middle.get("phone", self._eyes + np.array([600.0, 250.0 * self._inboard, -150.0]))

    def target(self, hand: Hand, side: Side, head: HeadFrame, shoulder: Array) -> HandTarget:
        """Where the hand is now: between its two grips, on a small arc away from the body."""
        start, end = (self._grip(grip, side, head, shoulder) for grip in (hand.start, hand.end))
        p = min(max(hand.progress, 0.0), 1.0)
        way = end.wrist_mm - start.wrist_mm
        arc = math.sin(math.pi * p) * min(0.12 * float(np.linalg.norm(way)), 60.0)
        wrist = start.wrist_mm + p * way + arc * np.array([1.0, 0.0, 0.2])
        return HandTarget(wrist, part_way(start.axes, end.axes, p))

    def _grip(self, grip: Grip, side: Side, head: HeadFrame, shoulder: Array) -> HandTarget:
        out = 1.0 if side == "left" else -1.0
        on_head = grip.place in ("ear", "mouth", "eyes", "cheek", "chin", "head")
        base = self._at_head(grip, out, side, head) if on_head else self._in_car(grip, out, shoulder)
        offset = np.asarray(grip.offset_mm, float)
        axes = base.axes
        for axis, degrees in zip((0, 2, 1), grip.turn_deg, strict=True):
            if degrees:
                axes = about(axes[:, axis], degrees) @ axes
        return HandTarget(base.wrist_mm + (head.rotation @ offset if on_head else offset), axes)

    def _in_car(self, grip: Grip, out: float, shoulder: Array) -> HandTarget:
        eyes, place = self._eyes, grip.place
        if place == "wheel":
            return self._on_wheel(grip.clock if grip.clock is not None else (10.0 if out > 0 else 2.0))
        if place in ("screen", "mount"):
            aim = self._screen if place == "screen" else self._mount
            along = unit(aim - shoulder)
            return HandTarget(aim - along * HAND_MM, frame(along, np.array([0.0, -0.3 * out, -1.0])))
        where: dict[str, tuple[Array, Array, Array]] = {
            "away": (np.array([150.0, 110 * out, -600]), np.array([1.0, 0, -0.2]), np.array([0.0, -0.2 * out, -1])),
            "lap": (np.array([230.0, 105 * out, -470]), np.array([0.9, -0.35 * out, 0.15]), np.array([0.1, -0.2 * out, -1])),
            "gear": (np.array([330.0, 330 * self._inboard, -480]), np.array([0.8, 0, -0.5]), np.array([0.1, 0, -1.0])),
            "chest": (np.array([150.0, 60 * out, -330]), np.array([0.1, -0.9 * out, 0.4]), np.array([-1.0, 0, 0.1])),
            "front": (np.array([95.0, 112 * out, -160]), np.array([0.10, 0.05 * out, 1.0]), np.array([1.0, 0, 0.0])),
        }
        offset, along, palm = where[place]
        if grip.shape == "phone" and place in ("lap", "chest"):
            palm = np.array([-0.7, -0.1 * out, 0.7])
            along = np.array([0.7, -0.35 * out, 0.7])
            if place == "chest":  # held up to read: the screen is where the driver model looks (PHONE_IN_HAND_MM)
                offset = np.array([255.0, 85 * out, -405])
        if grip.shape in ("thumb_up", "thumb_down") and place == "front":
            flip = 1.0 if grip.shape == "thumb_up" else -1.0
            along, palm = np.array([0.35, -0.9 * out, 0.0]), np.array([-0.9, -0.35 * out, 0.0]) * flip
            offset = offset + np.array([0.0, 75 * out, 40.0])
        return HandTarget(eyes + offset, frame(along, palm))

    def _on_wheel(self, clock: float) -> HandTarget:
        wheel = self._wheel
        rim, outward = wheel.rim(clock)
        to_driver = wheel.axes[:, 0]
        along = unit(-0.8 * to_driver - 0.35 * outward)
        return HandTarget(rim + 26.0 * outward - 78.0 * along + 6.0 * to_driver, frame(along, -outward))

    def _at_head(self, grip: Grip, out: float, side: Side, head: HeadFrame) -> HandTarget:
        ear, mouth, place = head.ears[side], head.mouth, grip.place
        fingers_up, to_face = np.array([-0.15, -0.45 * out, 0.9]), np.array([-1.0, -0.25 * out, 0.0])
        if place == "ear":
            wrist, along, palm = (
                ear + np.array([45.0, 38 * out, -90]),
                np.array([-0.35, 0.0, 0.95]),
                np.array([0.0, -1.0 * out, 0.1]),
            )
        elif place == "mouth" and grip.shape in ("cup", "pinch_hold"):
            reach = 115.0 if grip.shape == "cup" else 95.0
            wrist = mouth + np.array([reach * 0.8, 75 * out, -75])
            along, palm = np.array([-0.45, -0.75 * out, 0.45]), np.array([-0.6, -0.35 * out, 0.1])
        elif place == "mouth" and grip.shape == "mute":  # the index finger upright before the lips, the little finger outside
            wrist = mouth + np.array([38.0, 18 * out, -145])
            along, palm = np.array([0.15, -0.15 * out, 1.0]), np.array([-0.5, -0.85 * out, 0.0])
        elif place in ("mouth", "chin"):
            low = -70.0 if place == "mouth" else -95.0
            wrist, along, palm = mouth + np.array([48.0, 68 * out, low]), np.array([-0.2, -0.75 * out, 0.65]), to_face
        elif place == "eyes":
            wrist, along, palm = np.array([62.0, 60 * out, -105]), fingers_up, to_face
        elif place == "cheek":
            wrist, along, palm = (
                mouth + np.array([-25.0, 85 * out, -70]),
                np.array([-0.2, -0.05 * out, 1.0]),
                np.array([-0.2, -1.0 * out, 0.0]),
            )
        else:
            wrist, along, palm = (
                np.array([20.0, 135 * out, 10]),
                np.array([-0.4, -0.35 * out, 0.85]),
                np.array([-0.2, -0.9 * out, -0.4]),
            )
        return HandTarget(head.at(np.asarray(wrist, float)), head.rotation @ frame(along, palm))


def elbow(shoulder: Array, wrist: Array, upper: float, lower: float, out: float) -> tuple[Array, Array]:
    """Elbow and the wrist that can be reached: the elbow hangs down and a little outwards.

    Args:
        shoulder, wrist: joints, the wrist as wanted.
        upper, lower: lengths of the arm's two parts.
        out: 1 for the left arm, -1 for the right.
    """
    way = wrist - shoulder
    distance = float(np.clip(np.linalg.norm(way), abs(upper - lower) + 5.0, upper + lower - 2.0))
    along = unit(way)
    down = np.array([-0.25, 0.55 * out, -1.0])
    side = unit(down - along * (down @ along))
    reach = (upper**2 - lower**2 + distance**2) / (2 * distance)
    height = math.sqrt(max(upper**2 - reach**2, 0.0))
    return shoulder + along * reach + side * height, shoulder + along * distance
