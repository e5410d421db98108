"""Ordinary pictures of many drivers, for comparison with real ones: night, LEDs, a turned head, a wandering gaze."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
from judges.drawn import NIGHT, Ask, Stage

from hil.driver.camera.presets import Preset
from hil.driver.pose import Light

MIXED: tuple[Preset, ...] = ("good", "cheap", "old")


def asks(count: int, preset: str) -> list[Ask]:
    """One driver each."""
    rng = np.random.default_rng(2)
    found = []
    for seed in range(count):
        head = (float(rng.normal(0, 12)), float(rng.normal(8, 8)), float(rng.normal(0, 4)))
        light = NIGHT if seed % 3 else Light(led=1.0, ambient=0.06, outside=0.15)
        found.append(
            Ask(
                group="varied", seed=seed, head=head, eyes=(float(rng.normal(0, 10)), float(rng.normal(-4, 8))), light=light,
                lids=float(rng.uniform(0.7, 1.1)), jaw=0.8 if seed % 4 == 3 else 0.0, pupil_mm=float(rng.uniform(3, 6)),
                preset=MIXED[seed % 3] if preset == "mixed" else cast(Preset, preset), words={},
            )
        )  # fmt: skip
    return found


def renders(count: int, preset: str = "mixed") -> Iterator[np.ndarray]:
    """The pictures, height x width."""
    for drawn in Stage().draw(asks(count, preset)):
        yield drawn.grey
