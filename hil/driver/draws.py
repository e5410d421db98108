"""Random instants for training pictures: poses, faces, hands and light drawn one by one, wider than any scenario goes."""

from dataclasses import dataclass

import numpy as np

from dms.assessment.geometry import vehicle_direction
from dms.records import VehicleState
from dms.records.base import Vector
from dms.records.cabin import Cabin
from hil.driver.behaviour.light import FAMILIES
from hil.driver.behaviour.scenario import Family, ShotsSetup
from hil.driver.behaviour.sight import Sights
from hil.driver.pose import Grip, Hand, Light, Moment, Place, Pose, Prop, Shape, Story, head_rotation
from hil.driver.split import Split

GESTURES: tuple[Shape, ...] = (
    "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock", "mute",
    "pinch",
)  # fmt: skip
DOING: tuple[tuple[Place, Shape, Prop | None], ...] = (
    ("ear", "phone", "phone"), ("mouth", "cover", None), ("mouth", "cup", "cup"), ("mouth", "pinch_hold", "cigarette"),
    ("mouth", "pinch_hold", "food"), ("eyes", "cover", None), ("cheek", "fist", None), ("chin", "cover", None),
    ("head", "relaxed", None), ("wheel", "grip", None), ("wheel", "grip", None), ("chest", "phone", "phone"),
)  # fmt: skip
LIGHTS: dict[Split, tuple[Family, ...]] = {"train": ("night", "day", "overcast", "low_sun"), "test": ("tunnel", "dusk")}
"""Light families of training and of test drivers."""
NECK_LIMIT_DEG = 65.0
"""Turned further, the trunk goes with the head."""


@dataclass(frozen=True, slots=True)
class Eyes:
    """Where eyes may go in the head, degrees (yaw to the right, pitch up), and how far the target is, mm."""

    yaw_deg: float
    pitch_deg: float
    distance_mm: float


class Draw:
    """One sitting: one driver in one light; ``moment`` gives another instant each time.

    Args:
        setup: how wide.
        cabin: where.
        rng: all chance of the sitting.
        split: whose light: training and test drivers never sit in the same kind.
        hand: whether each picture must show a hand.
    """

    def __init__(
        self, setup: ShotsSetup, cabin: Cabin, rng: np.random.Generator, split: Split = "train", hand: bool = False
    ) -> None:
        self._setup, self._rng, self._hand = setup, rng, hand
        self._sights = Sights(cabin)
        self._ocular = np.asarray(cabin.ocular_point_mm, float)
        own = LIGHTS[split]
        self._kind = FAMILIES[own[int(rng.integers(len(own)))]]
        self._sun = vehicle_direction(
            float(rng.uniform(-170, 170)), float(np.clip(self._kind.sun_pitch + rng.normal(0, 8), 1, 80))
        )

    def moment(self, t: float) -> Moment:
        """A new instant."""
        rng = self._rng
        near = rng.random() < self._setup.close
        head = self._head(near)
        eyes = self._eyes(near)
        offset: Vector = (float(rng.normal(0, 55)), float(rng.normal(0, 35)), float(rng.normal(0, 22)))
        towards = head_rotation(*head) @ np.array(vehicle_direction(eyes.yaw_deg, eyes.pitch_deg))
        start = self._ocular + offset
        target = start + towards * eyes.distance_mm
        left, right, gesture = self._hands()
        turn = float(np.clip(abs(head[0]) - NECK_LIMIT_DEG, 0, 40)) * (-1 if head[0] > 0 else 1)
        face, yawning = self._face()
        pose = Pose(
            yaw_deg=head[0],
            pitch_deg=head[1],
            roll_deg=head[2],
            eyes_offset_mm=offset,
            torso_deg=(float(rng.normal(0, 6)), float(rng.normal(0, 5)), turn + float(rng.normal(0, 4))),
            gaze_target_mm=(float(target[0]), float(target[1]), float(target[2])),
            lids=self._lids(),
            face=face,
            pupil_mm=float(rng.uniform(2.2, 7.0)),
            left_hand=left,
            right_hand=right,
        )
        zone = self._sights.zone((float(start[0]), float(start[1]), float(start[2])), (towards[0], towards[1], towards[2]))
        story = Story(
            part="shot", zone=zone, gesture=gesture, yawning=yawning, hands_on="wheel" in (left.end.place, right.end.place)
        )
        return Moment(t=t, pose=pose, light=self._light(), vehicle=VehicleState(t=t), story=story)

    def _head(self, near: bool) -> tuple[float, float, float]:
        rng, setup = self._rng, self._setup
        yaw = rng.uniform(-1, 1) * setup.yaw_deg if rng.random() < 0.5 and not near else rng.normal(0, 20)
        pitch = rng.normal(-4, 11) if rng.random() >= setup.nods else rng.uniform(-1, 1) * setup.pitch_deg
        limit = np.array([setup.yaw_deg, setup.pitch_deg, 35.0])
        yaw, pitch, roll = np.clip([yaw, pitch, rng.normal(0, 8)], -limit, limit)
        return float(yaw), float(pitch), float(roll)

    def _eyes(self, near: bool) -> Eyes:
        rng = self._rng
        distance = float(np.exp(rng.uniform(np.log(250), np.log(700)) if near else rng.uniform(np.log(500), np.log(8000))))
        pitch = rng.uniform(-42, 12) if near else rng.normal(-4, 11)
        return Eyes(float(np.clip(rng.normal(0, 16), -42, 42)), float(np.clip(pitch, -45, 28)), distance)

    def _lids(self) -> tuple[float, float]:
        rng = self._rng
        draw = rng.random()
        both = (
            0.0 if draw < self._setup.shut else rng.uniform(0, 0.7) if draw < self._setup.shut + 0.15 else rng.uniform(0.75, 1.25)
        )
        wink = 0.0 if rng.random() < 0.02 else 1.0
        return float(both), float(max(both * rng.normal(1, 0.04), 0) * wink)

    def _face(self) -> tuple[dict[str, float], bool]:
        rng = self._rng
        face: dict[str, float] = {}
        for unit, chance in (
            ("cheekSquint", 0.2), ("browDown", 0.25), ("browOuterUp", 0.15), ("mouthSmile", 0.25), ("mouthFrown", 0.1),
            ("mouthStretch", 0.1), ("noseSneer", 0.08), ("mouthUpperUp", 0.1),
        ):  # fmt: skip
            if rng.random() < chance:
                weight = rng.uniform(0, 0.8)
                face[f"{unit}Left"], face[f"{unit}Right"] = float(weight), float(weight * rng.uniform(0.7, 1.0))
        for unit, chance in (("browInnerUp", 0.2), ("mouthPucker", 0.1), ("mouthFunnel", 0.08), ("jawForward", 0.05)):
            if rng.random() < chance:
                face[unit] = float(rng.uniform(0, 0.8))
        yawning = bool(rng.random() < 0.12)
        if yawning:
            face["jawOpen"] = float(rng.uniform(0.65, 1.0))
        elif rng.random() < 0.35:
            face["jawOpen"] = float(rng.uniform(0, 0.4))
        return face, yawning

    def _hands(self) -> tuple[Hand, Hand, str]:
        rng = self._rng
        hands, gesture = [Hand(), Hand()], "none"
        if self._hand or rng.random() < self._setup.hands:
            side = int(rng.integers(2))
            if rng.random() < (0.75 if self._hand else 0.3):
                shape = GESTURES[int(rng.integers(len(GESTURES)))]
                hands[side], gesture = Hand(end=self._loose(Grip("front", shape))), shape
            else:
                place, shape, prop = DOING[int(rng.integers(len(DOING)))]
                hands[side] = Hand(end=self._loose(Grip(place, shape)), prop=prop)
            if rng.random() < 0.2:
                hands[1 - side] = Hand(end=Grip("wheel", "grip", clock=float(rng.uniform(8, 11) if side else rng.uniform(1, 4))))
        return hands[0], hands[1], gesture

    def _loose(self, grip: Grip) -> Grip:
        """The same grip, not quite there and not quite level."""
        rng = self._rng
        far = 45.0 if grip.place == "front" else 14.0
        turn = (32.0, 25.0, 25.0) if grip.place == "front" else (10.0, 8.0, 8.0)
        offset, turned = rng.normal(0, 0.7, 3) * far, rng.normal(0, 0.7, 3) * turn
        return Grip(
            grip.place, grip.shape, (float(offset[0]), float(offset[1]), float(offset[2])),
            (float(turned[0]), float(turned[1]), float(turned[2])),
        )  # fmt: skip

    def _light(self) -> Light:
        rng, kind = self._rng, self._kind

        def vary(value: float) -> float:
            return float(value * np.exp(rng.normal(0, 0.45)))

        return Light(
            led=vary(1.0), sun=vary(kind.sun) if rng.random() < 0.7 else 0.0, sun_direction=self._sun, ambient=vary(kind.ambient),
            outside=vary(kind.outside), street=kind.street, travelled_m=float(rng.uniform(0, 500)),
        )  # fmt: skip
