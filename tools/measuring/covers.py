"""Things drawn over eyes so that nobody can judge them: bars, dark lenses, streaks of light, a texture, a hand's stand-in."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Sheet = NDArray[np.float32]
SENSOR_NOISE = 2.0


@dataclass(frozen=True)
class EyePlace:
    """One eye in pixels: middle, distance of its corners, and the turn of the line through both eyes."""

    x: float
    y: float
    width: float
    turn_deg: float


Places = dict[str, EyePlace]
Paint = Callable[[tuple[int, int], EyePlace, np.random.Generator], Sheet]


@dataclass(frozen=True)
class Cover:
    """``paint`` gives what the cover looks like over the whole picture (grey), ``shape`` where it lies."""

    paint: Paint
    lens: bool = False
    skin: bool = False
    one_eye: bool = False


def covered(bgr: Picture, places: Places, kind: str, name: str) -> tuple[Picture, tuple[str, ...]]:
    """The picture with the eyes covered, and which ones; the draws hang on kind and name alone."""
    cover = COVERS[kind]
    seed = zlib.crc32(f"{kind} {name}".encode())
    sides = (sorted(places)[seed % len(places)],) if cover.one_eye else tuple(sorted(places))
    out = bgr.astype(np.float32)
    tone = skin_tone(bgr, places) if cover.skin else np.ones(3, np.float32)
    for side in sides:
        place, rng = places[side], np.random.default_rng(seed)  # the same for both eyes: one bar, a pair of lenses
        sheet = cover.paint(bgr.shape[:2], place, rng)[:, :, None] * tone
        sheet += rng.normal(0.0, SENSOR_NOISE, bgr.shape[:2])[:, :, None].astype(np.float32)
        where = mask(bgr.shape[:2], place, cover, rng)[:, :, None]
        out = out * (1 - where) + sheet * where
    return np.clip(np.rint(out), 0, 255).astype(np.uint8), sides


def mask(size: tuple[int, int], place: EyePlace, cover: Cover, rng: np.random.Generator) -> Sheet:
    """1 where the cover lies: an ellipse for a lens, else a turned rectangle; a soft edge of a few hundredths of the eye."""
    drawn = np.zeros(size, np.uint8)
    wide, high = place.width * rng.uniform(0.9, 1.15), place.width * rng.uniform(0.7, 0.9)
    middle = (place.x, place.y)
    if cover.lens:
        cv2.ellipse(drawn, (middle, (2 * wide, 2 * high), place.turn_deg), 255, -1, cv2.LINE_AA)
    else:
        turn = place.turn_deg + (rng.uniform(-25, 25) if cover.skin else 0.0)
        corners = cv2.boxPoints((middle, (2.2 * wide, 2 * high), turn))
        cv2.fillConvexPoly(drawn, np.rint(corners).astype(np.int32), 255, cv2.LINE_AA)
    return cv2.GaussianBlur(drawn, (0, 0), max(0.5, 0.03 * place.width)).astype(np.float32) / 255.0


def plain(size: tuple[int, int], place: EyePlace, rng: np.random.Generator) -> Sheet:
    """Dark and even."""
    return np.full(size, rng.uniform(5, 40), np.float32)


def shaded(size: tuple[int, int], place: EyePlace, rng: np.random.Generator) -> Sheet:
    """Dark, brighter towards one edge, as a tinted lens is."""
    along = _along(size, place, rng.uniform(0, 360))
    return np.clip(rng.uniform(10, 35) + along * rng.uniform(2, 14), 0, 80).astype(np.float32)


def streaked(base: Paint) -> Paint:
    """With one to three streaks of reflected light across."""

    def paint(size: tuple[int, int], place: EyePlace, rng: np.random.Generator) -> Sheet:
        sheet, along = base(size, place, rng), _along(size, place, rng.uniform(0, 180))
        for _ in range(int(rng.integers(1, 4))):
            at, half = rng.uniform(-0.7, 0.7), rng.uniform(0.04, 0.2)
            sheet = sheet + np.float32(rng.uniform(90, 230)) * np.exp(-(((along - at) / half) ** 4)).astype(np.float32)
        return np.minimum(sheet, 255)

    return paint


def textured(size: tuple[int, int], place: EyePlace, rng: np.random.Generator) -> Sheet:
    """Grey cloth: blotches of the size of eye parts."""
    grain = rng.normal(0, 1, size).astype(np.float32)
    blotches = cv2.GaussianBlur(grain, (0, 0), max(0.6, place.width * rng.uniform(0.03, 0.2)))
    return np.asarray(rng.uniform(60, 180) + blotches / max(float(blotches.std()), 1e-6) * rng.uniform(8, 35), np.float32)


def fingers(size: tuple[int, int], place: EyePlace, rng: np.random.Generator) -> Sheet:
    """Brightness of fingers side by side, to be multiplied by the skin's colour."""
    along = _along(size, place, 90.0 + rng.uniform(-20, 20)) * rng.uniform(0.8, 1.5) + rng.uniform(-0.5, 0.5)
    round_finger = np.sqrt(np.abs(np.cos(along * np.pi / 1.2)))
    soft = cv2.GaussianBlur(rng.normal(0, 1, size).astype(np.float32), (0, 0), max(1.0, 0.3 * place.width))
    shade = soft / max(float(soft.std()), 1e-6) * 0.04
    return np.asarray(rng.uniform(0.75, 1.1) * (0.6 + 0.4 * round_finger) + shade, np.float32)


def skin_tone(bgr: Picture, places: Places) -> Sheet:
    """Median colour of a patch below the eyes (cheeks and nose)."""
    eyes = list(places.values())
    x, y = (sum(getattr(e, k) for e in eyes) / len(eyes) for k in "xy")
    reach = max(e.width for e in eyes)
    turn = np.radians(eyes[0].turn_deg)
    x, y = x - np.sin(turn) * 1.2 * reach, y + np.cos(turn) * 1.2 * reach
    patch = bgr[max(0, int(y - 0.4 * reach)) : int(y + 0.4 * reach) + 1, max(0, int(x - reach)) : int(x + reach) + 1]
    return np.median(patch.reshape(-1, 3), axis=0).astype(np.float32) if patch.size else np.full(3, 120, np.float32)


def _along(size: tuple[int, int], place: EyePlace, turn_deg: float) -> Sheet:
    """Distance from the eye's middle along one direction, in eye widths."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    turn = np.radians(place.turn_deg + turn_deg)
    return np.asarray(((x - place.x) * np.cos(turn) + (y - place.y) * np.sin(turn)) / max(place.width, 1.0), np.float32)


COVERS: dict[str, Cover] = {
    "bar": Cover(plain),
    "bar, streak": Cover(streaked(plain)),
    "dark lens": Cover(shaded, lens=True),
    "dark lens, streak": Cover(streaked(shaded), lens=True),
    "grey texture": Cover(textured),
    "skin, one eye": Cover(fingers, skin=True, one_eye=True),
}
