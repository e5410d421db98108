"""Light that goes astray before the lens: dirt, dust, fingerprints, condensation, and the sun on the front glass.

One formula serves all that sits on the glass: picture x clear + (widely blurred picture) x scatter. ``clear`` is what passes
straight, ``scatter`` what arrives spread out; dirt only takes light away, a fingerprint and condensation turn it into haze.
"""

import math
from dataclasses import dataclass

import numpy as np

from dms.records.cabin import Camera, CameraPose
from hil.driver.camera.optics import Picture32
from hil.driver.pose import Light

_COARSE = 8
"""Haze has no detail: it is worked out on a grid this many times coarser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grime:
    """What is on the front glass, each 0 (nothing) to 1 (as bad as it gets).

    Attributes:
        dirt: patches of dried mud that take light away.
        dust: number of specks out of focus, 1 = about 120.
        smear: a fingerprint.
        condensation: fog with blotches; at 1 hardly any contrast is left.
        seed: where all this is.
    """

    dirt: float = 0.0
    dust: float = 0.0
    smear: float = 0.0
    condensation: float = 0.0
    seed: int = 0

    @property
    def clean(self) -> bool:
        """Nothing is on the glass."""
        return max(self.dirt, self.dust, self.smear, self.condensation) <= 0


def glass(grime: Grime, width: int, height: int) -> tuple[Picture32, Picture32 | None]:
    """(clear, scatter), height x width, shares of the light; scatter is None where nothing hazes."""
    rng = np.random.default_rng([grime.seed, 0x6417])
    places = [np.random.default_rng(s) for s in rng.integers(1 << 32, size=4)]  # one fault must not move another
    clear = np.ones((height, width), np.float32)
    if grime.dirt > 0:
        mud = _step(_cloud(places[0], width, height, 5), 1.4 - 1.2 * grime.dirt, 0.5)
        clear *= 1 - np.float32(0.9) * mud * (0.6 + 0.4 * _step(_cloud(places[0], width, height, 40), 0.0, 1.0))
    if grime.dust > 0:
        clear *= _specks(places[1], round(120 * grime.dust), width, height)
    haze = np.zeros((height, width), np.float32)
    if grime.smear > 0:
        haze = np.maximum(haze, grime.smear * _fingerprint(places[2], width, height))
    if grime.condensation > 0:
        haze = np.maximum(haze, _fog(places[3], grime.condensation, width, height))
    if not haze.any():
        return clear, None
    scatter = clear * haze
    return clear - scatter, scatter


def widely_blurred(picture: Picture32) -> Picture32:
    """The picture as haze spreads it: three fifths blurred over a tenth of its width, the rest evenly everywhere."""
    import cv2

    height, width = picture.shape
    small = cv2.resize(picture, (max(width // _COARSE, 8), max(height // _COARSE, 8)), interpolation=cv2.INTER_AREA)
    small = 0.6 * cv2.GaussianBlur(small, (0, 0), 0.1 * small.shape[1], borderType=cv2.BORDER_REPLICATE) + 0.4 * small.mean()
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def sun_glare(light: Light, pose: CameraPose, camera: Camera, veil: float) -> Picture32 | None:
    """Stray light of a sun that shines into the lens, height x width, radiance; ``None`` if it does not.

    An even veil, a halo about the sun's place in the picture and two faint ghosts on the line through the middle. Whether a roof
    or a head hides the sun is the caller's to know: then ``light.sun`` is 0.
    """
    import cv2

    towards = np.asarray(light.sun_direction, dtype=np.float64)
    x, y, z = pose.rotation().T @ (towards / np.linalg.norm(towards))
    if light.sun <= 0 or veil <= 0 or z <= 0.05:
        return None
    width, height = camera.width or 0, camera.height or 0
    size = (max(width // _COARSE, 8), max(height // _COARSE, 8))
    columns = (np.arange(size[0], dtype=np.float32) + np.float32(0.5)) * np.float32(width / size[0]) - np.float32(camera.cx)
    rows = (np.arange(size[1], dtype=np.float32) + np.float32(0.5)) * np.float32(height / size[1]) - np.float32(camera.cy)
    at_x, at_y = camera.fx * x / z, camera.fy * y / z
    inside = abs(at_x) < 0.6 * width and abs(at_y) < 0.6 * height

    def spot(share: float, radius: float) -> Picture32:
        squares = (columns[None, :] - share * at_x) ** 2 + (rows[:, None] - share * at_y) ** 2
        return np.asarray(1 / (1 + squares / np.float32((radius * width) ** 2)), dtype=np.float32)

    stray = np.full((size[1], size[0]), np.float32(z**4)) + 8 * spot(1.0, 0.08) ** 1.5
    if inside:
        stray += 0.6 * spot(-0.45, 0.03) ** 4 + 0.4 * spot(-0.9, 0.05) ** 4 + 400 * spot(1.0, 0.012) ** 4
    strength = np.float32(light.sun * veil)
    return np.asarray(cv2.resize(stray * strength, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _cloud(rng: np.random.Generator, width: int, height: int, cells: int) -> Picture32:
    """Smooth noise of mean 0 and spread 1 with about ``cells`` bumps over the width, without a visible grid."""
    import cv2

    columns, rows = 4 * cells, max(4, math.ceil(4 * cells * height / width))
    fine = rng.standard_normal((rows, columns), dtype=np.float32)
    bumps = cv2.GaussianBlur(fine, (0, 0), 1.6, borderType=cv2.BORDER_REFLECT_101) * np.float32(2 * math.sqrt(math.pi) * 1.6)
    return np.asarray(cv2.resize(bumps, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _step(values: Picture32, edge: float, softness: float) -> Picture32:
    """0 below ``edge`` - ``softness``, 1 above ``edge`` + ``softness``, smooth between."""
    x = np.clip((values - np.float32(edge - softness)) / np.float32(2 * softness), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), dtype=np.float32)


def _specks(rng: np.random.Generator, count: int, width: int, height: int) -> Picture32:
    """Light that passes between specks: soft dark discs, since the glass is far out of focus."""
    import cv2

    clear = np.ones((height, width), np.float32)
    for _ in range(count):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = max(1, round(width / 640 * float(rng.uniform(1.5, 6.0))))
        disc = np.ones_like(clear[: 4 * radius + 1, : 4 * radius + 1])
        cv2.circle(disc, (2 * radius, 2 * radius), radius, 1 - float(rng.uniform(0.1, 0.45)), -1, cv2.LINE_AA)
        soft = cv2.GaussianBlur(disc, (0, 0), 0.4 * radius)
        top, left = max(centre[1] - 2 * radius, 0), max(centre[0] - 2 * radius, 0)
        part = clear[top : centre[1] + 2 * radius + 1, left : centre[0] + 2 * radius + 1]
        part *= soft[-part.shape[0] :, -part.shape[1] :] if min(top, left) == 0 else soft[: part.shape[0], : part.shape[1]]
    return clear


def _fingerprint(rng: np.random.Generator, width: int, height: int) -> Picture32:
    """Ridges in an ellipse, share of light that hazes."""
    x0, y0 = rng.uniform(0.3, 0.7, 2) * (width, height)
    turn, size = rng.uniform(0, math.pi), width * rng.uniform(0.18, 0.28)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    along = ((x - x0) * math.cos(turn) + (y - y0) * math.sin(turn)) / (1.4 * size)
    across = ((y - y0) * math.cos(turn) - (x - x0) * math.sin(turn)) / size
    radius = np.sqrt(along**2 + across**2) + 0.05 * _cloud(rng, width, height, 6)
    ridges = 0.75 + 0.25 * np.sin(radius * np.float32(2 * math.pi * 9))
    return np.asarray(0.8 * (1 - _step(radius, 0.95, 0.2)) * ridges, dtype=np.float32)


def _fog(rng: np.random.Generator, strength: float, width: int, height: int) -> Picture32:
    """Condensation: denser towards the edges at first, with clearer blotches where drops have run together."""
    y, x = np.ogrid[-1 : 1 : complex(0, height), -1 : 1 : complex(0, width)]
    edge = np.sqrt(np.minimum((x**2 + y**2) / 1.2, 1)).astype(np.float32)
    even = np.clip(1.6 * strength - 0.6 * (1 - edge), 0, 1)
    blotches = 0.5 * _step(_cloud(rng, width, height, 14), 0.9, 0.5) + 0.25 * _step(_cloud(rng, width, height, 48), 0.8, 0.4)
    return np.asarray(0.93 * even * (1 - blotches * (1.2 - strength)), dtype=np.float32)
