"""Things over an eye that are no eye: cloth, skin and fingers, hair. Drawn on the patch of a rendered eye (``eye_patch``).

A network that has only seen bars and blots before eyes takes the folds of a hand or the blotches of a cloth for one. All chance.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception.eye_patch import HEIGHT, PIXELS_A_MM, WIDTH
from tools.training.augment import clouds

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Level = NDArray[np.float32]
Rng = np.random.Generator

FINGER_MM = (11.0, 24.0)
"""Width of a finger, from a small little finger to a large thumb."""


def cover(rng: Rng, patch: Grey) -> tuple[Grey, Mask]:
    """The patch with something over it, and which pixels that hides; mostly all or nearly all of them."""
    if rng.random() < 0.15:
        return _hair(rng, patch)
    surface = _cloth(rng) if rng.random() < 0.45 else _hand(rng, patch)
    where = _region(rng)
    soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), float(rng.uniform(0.3, 1.2)))
    mixed = patch * (1 - soft) + surface * soft
    return np.asarray(np.clip(mixed, 0, 255), np.uint8), where


def _region(rng: Rng) -> Mask:
    """Everything, one side of an edge, or a turned box or ellipse near the middle."""
    kind = rng.random()
    if kind < 0.35:
        return np.ones((HEIGHT, WIDTH), bool)
    turn = float(rng.uniform(0, 360))
    if kind < 0.6:
        return _along(turn) > rng.normal(-8, 9)
    middle = (WIDTH / 2 + rng.normal(0, 3), HEIGHT / 2 + rng.normal(0, 3))
    size = (float(rng.uniform(26, 60)), float(rng.uniform(16, 40)))
    box = (middle, size, float(rng.normal(0, 20)))
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    if kind < 0.8:
        cv2.fillConvexPoly(drawn, np.rint(cv2.boxPoints(box)).astype(np.int32), 1)
    else:
        cv2.ellipse(drawn, box, 1, -1)
    return drawn.astype(bool)


def _cloth(rng: Rng) -> Level:
    """Blotches, a weave, folds, any mixture of them, on any grey."""
    out = np.full((HEIGHT, WIDTH), rng.uniform(10, 230), np.float32)
    strength = float(np.exp(rng.uniform(np.log(3), np.log(45))))
    if rng.random() < 0.75:
        grain = rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
        grain = cv2.GaussianBlur(grain, (0, 0), float(np.exp(rng.uniform(np.log(0.5), np.log(7)))))
        out += grain / max(float(grain.std()), 1e-6) * strength
    if rng.random() < 0.4:
        wave = _along(float(rng.uniform(0, 360))) * rng.uniform(0.15, 2.0) + rng.uniform(0, 7)
        out += np.sin(wave).astype(np.float32) * strength
    if rng.random() < 0.3:
        out += clouds(rng, HEIGHT, WIDTH) * strength
    return out


def _hand(rng: Rng, patch: Grey) -> Level:
    """Fingers side by side or a palm, about as bright as the skin round the eye: round, dark between them, folds across."""
    skin = float(np.percentile(patch, rng.uniform(45, 90))) * float(rng.uniform(0.6, 1.25)) + 4
    turn = float(rng.uniform(0, 360))
    across, along = _along(turn), _along(turn + 90)
    wide = rng.uniform(*FINGER_MM) * PIXELS_A_MM * (1.0 if rng.random() < 0.8 else 3.0)
    place = across / wide + rng.uniform(0, 1) + rng.uniform(-0.01, 0.01) * along
    within = 2 * np.abs(place - np.floor(place) - 0.5)  # 0 in the middle of a finger, 1 at its edge
    depth = float(rng.uniform(0.05, 0.75))
    light = (
        1
        - depth * within ** float(np.exp(rng.uniform(np.log(1), np.log(9))))
        + rng.uniform(-0.15, 0.15) * (place - np.floor(place) - 0.5)
    )
    if rng.random() < 0.5:  # knuckles: folds across the fingers
        for _ in range(int(rng.integers(1, 5))):
            at, half = rng.normal(0, 14), rng.uniform(0.4, 2.0)
            light = light - rng.uniform(0.05, 0.4) * np.exp(-(((along - at - rng.uniform(-3, 3) * within) / half) ** 2))
    light = light * (1 + float(rng.uniform(0.005, 0.06)) * clouds(rng, HEIGHT, WIDTH))
    return np.asarray(skin * np.clip(light, 0.05, 1.6), np.float32)


def _hair(rng: Rng, patch: Grey) -> tuple[Grey, Mask]:
    """Strands from one side to the other; they hide what they lie on, so only a dense curtain hides the eye."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    out = patch.copy()
    shade, turn = float(rng.uniform(0, 140)), float(rng.normal(90, 30))
    way = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    for _ in range(int(np.exp(rng.uniform(np.log(3), np.log(90))))):
        root = np.array([rng.uniform(-10, WIDTH + 10), rng.uniform(-5, HEIGHT + 5)])
        bend = rng.normal(0, 4, 2)
        line = np.rint(np.stack([root - 50 * way, root + bend, root + 50 * way])).astype(np.int32)
        thick = int(rng.integers(1, 3))
        cv2.polylines(out, [line], False, float(np.clip(shade + rng.normal(0, 18), 0, 255)), thick, cv2.LINE_AA)
        cv2.polylines(drawn, [line], False, 1, thick)
    return out, drawn.astype(bool)


def _along(turn_deg: float) -> Level:
    """Pixels from the middle of the patch along one direction."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    turn = np.radians(turn_deg)
    return np.asarray((x - WIDTH / 2) * np.cos(turn) + (y - HEIGHT / 2) * np.sin(turn), np.float32)
