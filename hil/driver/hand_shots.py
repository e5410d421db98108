"""Single pictures for training a hand detector: both hands anywhere, in any shape, near or far, or no hand at all.

Like ``hil.driver.shots``, but a cut-out shows one hand, the whole driver or anything between, and each hand has its own place.
"""

from typing import Any

import numpy as np

from hil.driver.behaviour.scenario import Scenario, ShotsSetup
from hil.driver.body.posed import Posed
from hil.driver.draws import DOING, GESTURES, Draw
from hil.driver.pose import Grip, Hand, Place, Prop, Shape
from hil.driver.shots import Shots
from hil.driver.split import split_of
from hil.driver.truth.geometry import Array, View

WIDTH_MM = (300.0, 1500.0)
"""Narrowest and widest cut-out: a hand fills more than half of one and an eighth of the other."""

PLACES: tuple[tuple[str, float], ...] = (("front", 0.55), ("wheel", 0.13), ("doing", 0.18), ("away", 0.14))
"""What one hand does, and how often; each hand by itself."""

NO_HANDS = 0.08
"""Share of pictures without any hand, beyond those where chance hides both."""

ON_THE_WAY = 0.12
"""Share of hands caught between two places."""

NEAREST_MM = 150.0
"""What is nearer to the camera (or behind it) is no place to look at."""

METERED_BY_FACE = 0.3

HELD: tuple[tuple[Shape, Prop], ...] = (("phone", "phone"), ("cup", "cup"), ("pinch_hold", "cigarette"), ("pinch_hold", "food"))


class HandDraw(Draw):
    """Faces and light as in ``Draw``; hands of every kind."""

    def _hands(self) -> tuple[Hand, Hand, str]:
        if self._rng.random() < NO_HANDS:
            return Hand(), Hand(), "none"
        return self._one(0), self._one(1), "none"

    def _one(self, side: int) -> Hand:
        rng = self._rng
        what = PLACES[int(rng.choice(len(PLACES), p=[share for _, share in PLACES]))][0]
        if what == "away":
            return Hand()
        prop: Prop | None = None
        if what == "wheel":
            end = Grip("wheel", "grip", clock=float(rng.uniform(7, 12.5) if side == 0 else rng.uniform(-0.5, 5)))
        elif what == "doing":
            place, shape, prop = DOING[int(rng.integers(len(DOING)))]
            end = self._loose(Grip(place, shape))
        else:
            shape, prop = self._shape()
            end = self._raised(shape)
        if prop is None and rng.random() < ON_THE_WAY:
            start: Place = "wheel" if rng.random() < 0.5 else "lap"
            return Hand(start=Grip(start, "relaxed"), end=end, progress=float(rng.uniform(0.2, 0.9)))
        return Hand(end=end, prop=prop)

    def _shape(self) -> tuple[Shape, Prop | None]:
        rng = self._rng
        if rng.random() < 0.1:
            return HELD[int(rng.integers(len(HELD)))]
        if rng.random() < 0.12:
            return "relaxed", None
        return GESTURES[int(rng.integers(len(GESTURES)))], None

    def _raised(self, shape: Shape) -> Grip:
        """Held up anywhere before the body, turned anyhow; one in four shows its back."""
        rng = self._rng
        forward, aside, up = rng.uniform(-40, 330), rng.normal(0, 110), rng.normal(0, 110)
        turn = rng.normal(0, 35) + (150.0 if rng.random() < 0.25 else 0.0)
        offset = (float(forward), float(aside), float(up))
        return Grip("front", shape, offset, (float(turn), float(rng.normal(0, 28)), float(rng.normal(0, 28))))


class HandShots(Shots):
    """``Shots`` round a driver's hands; the same arguments, without a region."""

    def __init__(self, scenario: Scenario, **options: Any) -> None:
        super().__init__(scenario, region="hand", **options)

    def _drawing(self, setup: ShotsSetup) -> Draw:
        return HandDraw(setup, self.cabin, self._rng, split_of(self.seed))

    def _width_mm(self) -> float:
        return float(np.exp(self._rng.uniform(*np.log(WIDTH_MM))))

    def _middle(self, posed: Posed) -> Array:
        """A hand, the head, or something between or beside them."""
        rng = self._rng
        hands = [hand.points_mm.mean(axis=0) for hand in posed.hands.values() if hand is not None]
        middle = np.asarray(posed.head_mm, float)
        if hands and rng.random() < 0.85:
            hand = np.asarray(hands[int(rng.integers(len(hands)))], float)
            middle = hand + float(rng.uniform(0, 0.7)) * (middle - hand)
        middle = middle + rng.normal(0, 70, 3)
        away = View(camera=self._rig.camera, pose=self._rig.pose).to_camera(middle)[2]
        return middle if away > NEAREST_MM else np.asarray(posed.head_mm, float)

    def _metered(self, view: View, posed: Posed) -> tuple[int, int, int, int] | None:
        """Mostly by a hand: one near the lamp is white otherwise."""
        hands = [hand.points_mm for hand in posed.hands.values() if hand is not None]
        if not hands or self._rng.random() < METERED_BY_FACE:
            return super()._metered(view, posed)
        seen = view.pixels(hands[int(self._rng.integers(len(hands)))])
        if not np.isfinite(seen).all():
            return super()._metered(view, posed)
        (left, top), (width, height) = seen.min(axis=0), np.ptp(seen, axis=0)
        return round(left), round(top), round(width), round(height)
