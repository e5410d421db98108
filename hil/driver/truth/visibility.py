"""How much of a thing the picture shows: points of it looked up in the ID and depth pictures."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hil.driver.ids import EYE_WORDS, Id
from hil.driver.truth.geometry import Array, Circle, View, hull, inside
from hil.driver.truth.seen import Seen, SeenEye

DEPTH_MM = 6.0
"""Nearer than that before a point of the face is something else, even if it is skin too."""

HAND_DEPTH_MM = 25.0
"""Joints lie inside the hand."""

FACE_WORDS = (*EYE_WORDS, Id.MOUTH, Id.HAIR)
_REASONS = {
    "hand": (Id.HAND,),
    "hair": (Id.HAIR,),
    "glasses": (Id.GLASSES_FRAME, Id.LENS_OPAQUE, Id.GLARE),
    "hat": (Id.HAT,),
    "mask": (Id.MASK,),
    "thing": (Id.PHONE, Id.PROP, Id.WHEEL),
}
_EDGE, _OWN, _SEEN, _OTHER = 250, 251, 252, 253
_LIFT_MM = 1.0  # the lids stand that far before the eyeball
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of a surface, adding up to 1: seen, and hidden by what. ``itself``: turned away or behind other skin."""

    seen: float
    edge: float
    itself: float
    hand: float
    hair: float
    glasses: float
    hat: float
    mask: float
    thing: float
    other: float


def look_up(view: View, seen: Seen, points: Array, words: Collection[Id], tolerance_mm: float = DEPTH_MM) -> NDArray[np.uint8]:
    """What stands at each (n, 3) point: ``SEEN``, ``EDGE`` (outside the picture), ``OWN`` (nearer skin), else the ID found."""
    found = np.full(len(points), _EDGE, np.uint8)
    cells, within = _cells(view.drawn_pixels(points), seen.ids.shape[1], seen.ids.shape[0])
    if view.drawn is not None:
        within &= _cells(view.pixels(points), *view.size)[1]
    x, y = cells[within].T
    word = seen.ids[y, x]
    ours = _any_of(words)[word]
    result = np.where(ours, np.uint8(_SEEN), word)
    if seen.depth_mm is not None:
        before = view.to_camera(points)[within, 2] - seen.depth_mm[y, x]
        result = np.where(ours & (np.abs(before) > tolerance_mm), np.uint8(_OWN), result)
    found[within] = result
    return found


def seen_mask(view: View, seen: Seen, points: Array, words: Collection[Id], tolerance_mm: float = DEPTH_MM) -> NDArray[np.bool_]:
    """Which (n, 3) points the picture shows."""
    return np.asarray(look_up(view, seen, points, words, tolerance_mm) == _SEEN)


def shares(found: NDArray[np.uint8], weights: Array | None = None) -> Shares:
    """Shares of what ``look_up`` found, each point counting as its weight (default: all the same)."""
    how_much = np.bincount(found, weights, minlength=256)
    total = max(float(how_much.sum()), 1e-12)
    named = {name: float(how_much[list(words)].sum()) / total for name, words in _REASONS.items()}
    seen, edge, itself = (float(how_much[code]) / total for code in (_SEEN, _EDGE, _OWN))
    other = max(0.0, 1.0 - seen - edge - itself - sum(named.values()))
    return Shares(seen=min(1.0, seen), edge=edge, itself=itself, other=round(other, 9), **named)


def eye_region(eye: SeenEye, rotation: Array) -> tuple[Array, Array]:
    """(n, 3) points spread over the eye's relaxed opening, on the lids' curve, and their outward unit vectors.

    ``rotation``: head axes to vehicle frame. The points bulge forward over the eyeball; at the corners they lie between these.
    """
    along, across = (g.ravel() for g in np.meshgrid(np.linspace(0.08, 0.92, 15), np.linspace(-0.9, 0.9, 7)))
    inner, outer = (eye.inner_corner - eye.centre) @ rotation, (eye.outer_corner - eye.centre) @ rotation
    local = inner + along[:, None] * (outer - inner)
    local[:, 2] += eye.relaxed_gap_mm / 2 * np.sqrt(1 - (2 * along - 1) ** 2) * across
    bulge = np.sqrt(np.maximum((eye.radius + _LIFT_MM) ** 2 - local[:, 1] ** 2 - local[:, 2] ** 2, 0.0))
    local[:, 0] = np.maximum(local[:, 0], bulge)
    outward = local / np.linalg.norm(local, axis=1, keepdims=True)
    return eye.centre + local @ rotation.T, outward @ rotation.T


def eye_shares(view: View, seen: Seen, eye: SeenEye, rotation: Array) -> Shares:
    """What of the eye's region (open or shut) the picture shows, and what hides the rest; ``rotation`` as for ``eye_region``."""
    points, outward = eye_region(eye, rotation)
    found = look_up(view, seen, points, EYE_WORDS)
    away = ((np.asarray(view.pose.position_mm) - points) * outward).sum(axis=1) <= 0
    return shares(np.where(away & (found == _SEEN), np.uint8(_OWN), found))


def disc_share(view: View, seen: Seen, circle: Circle, words: Collection[Id]) -> float:
    """Share of a disc of the eye (iris, pupil) whose pixels show one of ``words``; 0 when it is turned away."""
    towards = np.asarray(view.pose.position_mm) - circle.centre
    if float(towards @ circle.normal) <= 0:
        return 0.0
    rings = [circle.points(max(1, round(_SAMPLES * s / 4)), s) for s in (0.1, 0.3, 0.5, 0.7, 0.9)]  # equal areas a point
    return shares(look_up(view, seen, np.concatenate(rings), words, 2 * DEPTH_MM)).seen


def outline_share(seen: Seen, pixels: Array, words: Collection[Id]) -> float:
    """Share of the convex outline of (n, 2) pixels of the ID picture that shows one of ``words``; outside nothing is seen."""
    corners = hull(pixels)
    if len(corners) < 3:
        return 0.0
    low, high = corners.min(axis=0), corners.max(axis=0)
    xs, ys = (np.linspace(lo, hi, _SAMPLES) for lo, hi in zip(low, high, strict=True))
    grid = np.stack([g.ravel() for g in np.meshgrid(xs, ys)], axis=1)
    cells, within = _cells(grid[inside(corners, grid)], seen.ids.shape[1], seen.ids.shape[0])
    hits = _any_of(words)[seen.ids[cells[within, 1], cells[within, 0]]].sum()
    return float(hits / max(1, len(cells)))


@cache
def _table(words: tuple[Id, ...]) -> NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[list(words)] = True
    return table


def _any_of(words: Collection[Id]) -> NDArray[np.bool_]:
    """For each word of the ID picture: is it one of these."""
    return _table(tuple(words))


def _cells(pixels: Array, width: int, height: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Whole pixels (x, y) of positions, and which of them lie in the picture; NaN and far off ones do not."""
    usable = np.isfinite(pixels) & (np.abs(pixels) < 1e6)
    cells = np.floor(np.where(usable, pixels, -1.0) + 0.5).astype(np.int64)
    within = (cells >= 0).all(axis=1) & (cells[:, 0] < width) & (cells[:, 1] < height)
    return cells, np.asarray(within)
