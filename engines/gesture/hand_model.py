"""A hand as joint angles: many at once, from bones of the synthetic driver's people to 21 points in a picture.

Palm frame of a right hand, mm: along the fingers, out of the palm, towards the thumb. Left hands are not made: the normalised
frame mirrors them into right ones.
"""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # hil is no dependency of an installed engine

from hil.driver.body.asset import load
from hil.driver.body.fingers import HandRig
from hil.driver.body.identity import identity
from hil.driver.split import Split, split_of

Array = NDArray[np.float64]
FAN_DEG = np.array([5.0, 0.0, -5.0, -11.0])
"""Of the straight fingers from the middle one, towards the thumb."""
CONVERGE_DEG = np.array([-4.0, 0.0, 7.0, 14.0])
"""Bent fingers point to the root of the thumb: lean of the plane a finger bends in."""


@dataclass(frozen=True, slots=True, eq=False)
class Angles:
    """Joint angles of N hands, degrees.

    Attributes:
        flexion: N x 4 x 3, index to little finger, from the knuckle on; positive into the palm.
        spread: N x 4, fan of each finger beyond its natural one, towards the thumb.
        thumb: N x 5: away from the index finger in the palm's plane, before the palm, bend of the two joints, bend of the root.
    """

    flexion: Array
    spread: Array
    thumb: Array

    def __len__(self) -> int:
        return len(self.thumb)

    def mixed(self, other: "Angles", share: Array) -> "Angles":
        """Part of the way to other hands, N shares."""
        s = share[:, None]
        return Angles(
            self.flexion + (other.flexion - self.flexion) * s[..., None],
            self.spread + (other.spread - self.spread) * s,
            self.thumb + (other.thumb - self.thumb) * s,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Bones:
    """Of N hands, mm: ``roots`` N x 5 x 3 (thumb first) from the wrist, ``lengths`` N x 5 x 3."""

    roots: Array
    lengths: Array


@cache
def _people(split: Split, count: int) -> Bones:
    """Bones of the synthetic driver's people of a split."""
    asset, seeds = load(), [s for s in range(6 * count) if split_of(s) == split][:count]
    roots, lengths = [], []
    for seed in seeds:
        rig = HandRig(asset, identity(asset, seed), "right")
        p = (rig.points() - rig.points()[0]) @ rig.axes
        chains = p[1:].reshape(5, 4, 3)
        roots.append(chains[:, 0])
        lengths.append(np.linalg.norm(np.diff(chains, axis=1), axis=2))
    return Bones(np.array(roots), np.array(lengths))


def draw_bones(rng: np.random.Generator, n: int, split: Split) -> Bones:
    """Bones of N people, with further spread in proportions."""
    people = _people(split, 60 if split == "train" else 24)
    who = rng.integers(len(people.roots), size=n)
    fingers = rng.normal(1.0, 0.07, (n, 1, 1)) * rng.normal(1.0, 0.05, (n, 5, 1)) * rng.normal(1.0, 0.05, (n, 5, 3))
    palm = rng.normal(1.0, 0.06, (n, 1, 3))
    jitter = rng.normal(0.0, 2.0, (n, 5, 3))
    return Bones(people.roots[who] * palm + jitter, people.lengths[who] * fingers)


def points(bones: Bones, angles: Angles) -> Array:
    """N x 21 x 3 in the palm frame, mm, wrist at the origin."""
    out = np.zeros((len(angles), 21, 3))
    for f in range(4):
        out[:, 5 + 4 * f : 9 + 4 * f] = _finger(bones, angles, f)
    out[:, 1:5] = thumb_points(bones, angles.thumb)
    return out


def _finger(bones: Bones, angles: Angles, f: int) -> Array:
    fan = np.radians(FAN_DEG[f] + angles.spread[:, f])
    lean = np.radians(CONVERGE_DEG[f])
    straight = np.stack([np.cos(fan), np.zeros_like(fan), np.sin(fan)], axis=1)
    side = np.stack([-np.sin(fan), np.zeros_like(fan), np.cos(fan)], axis=1)
    inward = np.cos(lean) * np.array([0.0, 1.0, 0.0]) + np.sin(lean) * side
    bend = np.cumsum(np.radians(angles.flexion[:, f]), axis=1)
    way = np.cos(bend)[..., None] * straight[:, None] + np.sin(bend)[..., None] * inward[:, None]
    return _chain(bones.roots[:, f + 1], bones.lengths[:, f + 1], way)


def thumb_points(bones: Bones, thumb: Array) -> Array:
    """N x 4 x 3: the thumb's points for N x 5 angles."""
    away, before, first, second, root = np.radians(thumb).T
    straight = np.stack([np.cos(away) * np.cos(before), np.sin(before), np.sin(away) * np.cos(before)], axis=1)
    target = np.array([0.15, 0.35, -1.0])
    inward = target - straight * (straight @ target)[:, None]
    inward /= np.linalg.norm(inward, axis=1, keepdims=True)
    bend = np.cumsum(np.stack([root, first, second], axis=1), axis=1)
    way = np.cos(bend)[..., None] * straight[:, None] + np.sin(bend)[..., None] * inward[:, None]
    return _chain(bones.roots[:, 0], bones.lengths[:, 0], way)


def _chain(root: Array, lengths: Array, way: Array) -> Array:
    steps = lengths[..., None] * way
    return np.concatenate([root[:, None], root[:, None] + np.cumsum(steps, axis=1)], axis=1)


def turned(p: Array, rotation: Array) -> Array:
    """Palm frame to axes of the camera (x right, y down, z away); ``rotation`` N x 3 x 3."""
    return np.asarray(np.einsum("nij,nkj->nki", rotation, p))


UPRIGHT = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Fingers up, palm to the camera: palm frame to camera axes."""


def view(yaw_deg: Array, pitch_deg: Array, roll_deg: Array) -> Array:
    """N rotations: about the upright hand's length (0: palm to the camera, 180: back), tilt of fingers, turn in the picture."""
    y, p, r = np.radians(yaw_deg), np.radians(pitch_deg), np.radians(roll_deg)
    o, i = np.zeros_like(y), np.ones_like(y)
    about_y = _matrix([[np.cos(y), o, np.sin(y)], [o, i, o], [-np.sin(y), o, np.cos(y)]])
    about_x = _matrix([[i, o, o], [o, np.cos(p), -np.sin(p)], [o, np.sin(p), np.cos(p)]])
    about_z = _matrix([[np.cos(r), -np.sin(r), o], [np.sin(r), np.cos(r), o], [o, o, i]])
    return np.asarray(about_z @ about_x @ about_y @ UPRIGHT)


def _matrix(rows: list[list[Array]]) -> Array:
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def projected(p: Array, distance_mm: Array) -> Array:
    """N x 21 x 2, y down, of hands whose middle is so far from the camera."""
    centred = p - p.mean(axis=1, keepdims=True)
    return np.asarray(centred[..., :2] / (1.0 + centred[..., 2:] / distance_mm[:, None, None]))
