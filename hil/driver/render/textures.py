"""Small baked pictures that the shaders look up instead of computing noise: all tile, all follow from a seed."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Array = NDArray[np.float64]
NOISE_PX = 256


def _spectrum(shape: tuple[int, int], power: float, seed: int, low: float = 1.0, stretch: float = 1.0) -> Array:
    """Tileable noise with a falling spectrum, mean 0, standard deviation 1; ``stretch`` > 1 makes it long in y."""
    rng = np.random.default_rng(seed)
    fy, fx = np.meshgrid(np.fft.fftfreq(shape[0]) * shape[0], np.fft.fftfreq(shape[1]) * shape[1], indexing="ij")
    radius = np.hypot(fx, fy * stretch)
    gain = np.where(radius >= low, np.maximum(radius, 1e-9) ** -power, 0.0)
    wave = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * gain).real
    return np.asarray((wave - wave.mean()) / wave.std())


def _byte(values: Array, spread: float = 0.25) -> Bytes:
    """Mean at 127.5, one standard deviation is ``spread`` of the half range."""
    return np.asarray(np.clip(127.5 + values * 127.5 * spread, 0, 255) + 0.5, np.uint8)


@cache
def noise() -> Bytes:
    """256 x 256 x 4: clouds, their slope along x and y, fine grain."""
    clouds = _spectrum((NOISE_PX, NOISE_PX), 1.6, 11)
    soft = _spectrum((NOISE_PX, NOISE_PX), 2.4, 12)
    dx, dy = (np.roll(soft, -1, axis) - np.roll(soft, 1, axis) for axis in (1, 0))
    grain = _spectrum((NOISE_PX, NOISE_PX), 0.6, 13, low=12.0)
    return np.stack([_byte(clouds, 0.35), _byte(dx / dx.std(), 0.35), _byte(dy / dy.std(), 0.35), _byte(grain, 0.35)], axis=2)


@cache
def strands() -> Bytes:
    """256 x 256 x 2: per column (one strand) its length, brightness and slow sideways sway along the rows."""
    rng = np.random.default_rng(21)
    length = np.repeat(rng.random((1, NOISE_PX)), NOISE_PX, axis=0)
    sway = _spectrum((NOISE_PX, NOISE_PX), 1.8, 22, stretch=4.0)
    bright = _spectrum((NOISE_PX, NOISE_PX), 0.7, 23, stretch=24.0)
    return np.stack([np.asarray(length * 255, np.uint8), _byte(bright, 0.4), _byte(sway, 0.35)], axis=2)


@cache
def iris(seed: int) -> Bytes:
    """64 x 512 x 1: fibres of an iris, rows from the pupil outwards, columns around."""
    fibres = _spectrum((64, 512), 0.75, 1000 + seed, low=6.0, stretch=9.0)
    crypts = _spectrum((64, 512), 1.5, 2000 + seed, low=3.0, stretch=1.2)
    ring = np.cos((np.linspace(0, 1, 64)[:, None] - 0.28) * 9.0) * np.exp(-(((np.linspace(0, 1, 64)[:, None] - 0.28) / 0.2) ** 2))
    return np.ascontiguousarray(_byte(fibres * 0.8 + np.minimum(crypts, 0.4) * 0.7 + 1.1 * ring, 0.33)[:, :, None])


@cache
def landscape(seed: int = 0) -> Bytes:
    """256 x 1024 x 2: what passes outside (rows from the ground up): brightness, and how solid it is before the sky.

    Leaves are bright at 940 nm, walls middling, windows and trunks dark.
    """
    rng = np.random.default_rng(500 + seed)
    height, width = 256, 1024
    row = np.arange(height)[:, None] / height
    top = np.full(width, 0.16)
    bright = np.full((height, width), 0.45)
    leaves = _spectrum((height, width), 1.1, 501 + seed)
    for _ in range(34):
        _plant(rng, top, bright, leaves, width)
    solid = 1 / (1 + np.exp(-(top[None] + 0.03 * leaves - row) * 90))
    grass = 0.5 + 0.08 * _spectrum((height, width), 0.9, 502 + seed)
    bright = np.where(row < 0.07 + 0.01 * leaves, grass, bright)
    return np.ascontiguousarray(np.stack([_byte((bright - 0.5) / 0.25), np.asarray(solid * 255, np.uint8)], axis=2))


def _plant(rng: np.random.Generator, top: Array, bright: Array, leaves: Array, width: int) -> None:
    """One tree, hedge or house somewhere along the road."""
    middle, tall, tree = int(rng.integers(width)), rng.uniform(0.2, 0.85), rng.random() < 0.7
    half = int((18 + 60 * tall) * rng.uniform(0.7, 1.4)) if tree else int(rng.integers(28, 80))
    columns = np.arange(middle - half, middle + half) % width
    across = np.linspace(-1, 1, 2 * half)
    if tree:
        crown = np.maximum(1 - np.abs(across) ** 2.4, 0) ** 0.6
        shape = tall * crown * (1 + 0.12 * leaves[120, columns] + 0.05 * np.sin(across * 19))
        look = 0.6 + 0.2 * leaves[:, columns] - 0.16 * (np.arange(len(bright))[:, None] / len(bright) < 0.25 * tall)
    else:
        roof = rng.choice([0.0, 0.12, 0.2])
        shape = 0.75 * tall + 0.12 + roof * (1 - np.abs(across))
        look = np.full((len(bright), 2 * half), rng.uniform(0.35, 0.75)) + 0.03 * leaves[:, columns]
        storey, bay = int(rng.integers(34, 60)), int(rng.integers(18, 34))
        rows = (np.arange(len(bright))[:, None] % storey) > 0.55 * storey
        look = np.where(rows & (np.arange(2 * half) % bay > 0.55 * bay)[None], rng.uniform(0.1, 0.25), look)
        look = np.where(np.arange(len(bright))[:, None] / len(bright) > 0.75 * tall + 0.12, rng.uniform(0.2, 0.5), look)
    taller = shape > top[columns]
    top[columns] = np.where(taller, shape, top[columns])
    bright[:, columns] = np.where(taller[None], look, bright[:, columns])
