"""What the fingers do for each shape, and the turns of the finger bones that make it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import Asset
from hil.driver.body.identity import Identity
from hil.driver.body.rotation import about, cross, frame, unit
from hil.driver.pose import Shape, Side

Array = NDArray[np.float64]
FLEXION_DEG = (68.0, 83.0, 45.0)
"""Of the three joints of a finger at curl 1, beyond the 15 to 35 degrees that the rest shape is bent already: the tips then lie
on the palm (further, and they come out of the back of the hand)."""
THUMB_DEG = (18.0, 48.0, 70.0)
OPPOSITION_DEG = 58.0


@dataclass(frozen=True, slots=True)
class Fingers:
    """Curl 0..1 of thumb to little finger, how far the thumb stands before the palm (negative: away), spread in degrees."""

    curl: tuple[float, float, float, float, float]
    oppose: float = 0.0
    spread_deg: float = 0.0

    def mixed(self, other: "Fingers", share: float) -> "Fingers":
        """Part of the way to another shape."""
        curl = tuple(a + (b - a) * share for a, b in zip(self.curl, other.curl, strict=True))
        return Fingers(
            (curl[0], curl[1], curl[2], curl[3], curl[4]),
            self.oppose + (other.oppose - self.oppose) * share,
            self.spread_deg + (other.spread_deg - self.spread_deg) * share,
        )


TIP_SHARE = 0.75
"""Of the last bone: the usual 21 points have the tip in the pad, not at the very end."""

_STRAIGHT = -0.08
SHAPES: dict[Shape, Fingers] = {
    "relaxed": Fingers((0.15, 0.27, 0.34, 0.40, 0.46), 0.25),
    "grip": Fingers((0.45, 0.88, 0.92, 0.95, 0.98), 0.55),
    "phone": Fingers((0.20, 0.51, 0.55, 0.59, 0.63), 0.50, 3),
    "cup": Fingers((0.20, 0.59, 0.61, 0.63, 0.67), 0.70, 2),
    "pinch_hold": Fingers((0.30, 0.55, 0.49, 0.67, 0.79), 0.75),
    "cover": Fingers((0.10, 0.15, 0.15, 0.17, 0.22), 0.15),
    "open_palm": Fingers((0.0, _STRAIGHT, _STRAIGHT, _STRAIGHT, _STRAIGHT), -0.15, 9),
    "stop": Fingers((0.1, _STRAIGHT, _STRAIGHT, _STRAIGHT, _STRAIGHT), 0.25, 0),
    "fist": Fingers((0.6, 1.0, 1.0, 1.0, 1.0), 0.35),
    "point": Fingers((0.65, _STRAIGHT, 1.0, 1.0, 1.0), 0.45),
    "victory": Fingers((0.65, _STRAIGHT, _STRAIGHT, 1.0, 1.0), 0.65, 13),
    "three": Fingers((0.75, _STRAIGHT, _STRAIGHT, _STRAIGHT, 1.0), 0.9, 8),
    "four": Fingers((0.8, _STRAIGHT, _STRAIGHT, _STRAIGHT, _STRAIGHT), 0.8, 8),
    "thumb_up": Fingers((0.0, 1.0, 1.0, 1.0, 1.0), -0.25),
    "thumb_down": Fingers((0.0, 1.0, 1.0, 1.0, 1.0), -0.25),
    "ok": Fingers((0.42, 0.63, 0.10, 0.05, 0.00), 0.85, 7),
    "call": Fingers((0.0, 1.0, 1.0, 1.0, _STRAIGHT), -0.3, 4),
    "rock": Fingers((0.65, _STRAIGHT, 1.0, 1.0, _STRAIGHT), 0.5, 4),
    "mute": Fingers((0.65, _STRAIGHT, 1.0, 1.0, 1.0), 0.45),
    "pinch": Fingers((0.42, 0.63, 0.73, 0.85, 0.92), 0.85),
}


class HandRig:
    """Joints and axes of one hand of one person, rest frame."""

    def __init__(self, asset: Asset, person: Identity, side: Side) -> None:
        mark = side[0].upper()
        self.side = side
        index = {name: i for i, name in enumerate(asset.bones)}
        self.wrist = index[f"wrist.{mark}"]
        self.bones = [[index[f"finger{f}-{j}.{mark}"] for j in (1, 2, 3)] for f in range(1, 6)]
        heads, tails = person.heads, person.tails
        roots = [heads[self.bones[f][0]] for f in range(5)]
        along, across = roots[2] - heads[self.wrist], roots[1] - roots[4]
        normal = cross(along, across) if side == "left" else cross(across, along)
        self.axes = frame(along, normal)
        """Palm axes in the rest frame: along the fingers, out of the palm, x cross y."""
        self.middle = (heads[self.wrist] + roots[2]) / 2 + 14.0 * self.axes[:, 1]
        self._heads, self._tails = heads, tails
        self._thumbwards = unit(across - self.axes[:, 0] * (across @ self.axes[:, 0]))

    def points(self) -> Array:
        """21 x 3 in the rest frame; see ``point_bones`` for what moves each."""
        rows = [self._heads[self.wrist]]
        for chain in self.bones:
            last, end = self._heads[chain[2]], self._tails[chain[2]]
            rows += [self._heads[b] for b in chain] + [last + TIP_SHARE * (end - last)]
        return np.array(rows)

    def point_bones(self) -> list[int]:
        """The bone that carries each of the 21 points."""
        return [self.wrist] + [bone for chain in self.bones for bone in (*chain, chain[2])]

    def turns(self, fingers: Fingers) -> dict[int, Array]:
        """Rotation of each finger bone about its own head, in the rest frame's axes, relative to its parent."""
        palm, out = self.axes[:, 1], {}
        for f in range(1, 5):
            curl = fingers.curl[f]
            for j, bone in enumerate(self.bones[f]):
                along = self._direction(f, j)
                turn = about(cross(along, palm), FLEXION_DEG[j] * curl)
                if j == 0:
                    fan = (1.5 - (f - 1)) / 1.5 * fingers.spread_deg * (1 - curl)
                    turn = turn @ about(cross(along, self._thumbwards), fan)
                out[bone] = turn
        out.update(self._thumb(fingers))
        return out

    def _thumb(self, fingers: Fingers) -> dict[int, Array]:
        """The thumb turns before the palm about the hand's length, then bends towards the little finger."""
        along, palm = self.axes[:, 0], self.axes[:, 1]
        turn_in = about(cross(self._thumbwards, palm), OPPOSITION_DEG * fingers.oppose)
        turns = {}
        for j, bone in enumerate(self.bones[0]):
            bend_to = -self._thumbwards + 0.35 * palm - 0.25 * along
            bend = about(cross(self._direction(0, j), bend_to), THUMB_DEG[j] * fingers.curl[0])
            turns[bone] = turn_in @ bend if j == 0 else bend
        return turns

    def _direction(self, finger: int, joint: int) -> Array:
        bone = self.bones[finger][joint]
        end = self._heads[self.bones[finger][joint + 1]] if joint < 2 else self._tails[bone]
        return unit(end - self._heads[bone])
