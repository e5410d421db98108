"""What hands do that command nothing: they rest, reach, fetch, eat, hold a phone, scratch, steer, drum, talk."""

import numpy as np

from engines.gesture.signs import Rng
from engines.gesture_motion.course import SECONDS, Array, Course, blank, ease, moments, moves

IDLE = ("still", "wander", "reach", "eat", "phone", "scratch", "steer", "drum", "fetch", "talk")

SHAPE = {"still": "any", "phone": "phone", "steer": "grip", "eat": "pinched"}
"""Of the fingers, at first; else relaxed."""
OPEN = {"wander": 0.35, "reach": 0.35, "fetch": 0.35, "talk": 0.5}
"""How often a hand is open meanwhile, though not stretched."""
SPREAD = {"wander": (110, 90, 60), "reach": (160, 110, 120), "eat": (40, 150, 60), "phone": (30, 40, 25)}
"""Of the places a hand goes to, mm."""


def idle(rng: Rng, kind: str) -> Course:
    """An ordinary hand."""
    shape = "loose" if rng.random() < OPEN.get(kind, 0.0) else SHAPE.get(kind, "relaxed")
    later = "grip" if kind == "fetch" and rng.random() < 0.35 else "relaxed" if rng.random() < 0.6 else "any"
    c = blank(rng, (shape, later))
    doing = {"scratch": _scratch, "drum": _rub, "steer": _steer, "fetch": _fetch, "talk": _talk}
    if kind in SPREAD:
        _wander(rng, c, kind)
    elif kind in doing:
        doing[kind](rng, c)
    return c


def _wander(rng: Rng, c: Course, kind: str) -> None:
    """From place to place, with rests."""
    times, now = [0.0], 0.0
    while now < SECONDS:
        now += rng.uniform(0.3, 1.6)
        times += [now, now + (rng.uniform(0.0, 1.5) if kind != "wander" else 0.0)]
    values: list[Array] = [np.zeros(3)]
    for n in range(1, len(times)):
        values.append(rng.normal(0, 1, 3) * SPREAD[kind] if n % 2 else values[-1])
    c.place += moves(times, values)
    c.share = np.clip(moves(times, [rng.uniform(0, 0.6, 1) for _ in times])[:, 0], 0, 1)
    _turn(rng, c, times)


def _turn(rng: Rng, c: Course, times: list[float]) -> None:
    """The hand turns as it goes."""
    turn = moves(times, [rng.normal(0, 14, 3) for _ in times])
    c.yaw, c.pitch, c.roll = c.yaw + turn[:, 0], c.pitch + turn[:, 1], c.roll + turn[:, 2]


def _rub(rng: Rng, c: Course) -> None:
    """To and fro, on and off."""
    t, rate, size = moments(), rng.uniform(1.5, 5.0), rng.uniform(5, 35)
    inside = np.sin(t * rng.uniform(0.5, 2.0) + rng.uniform(0, 6)) > -0.2
    way = rng.normal(0, 1, 3) * (1, 1, 0.4)
    c.place += (size * np.sin(2 * np.pi * rate * t) * inside)[:, None] * way / np.linalg.norm(way)
    c.roll = c.roll + rng.normal(0, 5) * np.sin(2 * np.pi * rate * t) * inside


def _scratch(rng: Rng, c: Course) -> None:
    """Somewhere on the head or the arm; often the hand is seen going there and back."""
    _rub(rng, c)
    if rng.random() < 0.6:
        _out_and_back(rng, c, np.array([rng.normal(0, 90), rng.normal(-120, 90), rng.normal(60, 60)]), rng.uniform(0.8, 2.5))


def _fetch(rng: Rng, c: Course) -> None:
    """To a switch, the screen, the belt, a cup, and the same way back."""
    _out_and_back(rng, c, rng.normal(0, 1, 3) * (170, 120, 110), rng.uniform(0.0, 1.2))
    c.share = np.clip(c.share + moves([0.0, 2.5, 4.0], [rng.uniform(0, 1.0, 1) for _ in range(3)])[:, 0], 0, 1)


def _out_and_back(rng: Rng, c: Course, way: Array, stay: float) -> None:
    go, come = rng.uniform(0.3, 1.1, 2)
    start = rng.uniform(0.2, max(0.3, SECONDS - go - come - stay - 0.3))
    t = moments()
    away = ease((t - start) / go) - ease((t - start - go - stay) / come)
    c.place += away[:, None] * way
    c.place[:, 2] = np.maximum(c.place[:, 2], 220)
    c.yaw, c.pitch, c.roll = (a + away * rng.normal(0, 16) for a in (c.yaw, c.pitch, c.roll))


def _talk(rng: Rng, c: Course) -> None:
    """Beats in the rhythm of speech: short strokes there and back, rests between."""
    times, values, now = [0.0], [np.zeros(3)], rng.uniform(0.0, 1.0)
    way = rng.normal(0, 1, 3) * (1.0, 1.2, 0.5)
    way /= np.linalg.norm(way)
    while now < SECONDS:
        span, back = rng.uniform(0.16, 0.5, 2)
        beat = way * rng.uniform(25, 130) + rng.normal(0, 12, 3)
        home = values[-1]
        times += [now, now + span, now + span + back]
        values += [home, home + beat, home + rng.normal(0, 15, 3)]
        now += span + back + (rng.uniform(0.0, 0.15) if rng.random() < 0.6 else rng.uniform(0.3, 1.5))
    c.place += moves(times, values)
    _turn(rng, c, times)


def _steer(rng: Rng, c: Course) -> None:
    """On the rim of the wheel."""
    turn = moves([0, 1.0, 2.0, 3.2, 4.5, 5.6], [np.array([a]) for a in np.cumsum(rng.normal(0, 0.45, 6))])[:, 0]
    base = rng.uniform(-np.pi, 0)
    c.place[:, 0] += 185 * (np.cos(base + turn) - np.cos(base))
    c.place[:, 1] += 185 * (np.sin(base + turn) - np.sin(base))
    c.roll = c.roll + np.degrees(turn)
