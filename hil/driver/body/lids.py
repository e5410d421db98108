"""Lids that follow the gaze: which face-unit weights give a wanted gap between the lid margins.

The face units' own gaze-following lids are wrong: the upper lid drops 3 mm for 30 degrees down, the lower one hardly at all, so
the iris vanishes behind it. In people both lids go down with the eye, the lower one nearly as far as the lower edge of the iris
while the upper lid comes down to the pupil, and the outer corner sinks; how far differs from one to the next (``Following``).
``eyeBlink`` = 1 over-closes: its weight is solved for the wanted gap, so the label is the gap in mm, never a weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import CORNER_DOWN, Asset, Ints
from hil.driver.body.identity import Identity

Array = NDArray[np.float64]
SIDES = ("Left", "Right")
GAP_PER_DEG_UP, LOWER_PER_DEG_UP = 0.055, 0.02
SMALLEST_SHARE, LARGEST_SHARE = 0.30, 1.25
"""Of the straight-ahead gap: what gaze alone makes of it at most."""
LOWEST_MM = -6.0
LOWER_SHARE, OWN_HEIGHT = 0.54, 0.3
"""The relaxed lower margin lies this share of the gap below the ball's middle; how much of the shape's own deviation stays."""
UNITS_TAKE = 0.016
"""The other units take the outer corner down with the eye by so much, mm a degree."""
PRESSED_MM = -0.6
"""Lids that are shut touch with some pressure; without it a slit of the eye shows between them."""

BLINK_RANGE, SQUINT_RANGE = (-0.9, 1.3), (-2.0, 1.0)
STEPS, PROBE = 3, 0.05


@dataclass(frozen=True, slots=True)
class Following:
    """How the lids of one person go down with the eye, mm a degree along the head's height: gap, lower margin, outer corner.

    ``rest_mm``: how much higher than others' the lower margin stands when the eye looks ahead.
    """

    gap: float
    lower: float
    corner: float
    rest_mm: float


def following(seed: int) -> Following:
    """Of the person of a seed.

    In 30 to 40 degrees of downgaze the middle of the pupil comes 1.0 mm nearer to the upper margin and 1.3 mm to the lower one
    ("Quantitating the change in upper eyelid position during downgaze", 50 people); the gap as seen along the gaze goes from 9.7
    to 6.4 mm at 40 degrees (Read and others 2006, 76 people). On a ball of 12 mm the lower margin sinks 4 mm at 30
    degrees, and the gap loses 3 to 4. The outer corner: see ``canthi``. Looking ahead, distances from the pupil to both margins
    vary by 0.7 to 1 mm between people, hardly together.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 103]))
    return Following(
        gap=float(np.clip(rng.normal(-0.11, 0.03), -0.20, -0.04)),
        lower=float(np.clip(rng.normal(-0.135, 0.025), -0.18, -0.07)),
        corner=float(np.clip(rng.normal(-0.05, 0.015), -0.09, -0.02)),
        rest_mm=float(np.clip(rng.normal(0.0, 0.5), -1.2, 1.2)),
    )


@dataclass(frozen=True, slots=True)
class LidPose:
    """Weights of the units of one eye, and what they make."""

    weights: dict[str, float]
    gap_mm: float
    relaxed_mm: float


class Lids:
    """The lids of one person; ``up`` is the levelled head's upward direction in the rest frame, along which gaps are measured."""

    def __init__(self, asset: Asset, person: Identity, up: Array) -> None:
        self._person, self._up, self._following = person, up, following(person.seed)
        part = asset.parts["lashes"]
        self._margins: list[tuple[Array, Array]] = []
        self._moves: list[dict[str, tuple[Array, Array]]] = []
        for side, name in enumerate(("left", "right")):
            rows = [part.smooth_columns[asset.landmarks[f"{name}_{lid}_lid"][1]] for lid in ("upper", "lower")]
            upper, lower = (person.coarse[r].astype(np.float64) - person.shells_mm[side] for r in rows)
            self._margins.append((upper, lower))
            moved = {unit: (_moves(asset, unit, rows[0]), _moves(asset, unit, rows[1])) for unit in asset.units}
            self._moves.append({unit: both for unit, both in moved.items() if both[0].any() or both[1].any()})

        relaxed = [-LOWER_SHARE * person.lid_gap_mm[side] for side in (0, 1)]
        own = [float(self._heights(side, {})[1]) - relaxed[side] for side in (0, 1)]
        self._lower_rest = [at + OWN_HEIGHT * more + self._following.rest_mm for at, more in zip(relaxed, own, strict=True)]

    def _heights(self, side: int, weights: Mapping[str, float]) -> Array:
        """Height of the upper and the lower margin above the middle of the ball, mm, with these unit weights."""
        heights = []
        for lid in (0, 1):
            points = self._margins[side][lid]
            for unit, weight in weights.items():
                moves = self._moves[side].get(unit)
                if moves is not None and weight:
                    points = points + weight * moves[lid]
            order = np.argsort(points[:, 1])
            heights.append(np.interp(0.0, points[order, 1], points[order] @ self._up))
        return np.array(heights)

    def relaxed(self, side: int, pitch_deg: float) -> float:
        """Gap in mm of the relaxed eye looking up or down by ``pitch_deg`` in the head."""
        straight = self._person.lid_gap_mm[side]
        slope = GAP_PER_DEG_UP if pitch_deg > 0 else -self._following.gap
        return float(np.clip(straight + slope * pitch_deg, SMALLEST_SHARE * straight, LARGEST_SHARE * straight))

    def pose(self, side: int, yaw_deg: float, pitch_deg: float, openness: float, face: Mapping[str, float]) -> LidPose:
        """Unit weights of one eye.

        Args:
            side: 0 left, 1 right.
            yaw_deg, pitch_deg: eye in head, shown angles (yaw to the driver's right).
            openness: wanted gap as a share of the relaxed one for this gaze.
            face: other units, whose effect on the lids is made up for.
        """
        name, moves = SIDES[side], self._moves[side]
        up, down = max(pitch_deg, 0.0), max(-pitch_deg, 0.0)
        inward = yaw_deg if side == 0 else -yaw_deg
        weights = {
            f"eyeLookUp{name}": 0.3 * up / 30,
            f"eyeLookDown{name}": min(down / 30, 1.2),
            f"eyeLookIn{name}": max(inward, 0.0) / 35,
            f"eyeLookOut{name}": max(-inward, 0.0) / 35,
            CORNER_DOWN + name: max(-self._following.corner - UNITS_TAKE, 0.0) * min(down, 40.0),
        }
        weights.update({unit: weight for unit, weight in face.items() if unit in moves})
        wanted = self.relaxed(side, pitch_deg) * openness
        rises = 0.08 * max(1 - openness, 0.0) * self._person.lid_gap_mm[side]  # the lower lid comes up a little in closing
        low = self._lower_rest[side] + max(self._following.lower * down, LOWEST_MM) + LOWER_PER_DEG_UP * up + rises
        goal = np.array([low + (wanted if wanted > 0.05 else PRESSED_MM), low])
        blink, squint = f"eyeBlink{name}", f"eyeSquint{name}"
        self._solve(side, weights, (blink, squint), goal)
        gap = max(float(np.subtract(*self._heights(side, weights))), 0.0)
        own = {unit: weight for unit, weight in weights.items() if unit.startswith("eye")}
        return LidPose(own, gap, self.relaxed(side, pitch_deg))

    def _solve(self, side: int, weights: dict[str, float], pair: tuple[str, str], goal: Array) -> None:
        """Newton steps on the weights of blink and squint until both margins are where they should be; the gap counts first."""
        for _ in range(STEPS):
            base = self._heights(side, weights)
            slopes = []
            for unit in pair:
                probe = self._heights(side, {**weights, unit: weights.get(unit, 0.0) + PROBE})
                slopes.append((probe - base) / PROBE)
            step = np.linalg.solve(np.stack(slopes, axis=1), goal - base)
            squint = float(np.clip(weights.get(pair[1], 0.0) + step[1], *SQUINT_RANGE))
            taken = squint - weights.get(pair[1], 0.0)
            gap_slope = [s[0] - s[1] for s in slopes]
            missing = (goal[0] - goal[1]) - (base[0] - base[1]) - gap_slope[1] * taken
            weights[pair[1]] = squint
            weights[pair[0]] = float(np.clip(weights.get(pair[0], 0.0) + missing / gap_slope[0], *BLINK_RANGE))


def _moves(asset: Asset, unit: str, vertices: Ints) -> Array:
    """What a unit does to these coarse vertices."""
    rows, moves = asset.unit(unit)
    everything = np.zeros((asset.vertices, 3), np.float32)
    everything[rows] = moves
    return everything[vertices].astype(np.float64)
