"""Lids that follow the gaze: which face-unit weights give a wanted gap between the lid margins.

The face units' own gaze-following lids are wrong (the upper lid drops 3 mm for 30 degrees down, the lower one hardly at all,
so the iris vanishes behind it). Anatomy: the lower lid goes down about 2 mm for 30 degrees, the gap shrinks by about 0.1 mm a degree.
``eyeBlink`` = 1 over-closes: its weight is solved for the wanted gap, so the label is the gap in mm, never a weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hil.driver.body.asset import Asset
from hil.driver.body.identity import Identity

SIDES = ("Left", "Right")
GAP_PER_DEG_DOWN, GAP_PER_DEG_UP = -0.10, 0.055
LOWER_PER_DEG_DOWN, LOWER_PER_DEG_UP = -0.067, 0.02
SMALLEST_SHARE, LARGEST_SHARE = 0.30, 1.25
"""Of the straight-ahead gap: what gaze alone makes of it at most."""
LOWEST_MM = -3.0
PRESSED_MM = -0.5
"""Lids that are shut touch with some pressure; without it a slit of the eye shows between them."""


@dataclass(frozen=True, slots=True)
class LidPose:
    """Weights of the units of one eye, and what they make."""

    weights: dict[str, float]
    gap_mm: float
    openness: float


class Lids:
    """The lids of one person."""

    def __init__(self, asset: Asset, person: Identity) -> None:
        self._person = person
        lashes = asset.parts["lashes"]
        self._gaps: list[float] = []
        self._moves: list[dict[str, tuple[float, float]]] = []  # unit: change of gap, change of the lower margin
        for side, name in enumerate(("left", "right")):
            rows = [self._middle(asset, person, f"{name}_{lid}_lid", side) for lid in ("upper", "lower")]
            upper, lower = (int(lashes.smooth_columns[row]) for row in rows)
            self._gaps.append(float(person.coarse[upper, 2] - person.coarse[lower, 2]))
            self._moves.append({unit: _move(asset, unit, upper, lower) for unit in asset.units})

    @staticmethod
    def _middle(asset: Asset, person: Identity, landmark: str, side: int) -> int:
        """The margin's lash vertex nearest to the upright plane through the ball."""
        part, rows = asset.landmarks[landmark]
        across = person.coarse[asset.parts[part].smooth_columns[rows], 1]
        return rows[int(np.argmin(np.abs(across - person.shells_mm[side, 1])))]

    def relaxed(self, side: int, pitch_deg: float) -> float:
        """Gap in mm of the relaxed eye looking up or down by ``pitch_deg`` in the head."""
        straight = self._person.lid_gap_mm[side]
        slope = GAP_PER_DEG_UP if pitch_deg > 0 else -GAP_PER_DEG_DOWN
        return float(np.clip(straight + slope * pitch_deg, SMALLEST_SHARE * straight, LARGEST_SHARE * straight))

    def pose(self, side: int, yaw_deg: float, pitch_deg: float, openness: float, face: Mapping[str, float]) -> LidPose:
        """Unit weights of one eye.

        Args:
            side: 0 left, 1 right.
            yaw_deg, pitch_deg: eye in head, shown angles (yaw to the driver's right).
            openness: wanted gap as a share of the relaxed one for this gaze.
            face: other units, whose effect on the lids is made up for.
        """
        name, moves, gap = SIDES[side], self._moves[side], self._gaps[side]
        up, down = max(pitch_deg, 0.0), max(-pitch_deg, 0.0)
        inward = yaw_deg if side == 0 else -yaw_deg
        weights = {
            f"eyeLookUp{name}": 0.3 * up / 30,
            f"eyeLookDown{name}": min(down / 30, 1.2),
            f"eyeLookIn{name}": max(inward, 0.0) / 35,
            f"eyeLookOut{name}": max(-inward, 0.0) / 35,
        }
        made = [*weights.items(), *((unit, weight) for unit, weight in face.items() if unit in moves)]
        wanted = self.relaxed(side, pitch_deg) * openness
        goal = np.array(
            [wanted if wanted > 0.05 else PRESSED_MM, max(LOWER_PER_DEG_DOWN * down, LOWEST_MM) + LOWER_PER_DEG_UP * up]
        )
        base = np.array([gap, 0.0]) + sum((np.array(moves[unit]) * weight for unit, weight in made), np.zeros(2))
        blink, squint = np.array(moves[f"eyeBlink{name}"]), np.array(moves[f"eyeSquint{name}"])
        goal[1] += 0.08 * max(1 - openness, 0.0) * self._person.lid_gap_mm[side]  # the lower lid rises a little in closing
        solved = np.linalg.solve(np.stack([blink, squint], axis=1), goal - base)
        limited = np.clip(solved, (-0.9, -1.6), (1.3, 1.0))
        limited[0] = np.clip((goal[0] - base[0] - squint[0] * limited[1]) / blink[0], -0.9, 1.3)  # the gap counts first
        weights[f"eyeBlink{name}"], weights[f"eyeSquint{name}"] = float(limited[0]), float(limited[1])
        made_gap = float(base[0] + blink[0] * limited[0] + squint[0] * limited[1])
        shown = max(made_gap, 0.0)
        return LidPose(weights, shown, float(min(shown / self.relaxed(side, pitch_deg), 1.0)))


def _move(asset: Asset, unit: str, upper: int, lower: int) -> tuple[float, float]:
    rows, moves = asset.unit(unit)
    up = moves[rows == upper, 2].sum()
    low = moves[rows == lower, 2].sum()
    return float(up - low), float(low)
