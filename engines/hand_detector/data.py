"""Training pictures for the hand detector: the rendered hands before any background, at any size, with their boxes.

A row of a ``hands`` set (``tools.training.render``) is put into the detector's canvas as a camera's picture would be; hands of
other rows are laid over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception.hand_search import LAYERS, SIDE, evened
from hil.driver.truth.columns import WORDS
from hil.driver.truth.training_reader import TrainingSet
from tools.training import augment

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]
Rng = np.random.Generator

STRIDE = LAYERS[0][0]
SIDES = (96, SIDE)
"""Sides of the canvas. A small one teaches as much about a hand as the whole one, in a third of the time; the whole one now and
then teaches large hands."""
BARS = ((1.0, 1.0), (1.0, 0.75), (1.0, 0.75), (1.0, 0.6), (0.75, 1.0))
"""Width and height of the picture in the canvas."""
EXTENTS = (13.0, 0.85)
"""A hand that is looked at is drawn between so many pixels and this share of the picture's smaller side; rendered pixels are
enlarged ``MOST_ENLARGED`` times at most."""
MOST_ENLARGED = 2.0
SEEN, DOUBTFUL = 0.2, 0.04
"""Share of a hand's points that must be seen to call it a hand; between the two it is neither hand nor background."""
SMALLEST_PX = 9.0
WRIST, KNUCKLE = 0, 9


@dataclass(frozen=True, eq=False)
class HandRows:
    """Rows of a ``hands`` set; pictures stay on disk.

    Attributes:
        points: n x 2 x 21 x 2 px; ``visible``: n x 2; ``train``: n.
    """

    shards: list[dict[str, NDArray[Any]]]
    where: NDArray[np.int64]
    points: Floats
    visible: Floats
    train: Mask

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of ``train`` or ``test`` drivers."""
        return np.flatnonzero(self.train == (split == "train"))

    def picture(self, row: int) -> Grey:
        """h x w grey."""
        shard, at = self.where[row]
        return np.asarray(self.shards[shard]["picture"][at])

    def mask(self, row: int, name: str) -> Mask:
        """``driver`` or ``skin``, h x w."""
        shard, at = self.where[row]
        return np.unpackbits(np.asarray(self.shards[shard][name][at]), axis=1).astype(bool)


def load_hands(folder: Path) -> HandRows:
    """All rows that are rendered so far."""
    data = TrainingSet(folder)
    shards, where, columns = [], [], []
    for number, shard in enumerate(data.manifest.shards):
        labels = data.shard(shard)
        shards.append({name: labels[name] for name in ("picture", "driver", "skin")})
        columns.append({name: np.asarray(labels[name]) for name in ("hands", "hands_visible", "split")})
        where.append(np.stack([np.full(shard.rows, number), np.arange(shard.rows)], axis=1))
    joined = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    train = joined["split"] == WORDS["split"].index("train")
    return HandRows(shards, np.concatenate(where), joined["hands"], joined["hands_visible"], train)


@dataclass(frozen=True, eq=False)
class Target:
    """What the network shall say, cell by cell: a score 0..1, eight numbers (px from the middle of the cell); what counts."""

    score: Floats
    counts: Floats
    boxes: Floats
    weight: Floats


@dataclass(frozen=True, eq=False)
class Shown:
    """A hand in the canvas: 21 x 2 px, and whether it counts, is doubtful, or is not there."""

    points: Floats
    visible: float


class Scenes:
    """Pictures in the canvas with what they show."""

    def __init__(self, hands: HandRows, rows: NDArray[np.int64], seed: int) -> None:
        self._hands, self._rows, self._seed = hands, rows, seed
        near = self._height_px(rows) > 60
        seen = hands.visible[rows].max(axis=1) > 0.4
        self._cut_outs = rows[near & seen]

    def _height_px(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        extent = np.ptp(np.nan_to_num(self._hands.points[rows]), axis=2).max(axis=2)
        return np.asarray((extent * (self._hands.visible[rows] > 0.4)).max(axis=1))

    def batches(self, done: int, size: int) -> Iterator[tuple[Grey, Target]]:
        """Endless; batch k depends on k alone. ``size`` canvases side x side, fewer of the large ones, so all cost the same."""
        while True:
            rng = np.random.default_rng([self._seed, done])
            side = SIDES[int(rng.integers(len(SIDES)))]
            made = [self.one(rng, int(row), side) for row in rng.choice(self._rows, size * SIDES[0] ** 2 // side**2)]
            targets = [t for _, t in made]
            yield np.stack([p for p, _ in made]), Target(*(np.stack([getattr(t, n) for t in targets]) for n in FIELDS))
            done += 1

    def one(self, rng: Rng, row: int, side: int = SIDE, plain: bool = False) -> tuple[Grey, Target]:
        """One canvas; ``plain``: the picture as it was taken."""
        wide, high = (1.0, 1.0) if plain else BARS[int(rng.integers(len(BARS)))]
        width, height = round(side * wide), round(side * high)
        picture, shown = self._plain(row, side) if plain else self._changed(rng, row, width, height)
        canvas = np.zeros((side, side), np.uint8)
        left, top = (side - width) // 2, (side - height) // 2
        canvas[top : top + height, left : left + width] = picture
        inside = (left, top, left + width, top + height)
        moved = [Shown(s.points + np.float32([left, top]), s.visible) for s in shown]
        return evened(canvas), target_of(moved, inside, side)

    def _plain(self, row: int, side: int) -> tuple[Grey, list[Shown]]:
        picture = self._hands.picture(row)
        scale = side / picture.shape[0]
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), self._shown(row, np.float32([[scale, 0, 0], [0, scale, 0]]))

    def _shown(self, row: int, matrix: Floats) -> list[Shown]:
        points, visible = self._hands.points[row], self._hands.visible[row]
        return [
            Shown(p @ matrix[:, :2].T + matrix[:, 2], float(v))
            for p, v in zip(points, visible, strict=True)
            if np.isfinite(p).all()
        ]

    def _changed(self, rng: Rng, row: int, width: int, height: int) -> tuple[Grey, list[Shown]]:
        behind = augment.background(rng, height, width)
        shown: list[Shown] = []
        picture = behind
        if rng.random() < 0.92:
            picture, shown = self._driver(rng, row, width, height, behind)
        for _ in range(int(rng.choice(3, p=[0.6, 0.28, 0.12])) if len(self._cut_outs) else 0):
            picture, shown = self._lay_over(rng, picture, shown)
        if rng.random() < 0.2:
            picture, hidden = augment.occlude(rng, picture)
            shown = [_covered(s, hidden) for s in shown]
        if rng.random() < 0.8:
            picture = augment.relight(rng, picture)
        if rng.random() < 0.45:
            picture = augment.sensor(rng, picture)
        if rng.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            shown = [Shown(s.points * np.float32([-1, 1]) + np.float32([width - 1, 0]), s.visible) for s in shown]
        return picture, shown

    def _driver(self, rng: Rng, row: int, width: int, height: int, behind: Grey) -> tuple[Grey, list[Shown]]:
        """The rendered picture, cut, turned and scaled; often before another background, its bare arms darker or brighter."""
        picture, driver, skin = self._hands.picture(row), self._hands.mask(row, "driver"), self._hands.mask(row, "skin")
        turn = np.radians(rng.normal(0, 8) if rng.random() < 0.85 else rng.uniform(-60, 60))
        middle, extent = self._aim(rng, row)
        wanted = float(np.exp(rng.uniform(np.log(EXTENTS[0]), np.log(EXTENTS[1] * min(width, height)))))
        scale = min(MOST_ENLARGED, wanted / extent)
        place = (width * float(rng.uniform(0.15, 0.85)), height * float(rng.uniform(0.15, 0.85)))
        matrix = _matrix(scale, float(turn), middle, place)
        picture = _dimmed(rng, picture, skin)
        out, alpha = (_warped(a, matrix, width, height) for a in (picture, driver.astype(np.uint8) * 255))
        if rng.random() < 0.7:
            out = augment.put_behind(rng, out, alpha > 127, behind)
        elif rng.random() < 0.5:
            whole = _warped(np.full_like(picture, 255), matrix, width, height)
            out = augment.put_behind(rng, out, whole > 127, behind)
        return out, self._shown(row, matrix)

    def _aim(self, rng: Rng, row: int) -> tuple[tuple[float, float], float]:
        """What is looked at: mostly a hand, else anything; and its size, px."""
        seen = np.flatnonzero(self._hands.visible[row] > SEEN)
        if not len(seen) or rng.random() < 0.25:
            x, y = rng.uniform(0.2, 0.8, 2) * self._hands.picture(row).shape[0]
            return (float(x), float(y)), float(rng.uniform(20, 120))
        points = self._hands.points[row][int(rng.choice(seen))]
        x, y = (points.min(axis=0) + points.max(axis=0)) / 2
        return (float(x), float(y)), float(np.ptp(points, axis=0).max())

    def _lay_over(self, rng: Rng, picture: Grey, shown: list[Shown]) -> tuple[Grey, list[Shown]]:
        """A bare hand and forearm of another row, anywhere."""
        height, width = picture.shape
        row = int(rng.choice(self._cut_outs))
        hand = int(np.argmax(self._hands.visible[row]))
        points = self._hands.points[row][hand]
        source, skin = self._hands.picture(row), self._hands.mask(row, "skin")
        extent = float(np.ptp(points, axis=0).max())
        scale = float(np.exp(rng.uniform(np.log(EXTENTS[0]), np.log(EXTENTS[1] * min(width, height))))) / extent
        turn = float(np.radians(rng.normal(0, 25) if rng.random() < 0.8 else rng.uniform(-180, 180)))
        place = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        middle = points.mean(axis=0)
        matrix = _matrix(scale, turn, (float(middle[0]), float(middle[1])), place)
        reach = (
            np.hypot(*(np.stack(np.meshgrid(*2 * [np.arange(skin.shape[0])])) - middle[:, None, None]))
            < rng.uniform(1.0, 2.5) * extent
        )
        other = self._hands.points[row][1 - hand]
        if np.isfinite(other).all() and self._hands.visible[row][1 - hand] > 0:
            reach &= ~_around(other, skin.shape)
        cut = _warped((skin & reach).astype(np.uint8) * 255, matrix, width, height) > 127
        if cut.sum() < 30:
            return picture, shown
        source = np.clip(source.astype(np.float32) * np.exp(rng.normal(0, 0.5)) + rng.normal(0, 12), 0, 255).astype(np.uint8)
        out = augment.put_behind(rng, _warped(source, matrix, width, height), cut, picture)
        laid = Shown((points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), float(self._hands.visible[row][hand]))
        return out, [_covered(s, cut) for s in shown] + [laid]


FIELDS = ("score", "counts", "boxes", "weight")


def target_of(shown: list[Shown], inside: tuple[int, int, int, int], side: int) -> Target:
    """Gaussian bumps about the middles of the boxes of 21 points; the cells near a middle give the box."""
    cells = side // STRIDE
    score, counts = np.zeros((cells, cells), np.float32), np.ones((cells, cells), np.float32)
    boxes, weight = np.zeros((8, cells, cells), np.float32), np.zeros((cells, cells), np.float32)
    at = (np.arange(cells, dtype=np.float32) + 0.5) * STRIDE
    for hand in sorted(shown, key=lambda s: s.visible):
        low, high = hand.points.min(axis=0), hand.points.max(axis=0)
        (cx, cy), (w, h) = (low + high) / 2, np.maximum(high - low, 1.0)
        left, top, right, bottom = inside
        share = max(0.0, min(high[0], right) - max(low[0], left)) * max(0.0, min(high[1], bottom) - max(low[1], top)) / (w * h)
        visible = hand.visible if share > 0.55 else 0.0 if share < 0.1 else min(hand.visible, SEEN / 2)
        if visible < DOUBTFUL:
            continue
        dx, dy = (at[None, :] - cx), (at[:, None] - cy)
        if visible < SEEN or max(w, h) < SMALLEST_PX:
            counts[(np.abs(dx) < 0.6 * w + 4) & (np.abs(dy) < 0.6 * h + 4) & (score < 0.3)] = 0.0
            continue
        spread = max(0.6 * STRIDE, 0.16 * float(np.sqrt(w * h)))
        bump = np.exp(-(dx**2 + dy**2) / (2 * spread**2))
        bump /= max(float(bump.max()), 1e-3)
        mine = (bump > 0.4) & (bump >= score)
        counts[bump > 0.2] = 1.0
        score = np.maximum(score, bump).astype(np.float32)
        wrist, knuckle = hand.points[WRIST], hand.points[KNUCKLE]
        rows, columns = np.nonzero(mine)
        values = np.stack(
            [cx - at[columns], cy - at[rows], np.full(len(rows), w), np.full(len(rows), h)]
            + [v for p in (wrist, knuckle) for v in (p[0] - at[columns], p[1] - at[rows])]
        )
        boxes[:, rows, columns], weight[rows, columns] = values, bump[rows, columns]
    return Target(score, counts, boxes, weight)


def _matrix(scale: float, turn: float, start: tuple[float, float], end: tuple[float, float]) -> Floats:
    """The similarity that brings ``start`` to ``end``."""
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array([[c, -s], [s, c]])
    return np.concatenate([linear, (np.asarray(end) - linear @ start)[:, None]], axis=1).astype(np.float32)


def _warped(picture: Grey, matrix: Floats, width: int, height: int) -> Grey:
    """Area-averaged when it shrinks: blurred first."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.7:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.35 / scale), np.uint8)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR), np.uint8)


def _dimmed(rng: Rng, picture: Grey, skin: Mask) -> Grey:
    """Hands near the lamp are brighter than the face in every render; here often not."""
    if rng.random() < 0.45 or not skin.any():
        return picture
    gain = float(np.exp(rng.normal(-0.35, 0.45)))
    soft = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 1.0)
    return np.asarray(np.clip(picture * (1 + soft * (gain - 1)), 0, 255), np.uint8)


def _covered(hand: Shown, hidden: Mask) -> Shown:
    """Less visible by what now lies over it."""
    height, width = hidden.shape
    x, y = np.rint(hand.points).astype(int).T
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    over = np.zeros(len(x), bool)
    over[within] = hidden[y[within], x[within]]
    return Shown(hand.points, hand.visible * (1 - float(over.mean())) if over.mean() > 0.4 else hand.visible)


def _around(points: Floats, shape: tuple[int, ...]) -> Mask:
    low, high = points.min(axis=0) - 6, points.max(axis=0) + 6
    y, x = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((x > low[0]) & (x < high[0]) & (y > low[1]) & (y < high[1]))
