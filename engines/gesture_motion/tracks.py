"""Tracks of a hand over time: moved gestures, and what hands do otherwise. Many at once, for a seed.

A track is 21 picture points at each of 60 moments a second over 6 s, thinned to what a camera of 15 to 60 pictures a second
gives, with gaps. The driver's left is the picture's right: the camera looks at the driver.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.gesture.motion import WORDS
from engines.gesture.hand_model import Angles, Bones, draw_bones, points, turned, view
from engines.gesture.others import relaxed, scattered
from engines.gesture.signs import SHAPES, Rng
from engines.gesture_motion.course import HAND_MM, MOMENTS, RATE, SECONDS, Array, Course, blank, drift, ease, enter, moments
from engines.gesture_motion.ordinary import IDLE, idle
from hil.driver.split import Split

SWIPES = {"swipe_left": (1.0, 0.0), "swipe_right": (-1.0, 0.0), "swipe_up": (0.0, -1.0), "swipe_down": (0.0, 1.0)}
"""Ways in the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A course as a camera saw it: N times, N x 21 x 2 points, the rest as of a ``Course``; ``drag`` N, in hand lengths."""

    times: Array
    points: Array
    ends: list[tuple[float, str]]
    over: float
    drag: Array | None


def swipe(rng: Rng, word: str) -> Course:
    """One stroke with the open hand, and often the way back."""
    c = blank(rng, ("open_palm" if rng.random() < 0.7 else "stop", "relaxed"))
    t, start, span = moments(), rng.uniform(1.5, 3.2), rng.uniform(0.22, 0.9)
    x, y = SWIPES[word]
    lean = rng.normal(0, 0.22)
    way = np.array([x * np.cos(lean) - y * np.sin(lean), x * np.sin(lean) + y * np.cos(lean), rng.normal(0, 0.15)])
    length = rng.uniform(0.8, 2.6) * HAND_MM
    centred = rng.random() < 0.6  # wound up before, as people do
    stroke = ease((t - start) / span)
    wound = ease((t - (start - rng.uniform(0.3, 0.7))) / rng.uniform(0.25, 0.5)) if centred else 0.0 * t
    back_at = start + span + rng.uniform(0.05, 0.6)
    back = ease((t - back_at) / rng.uniform(0.3, 1.0)) if rng.random() < 0.8 else 0.0 * t
    along = length * (stroke - 0.5 * wound - back * (0.5 if centred else 1.0))
    c.place += along[:, None] * way
    sway = rng.normal(12, 10) * (stroke - 0.5 * wound) * (1 - back)
    if word in ("swipe_left", "swipe_right"):
        c.yaw, c.roll = c.yaw + x * sway, c.roll + x * 0.7 * sway
    else:
        c.pitch = c.pitch - y * sway
    if rng.random() < 0.6:
        c.share = back * rng.uniform(0.3, 1.0)
    enter(rng, c, start - 0.7)
    c.ends.append((start + span * 0.92, word))
    c.over = start + span
    return c


def circle(rng: Rng, word: str) -> Course:
    """One to three turns of a pointing finger; clockwise for the driver is the other way round in the picture."""
    c = blank(rng, ("point" if rng.random() < 0.75 else "open_palm", "relaxed"))
    t, start = moments(), rng.uniform(1.2, 2.0)
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
    enter(rng, c, start)
    c.ends += [(start + turn_s * (k + 1) - 0.04 * turn_s, word) for k in range(turns)]
    c.over = start + turn_s * turns
    return c


def push(rng: Rng, word: str) -> Course:
    """Towards the camera and often back."""
    c = blank(rng, ("open_palm" if rng.random() < 0.6 else "point", "relaxed"))
    t, start, span = moments(), rng.uniform(1.4, 3.2), rng.uniform(0.2, 0.7)
    depth = rng.uniform(70, 170)
    stroke = ease((t - start) / span)
    back = ease((t - (start + span + rng.uniform(0.05, 0.5))) / rng.uniform(0.25, 0.9)) if rng.random() < 0.85 else 0 * t
    c.place[:, 2] -= depth * (stroke - back)
    c.place[:, 1] += rng.normal(0, 25) * (stroke - back)
    c.place[:, 0] += rng.normal(0, 20) * (stroke - back)
    c.place[:, 2] = np.maximum(c.place[:, 2], 220)
    c.pitch = c.pitch + rng.normal(0, 12) * (stroke - back)
    enter(rng, c, start)
    c.ends.append((start + span * 0.92, word))
    c.over = start + span
    return c


def pinch(rng: Rng, word: str) -> Course:
    """Thumb and index finger close, often something is dragged, and open again."""
    c = blank(rng, ("open_palm" if rng.random() < 0.5 else "loose", "pinched"))
    t, start, span = moments(), rng.uniform(1.4, 3.0), rng.uniform(0.15, 0.5)
    hold = rng.uniform(0.3, 2.2)
    opened = ease((t - (start + span + hold)) / rng.uniform(0.15, 0.4))
    c.share = ease((t - start) / span) - opened
    c.drag = np.zeros((MOMENTS, 2))
    if rng.random() < 0.6:
        c.drag = (
            rng.normal(0, 0.7 * HAND_MM, 2) * ease((t - start - span - rng.uniform(0.1, 0.3)) / max(hold - 0.2, 0.3))[:, None]
        )
        c.place[:, :2] += c.drag
    enter(rng, c, start)
    c.ends.append((start + span * 0.95, word))
    c.over = start + span + hold
    return c


def wave(rng: Rng, word: str) -> Course:
    """The open hand to and fro, at least two whole swings; told when the second is done."""
    c = blank(rng, ("open_palm" if rng.random() < 0.8 else "stop", "relaxed"))
    t, start, rate = moments(), rng.uniform(1.2, 2.2), rng.uniform(1.1, 2.8)
    swings = rng.uniform(2.2, 5.0)
    inside = (t >= start) & (t <= start + swings / rate)
    swing = np.sin(2 * np.pi * rate * (t - start)) * inside * rng.choice([-1.0, 1.0])
    from_elbow = rng.uniform(0.3, 1.0)
    c.place[:, 0] += swing * rng.uniform(0.25, 0.8) * HAND_MM * 0.6 * from_elbow
    c.roll = c.roll + swing * rng.uniform(8, 30)
    enter(rng, c, start)
    c.ends.append((start + 2.0 / rate, word))
    c.over = start + swings / rate
    return c


def course(rng: Rng, word: str, kind: str | None = None) -> Course:
    """A course of a word; ``none``: of an idle kind."""
    if word == "none":
        return idle(rng, kind or IDLE[rng.integers(len(IDLE))])
    makers = {"push": push, "pinch": pinch, "wave": wave, "circle_cw": circle, "circle_ccw": circle}
    return makers.get(word, swipe)(rng, word)


def shape(rng: Rng, name: str, split: Split) -> tuple[Angles, Bones]:
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
    one = points(bones, first)
    other = points(bones, second)
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
    slow = drift(rng, 1.0, 42).reshape(MOMENTS, 21, 2)
    return np.asarray(p + size * level * (0.7 * rng.normal(0, 1, p.shape) + 0.5 * slow))


def thinned(rng: Rng) -> tuple[Array, NDArray[np.int64]]:
    """Times at which a camera saw the hand, and the moments nearest to them; pictures and hands are lost."""
    fps = rng.choice([15, 20, 25, 30, 30, 60])
    times = np.arange(0, SECONDS - 0.02, 1 / fps) + rng.normal(0, 0.08 / fps, int(np.ceil((SECONDS - 0.02) * fps)))
    times = np.sort(np.clip(times, 0, SECONDS - 0.02))
    keep = rng.random(len(times)) > rng.choice([0.0, 0.03, 0.1])
    for _ in range(rng.poisson(0.4)):
        at, gap = rng.uniform(0, SECONDS), rng.uniform(0.05, 0.25)
        keep &= ~((times > at) & (times < at + gap))
    times = times[keep]
    return times, np.round(times * RATE).astype(np.int64)


def track(rng: Rng, word: str, split: Split, kind: str | None = None) -> Seen:
    """A gesture, or an idle hand, as one camera saw it."""
    return filmed(rng, course(rng, word, kind), split)


def filmed(rng: Rng, c: Course, split: Split) -> Seen:
    """A course as one camera saw it."""
    p = seen(rng, c, split)
    times, at = thinned(rng)
    return Seen(times, p[at], c.ends, c.over, None if c.drag is None else c.drag[at] / HAND_MM)


assert {*SWIPES, "circle_cw", "circle_ccw", "push", "pinch", "wave"} == set(WORDS[1:])
