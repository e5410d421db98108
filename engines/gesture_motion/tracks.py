"""Tracks of a hand over time: moved gestures, and what hands do otherwise. Many at once, for a seed.

A track is 21 picture points at each of 60 moments a second over 6 s, thinned to what a camera of 15 to 60 pictures a second
gives, with gaps. The driver's left is the picture's right: the camera looks at the driver.
"""

import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # engines is no installed package

from dms.gesture.motion import WORDS
from engines.gesture.hand_model import Angles, draw_bones, points, turned, view
from engines.gesture.others import relaxed, scattered
from engines.gesture.signs import SHAPES, Rng
from hil.driver.split import Split

RATE, SECONDS = 60, 6.0
MOMENTS = int(RATE * SECONDS)
HAND_MM = 185.0
SWIPES = {"swipe_left": (1.0, 0.0), "swipe_right": (-1.0, 0.0), "swipe_up": (0.0, -1.0), "swipe_down": (0.0, 1.0)}
"""Ways in the picture."""
IDLE = ("still", "wander", "reach", "eat", "phone", "scratch", "steer", "drum")
"""What hands do otherwise."""

Array = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Course:
    """One hand's course at ``RATE``: place mm (of the middle; x right, y down, z away from the camera), view angles in degrees,
    share of the way from the first to the second shape; the times at which a gesture ended, and which."""

    place: Array
    yaw: Array
    pitch: Array
    roll: Array
    share: Array
    shapes: tuple[str, str]
    ends: list[tuple[float, str]]


def _ease(x: Array) -> Array:
    """Least jerk from 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x * x))


def _time() -> Array:
    return np.arange(MOMENTS) / RATE


def _moves(rng: Rng, times: list[float], values: list[Array]) -> Array:
    """From value to value, each reached at its time after a move that began at the time before."""
    t, out = _time(), np.tile(values[0], (MOMENTS, 1))
    for (t0, t1), (a, b) in zip(pairwise(times), pairwise(values), strict=True):
        part = t >= t0
        out[part] = (a + (b - a) * _ease((t[part] - t0) / max(t1 - t0, 1e-3))[:, None]) if t1 > t0 else b
    return out


def _blank(rng: Rng, shapes: tuple[str, str]) -> Course:
    """A hand before the camera that only trembles and drifts."""
    place = np.tile([rng.uniform(-180, 180), rng.uniform(-100, 160), rng.uniform(350, 850)], (MOMENTS, 1))
    place += _drift(rng, 6.0, 3) + rng.normal(0, 0.4, (MOMENTS, 3))
    yaw = rng.normal(0, 25) + (180.0 if rng.random() < 0.25 else 0.0)
    angles = [np.full(MOMENTS, a) + _drift(rng, 4.0, 1)[:, 0] for a in (yaw, rng.normal(0, 15), rng.normal(0, 18))]
    return Course(place, *angles, np.zeros(MOMENTS), shapes, [])


def _drift(rng: Rng, size: float, n: int) -> Array:
    t = _time()
    waves = rng.normal(0, size / 2, (4, n)) * np.sin(
        rng.uniform(0.5, 5.0, (4, 1, n)) * t[None, :, None] + rng.uniform(0, 6.3, (4, 1, n))
    ).transpose(1, 0, 2)
    return np.asarray(waves.sum(axis=1))


def _enter(rng: Rng, c: Course, start: float) -> None:
    """Comes from somewhere and is still for a moment before ``start``."""
    if rng.random() < 0.5:
        way = np.array([rng.normal(0, 150), abs(rng.normal(180, 100)), rng.normal(0, 80)])
        span = rng.uniform(0.35, 0.9)
        back = 1.0 - _ease((_time() - (start - rng.uniform(0.15, 0.5) - span)) / span)
        c.place += back[:, None] * way


def swipe(rng: Rng, word: str) -> Course:
    """One stroke with the open hand, and often the way back."""
    c = _blank(rng, ("open_palm" if rng.random() < 0.7 else "stop", "relaxed"))
    t, start, span = _time(), rng.uniform(1.5, 3.2), rng.uniform(0.22, 0.9)
    x, y = SWIPES[word]
    lean = rng.normal(0, 0.22)
    way = np.array([x * np.cos(lean) - y * np.sin(lean), x * np.sin(lean) + y * np.cos(lean), rng.normal(0, 0.15)])
    length = rng.uniform(0.8, 2.6) * HAND_MM
    centred = rng.random() < 0.6  # wound up before, as people do
    stroke = _ease((t - start) / span)
    windup = 0.5 * length * _ease((t - (start - rng.uniform(0.3, 0.7))) / rng.uniform(0.25, 0.5)) if centred else 0.0 * t
    back_at = start + span + rng.uniform(0.05, 0.6)
    back = _ease((t - back_at) / rng.uniform(0.3, 1.0)) if rng.random() < 0.8 else 0.0 * t
    along = length * stroke - windup - back * (length * (0.5 if centred else 1.0))
    c.place += along[:, None] * way
    sway = rng.normal(12, 10) * np.sign(length) * (stroke - 0.5 * (t > start)) * (1 - back)
    if word in ("swipe_left", "swipe_right"):
        c.yaw, c.roll = c.yaw + x * sway, c.roll + x * 0.7 * sway
    else:
        c.pitch = c.pitch - y * sway
    if rng.random() < 0.6:
        c.share = back * rng.uniform(0.3, 1.0)
    _enter(rng, c, start - 0.7)
    c.ends.append((start + span * 0.92, word))
    return c


def circle(rng: Rng, word: str) -> Course:
    """One to three turns of a pointing finger; clockwise for the driver is the other way round in the picture."""
    c = _blank(rng, ("point" if rng.random() < 0.75 else "open_palm", "relaxed"))
    t, start = _time(), rng.uniform(1.2, 2.0)
    turn_s, turns = rng.uniform(0.55, 1.6), int(rng.integers(1, 4))
    turns = max(1, min(turns, int((SECONDS - 0.4 - start) / turn_s)))
    radius = rng.uniform(0.22, 0.85) * HAND_MM * 0.6
    phase = np.clip((t - start) / turn_s, 0, turns) * 2 * np.pi
    direction = -1.0 if word == "circle_cw" else 1.0
    first = rng.uniform(0, 2 * np.pi) if rng.random() < 0.5 else -np.pi / 2
    squeeze = rng.uniform(0.7, 1.3)
    ring = np.stack([np.cos(direction * phase + first) * squeeze, np.sin(direction * phase + first), 0 * t], axis=1)
    c.place += radius * (ring - ring[0])
    c.roll = c.roll + rng.normal(0, 6) * np.cos(phase)
    _enter(rng, c, start)
    c.ends += [(start + turn_s * (k + 1) - 0.04 * turn_s, word) for k in range(turns)]
    return c


def push(rng: Rng, word: str) -> Course:
    """Towards the camera and often back."""
    c = _blank(rng, ("open_palm" if rng.random() < 0.6 else "point", "relaxed"))
    t, start, span = _time(), rng.uniform(1.4, 3.2), rng.uniform(0.2, 0.7)
    depth = rng.uniform(70, 170)
    stroke = _ease((t - start) / span)
    back = _ease((t - (start + span + rng.uniform(0.05, 0.5))) / rng.uniform(0.25, 0.9)) if rng.random() < 0.85 else 0 * t
    c.place[:, 2] -= depth * (stroke - back)
    c.place[:, 1] += rng.normal(0, 25) * (stroke - back)
    c.place[:, 0] += rng.normal(0, 20) * (stroke - back)
    c.place[:, 2] = np.maximum(c.place[:, 2], 220)
    c.pitch = c.pitch + rng.normal(0, 12) * (stroke - back)
    _enter(rng, c, start)
    c.ends.append((start + span * 0.92, word))
    return c


def pinch(rng: Rng, word: str) -> Course:
    """Thumb and index finger close, often something is dragged, and open again."""
    c = _blank(rng, ("open_palm" if rng.random() < 0.5 else "loose", "pinched"))
    t, start, span = _time(), rng.uniform(1.4, 3.0), rng.uniform(0.15, 0.5)
    hold = rng.uniform(0.3, 2.2)
    opened = _ease((t - (start + span + hold)) / rng.uniform(0.15, 0.4))
    c.share = _ease((t - start) / span) - opened
    if rng.random() < 0.6:
        drag = _ease((t - start - span - rng.uniform(0.1, 0.3)) / max(hold - 0.2, 0.3))
        c.place[:, :2] += rng.normal(0, 0.7 * HAND_MM, 2) * drag[:, None]
    _enter(rng, c, start)
    c.ends.append((start + span * 0.95, word))
    return c


def wave(rng: Rng, word: str) -> Course:
    """The open hand to and fro, at least two whole swings; told when the second is done."""
    c = _blank(rng, ("open_palm" if rng.random() < 0.8 else "stop", "relaxed"))
    t, start, rate = _time(), rng.uniform(1.2, 2.2), rng.uniform(1.1, 2.8)
    swings = rng.uniform(2.2, 5.0)
    inside = (t >= start) & (t <= start + swings / rate)
    swing = np.sin(2 * np.pi * rate * (t - start)) * inside * rng.choice([-1.0, 1.0])
    from_elbow = rng.uniform(0.3, 1.0)
    c.place[:, 0] += swing * rng.uniform(0.25, 0.8) * HAND_MM * 0.6 * from_elbow
    c.roll = c.roll + swing * rng.uniform(8, 30)
    _enter(rng, c, start)
    c.ends.append((start + 2.0 / rate, word))
    return c


def idle(rng: Rng, kind: str) -> Course:
    """An ordinary hand."""
    shape = {"still": "any", "phone": "phone", "steer": "grip", "eat": "pinched"}.get(kind, "relaxed")
    if kind in ("reach", "wander") and rng.random() < 0.35:
        shape = "loose"
    c = _blank(rng, (shape, "relaxed" if rng.random() < 0.6 else "any"))
    t = _time()
    if kind in ("wander", "reach", "eat", "phone"):
        times, now = [0.0], 0.0
        while now < SECONDS:
            now += rng.uniform(0.3, 1.6)
            times += [now, now + (rng.uniform(0.0, 1.5) if kind != "wander" else 0.0)]
        spread = {"wander": (110, 90, 60), "reach": (160, 110, 120), "eat": (40, 150, 60), "phone": (30, 40, 25)}[kind]
        values: list[Array] = [np.zeros(3)]
        for n in range(1, len(times)):
            values.append(rng.normal(0, 1, 3) * spread if n % 2 else values[-1])
        c.place += _moves(rng, times, values)
        c.share = np.clip(_moves(rng, times, [rng.uniform(0, 0.6, 1) for _ in times])[:, 0], 0, 1)
        turn = _moves(rng, times, [rng.normal(0, 14, 3) for _ in times])
        c.yaw, c.pitch, c.roll = c.yaw + turn[:, 0], c.pitch + turn[:, 1], c.roll + turn[:, 2]
    elif kind in ("scratch", "drum"):
        rate, size = rng.uniform(1.5, 5.0), rng.uniform(5, 35)
        inside = np.sin(t * rng.uniform(0.5, 2.0) + rng.uniform(0, 6)) > -0.2
        way = rng.normal(0, 1, 3) * (1, 1, 0.4)
        c.place += (size * np.sin(2 * np.pi * rate * t) * inside)[:, None] * way / np.linalg.norm(way)
        c.roll = c.roll + rng.normal(0, 5) * np.sin(2 * np.pi * rate * t) * inside
    elif kind == "steer":
        turn = _moves(rng, [0, 1.0, 2.0, 3.2, 4.5, 5.6], [np.array([a]) for a in np.cumsum(rng.normal(0, 0.45, 6))])[:, 0]
        base = rng.uniform(-np.pi, 0)
        c.place[:, 0] += 185 * (np.cos(base + turn) - np.cos(base))
        c.place[:, 1] += 185 * (np.sin(base + turn) - np.sin(base))
        c.roll = c.roll + np.degrees(turn)
    return c


def course(rng: Rng, word: str, kind: str | None = None) -> Course:
    """A course of a word; ``none``: of an idle kind."""
    if word == "none":
        return idle(rng, kind or IDLE[rng.integers(len(IDLE))])
    makers = {"push": push, "pinch": pinch, "wave": wave, "circle_cw": circle, "circle_ccw": circle}
    return makers.get(word, swipe)(rng, word)


def shape(rng: Rng, name: str, split: Split) -> tuple[Angles, object]:
    """Joint angles of one hand, and its bones."""
    bones = draw_bones(rng, 1, split)
    if name == "relaxed" or (name == "any" and rng.random() < 0.5):
        return relaxed(rng, bones), bones
    if name == "any":
        return scattered(rng, bones), bones
    if name == "loose":  # open, not stretched
        angles = SHAPES["open_palm"](rng, bones)
        return Angles(angles.flexion + rng.uniform(5, 22), angles.spread, angles.thumb), bones
    if name == "grip":
        return SHAPES["fist"](rng, bones), bones
    if name == "pinched":
        angles = SHAPES["ok"](rng, bones)
        angles.flexion[:, 1:] += rng.uniform(0, 55)
        return angles, bones
    if name == "phone":
        angles = relaxed(rng, bones)
        return Angles(angles.flexion * 0.8, angles.spread, angles.thumb), bones
    return SHAPES[name](rng, bones), bones


def seen(rng: Rng, c: Course, split: Split) -> Array:
    """MOMENTS x 21 x 2 as a landmark network gives them, in picture heights (a picture as high as it is far away)."""
    first, bones = shape(rng, c.shapes[0], split)
    second, _ = shape(rng, c.shapes[1], split)
    one = points(bones, first)  # type: ignore[arg-type]
    other = points(bones, second)  # type: ignore[arg-type]
    palm = one + (other - one) * c.share[:, None, None]
    if rng.random() < 0.5:  # the other hand
        turn = view(-c.yaw, c.pitch, -c.roll)
        placed = turned(palm, turn) * (-1, 1, 1)
        placed = placed - placed.mean(axis=1, keepdims=True) + c.place[:, None]
    else:
        placed = turned(palm, view(c.yaw, c.pitch, c.roll))
        placed = placed - placed.mean(axis=1, keepdims=True) + c.place[:, None]
    p = placed[..., :2] / placed[..., 2:]
    size = np.ptp(p, axis=1).max(axis=1)[:, None, None]
    level = np.exp(rng.normal(np.log(0.012), 0.5))
    slow = _drift(rng, 1.0, 42).reshape(MOMENTS, 21, 2)
    return np.asarray(p + size * level * (0.7 * rng.normal(0, 1, p.shape) + 0.5 * slow))


def thinned(rng: Rng, p: Array) -> tuple[Array, Array]:
    """Times and points as a camera gives them, with pictures and hands lost."""
    fps = rng.choice([15, 20, 25, 30, 30, 60])
    times = np.arange(0, SECONDS - 0.02, 1 / fps) + rng.normal(0, 0.08 / fps, int(np.ceil((SECONDS - 0.02) * fps)))
    times = np.sort(np.clip(times, 0, SECONDS - 0.02))
    keep = rng.random(len(times)) > rng.choice([0.0, 0.03, 0.1])
    for _ in range(rng.poisson(0.4)):
        at, gap = rng.uniform(0, SECONDS), rng.uniform(0.05, 0.25)
        keep &= ~((times > at) & (times < at + gap))
    times = times[keep]
    return times, p[np.round(times * RATE).astype(int)]


def track(rng: Rng, word: str, split: Split, kind: str | None = None) -> tuple[Array, Array, list[tuple[float, str]]]:
    """Times, N x 21 x 2 points, and (end, word) of the gestures in it."""
    c = course(rng, word, kind)
    times, p = thinned(rng, seen(rng, c, split))
    return times, p, c.ends


assert {*SWIPES, "circle_cw", "circle_ccw", "push", "pinch", "wave"} == set(WORDS[1:])
