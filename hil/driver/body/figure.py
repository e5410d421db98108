"""One person, posed: the driver model's words to bones, lids, eyes and places, in the order trunk, neck, head, eyes, arms."""

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Cabin
from hil.driver.body.asset import Asset, Floats, load
from hil.driver.body.fingers import SHAPES, HandRig
from hil.driver.body.gaze import Aim, aim
from hil.driver.body.identity import identity
from hil.driver.body.lids import LidPose, Lids
from hil.driver.body.posed import Eye, Posed, PosedHand
from hil.driver.body.reach import HandTarget, HeadFrame, Places, elbow
from hil.driver.body.rotation import about, between, cross, frame, part_way, unit, vector_of
from hil.driver.body.skeleton import Skeleton
from hil.driver.body.surface import Surface
from hil.driver.pose import Hand, Pose, Side, head_rotation

Array = NDArray[np.float64]
NECK_SHARE = {"neck01": 0.25, "neck02": 0.5, "neck03": 0.75}
"""How much of the turn between trunk and head each neck bone has made."""
RECLINE_DEG = 14.0
"""A seated trunk leans back."""
NOSE_UP_DEG = 4.7
"""The facial plane of the shapes' skin stands this much steeper than that of real heads at pitch zero: the mean answer of two
independent face meshes to 24 people rendered without this (4.7 and 4.2 degrees; spread 2.9 between people)."""
IRIS_PLANE = 0.80
SIDES: tuple[Side, Side] = ("left", "right")


class Figure:
    """One person in one cabin. ``pose`` is the only thing that happens per frame.

    Args:
        seed: who (``hil.driver.body.identity``).
        cabin: where the eyes, the wheel and the screens are.
        asset: the packed body.
    """

    def __init__(self, seed: int, cabin: Cabin, asset: Asset | None = None) -> None:
        self.asset = asset or load()
        self.person = identity(self.asset, seed)
        self.surface = Surface(self.asset, self.person)
        self._rigs = {side: HandRig(self.asset, self.person, side) for side in SIDES}
        self._places = Places(cabin)
        self._ocular = np.asarray(cabin.ocular_point_mm, float)
        self._level = self._levelling()
        self._lids = Lids(self.asset, self.person, self._level[2])
        straight = Skeleton(self.asset, self.person)
        self._trunk_and_head(straight, Pose(), np.zeros(3))
        self._neck_mm = self._ocular - straight.carry(straight.index["head"], np.zeros(3))
        """Foot of the neck when the straight head has its eyes at the ocular point."""

    def _levelling(self) -> Array:
        """Turn that brings the mean head to pitch zero: its facial plane (nasion to pogonion) upright, then ``NOSE_UP_DEG``."""
        rows = {name: self.asset.landmarks[name][1][0] for name in ("nasion", "pogonion")}
        mean = self.asset.parts["head"].refine(self.asset.mean[: self.asset.vertices])
        line = (mean[rows["nasion"]] - mean[rows["pogonion"]]).astype(np.float64)
        return about(np.array([0.0, 1.0, 0.0]), float(np.degrees(np.arctan2(-line[0], line[2]))) - NOSE_UP_DEG)

    def pose(self, pose: Pose) -> Posed:
        """The figure doing what ``pose`` says."""
        bones = Skeleton(self.asset, self.person)
        head = self._trunk_and_head(bones, pose, self._neck_mm + np.asarray(pose.eyes_offset_mm, float))
        bone = bones.index["head"]
        target = np.asarray(pose.gaze_target_mm, float)
        aims = [aim(self.person, side, bones.matrices[bone], head, target) for side in (0, 1)]
        lids = [self._lids.pose(s, aims[s].yaw_deg, aims[s].pitch_deg, pose.lids[s], pose.face) for s in (0, 1)]
        weights: dict[str, float] = {**pose.face, **lids[0].weights, **lids[1].weights}
        rest, normals = self.surface.shaped(weights)
        frame4 = np.vstack([bones.matrices[bone], [0.0, 0.0, 0.0, 1.0]])
        found, opening = self._landmarks(rest, frame4)
        hands = self._arms(bones, pose, self._head_frame(head, frame4, rest))
        return Posed(
            bones=bones.matrices.astype(np.float32),
            rest=rest,
            normals=normals,
            head_rotation=head,
            head_mm=bones.carry(bone, np.zeros(3)),
            head_frame=frame4,
            eyes=(self._eye(0, aims[0], lids[0], frame4, pose.pupil_mm), self._eye(1, aims[1], lids[1], frame4, pose.pupil_mm)),
            landmarks=found,
            hands=hands,
            mouth_opening_mm=opening,
        )

    def _trunk_and_head(self, bones: Skeleton, pose: Pose, foot_of_neck: Array) -> Array:
        """Poses spine, neck and head; gives the head's rotation."""
        forward, left, turn = pose.torso_deg
        trunk = (
            about(np.array([0.0, 0.0, 1.0]), turn)
            @ about(np.array([1.0, 0.0, 0.0]), -left)
            @ about(np.array([0.0, 1.0, 0.0]), forward - RECLINE_DEG)
        )
        head = head_rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
        index = bones.index
        bones.place(index["spine05"], trunk, np.zeros(3))
        for name in ("spine04", "spine03", "spine02", "spine01"):
            bones.set(index[name], trunk)
        bones.shift(foot_of_neck - bones.joint(index["neck01"]))
        whole = head @ self._level
        for name, share in NECK_SHARE.items():
            bones.set(index[name], part_way(trunk, whole, share))
        bones.set(index["head"], whole)
        return head

    def _eye(self, side: int, aimed: Aim, lid: LidPose, head: Array, pupil_mm: float) -> Eye:
        person = self.person
        shell = head[:3, :3] @ person.shells_mm[side] + head[:3, 3]
        return Eye(
            centre_mm=aimed.centre_mm,
            rotation=aimed.rotation,
            visual=aimed.visual,
            radius_mm=person.eye_mm,
            cornea_mm=person.cornea_mm,
            cornea_centre_mm=cornea_centre(person.eye_mm, person.cornea_mm, person.iris_mm),
            iris_mm=person.iris_mm,
            iris_plane_mm=IRIS_PLANE * person.eye_mm,
            pupil_mm=pupil_mm / 2,
            shell_centre_mm=shell,
            shell_radius_mm=person.shell_radii_mm[side],
            lid_gap_mm=lid.gap_mm,
            relaxed_gap_mm=lid.relaxed_mm,
            openness=min(lid.gap_mm / lid.relaxed_mm, 1.0),
        )

    def _landmarks(self, rest: Mapping[str, Floats], head: Array) -> tuple[dict[str, Array], float]:
        found = {}
        for name, (part, rows) in self.asset.landmarks.items():
            points = rest[part][rows].astype(np.float64)
            if name.endswith("_corner"):
                points = points.mean(axis=0, keepdims=True)
            found[name] = points @ head[:3, :3].T + head[:3, 3]
        lips = found["upper_lip"][0] - found["lower_lip"][0]
        shut = self.surface.lip_gap_mm
        return found, max(float(np.linalg.norm(lips)) - shut, 0.0)

    def _head_frame(self, rotation: Array, head: Array, rest: Mapping[str, Floats]) -> HeadFrame:
        def place(name: str) -> Array:
            part, rows = self.asset.landmarks[name]
            return cast(Array, self._level @ rest[part][rows].astype(np.float64).mean(axis=0))

        mouth = (place("upper_lip") + place("lower_lip")) / 2
        ears: dict[Side, Array] = {side: place(f"{side}_tragus") for side in SIDES}
        return HeadFrame(rotation, head[:3, 3], mouth, ears)

    def _arms(self, bones: Skeleton, pose: Pose, head: HeadFrame) -> dict[Side, PosedHand | None]:
        hands: dict[Side, PosedHand | None] = {}
        for side, hand in zip(SIDES, (pose.left_hand, pose.right_hand), strict=True):
            mark = side[0].upper()
            for name in (f"clavicle.{mark}", f"shoulder01.{mark}"):
                bones.follow(bones.index[name])
            shoulder = bones.joint(bones.index[f"upperarm01.{mark}"])
            self._arm(bones, side, self._places.target(hand, side, head, shoulder))
            hands[side] = self._hand(bones, side, hand)
        return hands

    def _arm(self, bones: Skeleton, side: Side, target: HandTarget) -> None:
        """Shoulder and elbow so that the wrist is there; the fore-arm twists half of the way to the hand."""
        mark, out, index, heads = side[0].upper(), 1.0 if side == "left" else -1.0, bones.index, self.person.heads
        upper, lower, wrist = (index[f"{name}.{mark}"] for name in ("upperarm01", "lowerarm01", "wrist"))
        rest_upper, rest_lower = heads[lower] - heads[upper], heads[wrist] - heads[lower]
        shoulder = bones.joint(upper)
        lengths = float(np.linalg.norm(rest_upper)), float(np.linalg.norm(rest_lower))
        bend, reached = elbow(shoulder, target.wrist_mm, lengths[0], lengths[1], out)
        hinge_rest, hinge = cross(rest_upper, rest_lower), cross(bend - shoulder, reached - bend)
        if np.linalg.norm(hinge) < 1.0:
            hinge = bones.rotations[index[f"shoulder01.{mark}"]] @ hinge_rest
        turn_upper = frame(bend - shoulder, hinge) @ frame(rest_upper, hinge_rest).T
        turn_lower = frame(reached - bend, hinge) @ frame(rest_lower, hinge_rest).T
        bones.set(upper, turn_upper)
        bones.set(index[f"upperarm02.{mark}"], turn_upper)
        hand = target.axes @ self._rigs[side].axes.T
        axis = unit(reached - bend)
        twist = float(np.degrees(vector_of(between(hand @ turn_lower.T @ axis, axis) @ hand @ turn_lower.T) @ axis))
        bones.set(lower, about(axis, 0.25 * twist) @ turn_lower)
        bones.set(index[f"lowerarm02.{mark}"], about(axis, 0.7 * twist) @ turn_lower)
        bones.set(wrist, hand)

    def _hand(self, bones: Skeleton, side: Side, hand: Hand) -> PosedHand | None:
        rig = self._rigs[side]
        fingers = SHAPES[hand.start.shape].mixed(SHAPES[hand.end.shape], min(max(hand.progress, 0.0), 1.0))
        turns = rig.turns(fingers)
        mark = side[0].upper()
        for f in range(1, 5):
            bones.follow(bones.index[f"metacarpal{f}.{mark}"])
        for bone, turn in turns.items():
            bones.follow(bone, turn)
        if hand.start.place == "away" and hand.end.place == "away":
            return None
        points = np.array([bones.carry(b, p) for b, p in zip(rig.point_bones(), rig.points(), strict=True)])
        palm = np.eye(4)
        palm[:3, :3] = bones.rotations[rig.wrist] @ rig.axes
        palm[:3, 3] = bones.carry(rig.wrist, rig.middle)
        return PosedHand(points, palm)


def cornea_centre(eye_mm: float, cornea_mm: float, iris_mm: float) -> float:
    """Centre of the corneal sphere ahead of the ball's, so that both spheres meet at the limbus (where the iris ends)."""
    limbus = float(np.sqrt(eye_mm**2 - iris_mm**2))
    return limbus - float(np.sqrt(max(cornea_mm**2 - iris_mm**2, 0.0)))
