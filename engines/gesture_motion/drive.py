"""Hours of ordinary hands through signs, moved gestures and grammar: what is commanded though nobody meant it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from dms.assessment import load_cabin
from dms.gesture import Act, Commands, GestureSession, HandSeen, Moved, load_commands, load_interaction
from dms.gesture.session import MotionReader
from dms.perception.signs import SignReader
from dms.records import Hand, Observation, TakeoverReadiness
from engines.gesture_motion.course import SECONDS, Array, blank, ease
from engines.gesture_motion.ordinary import IDLE
from engines.gesture_motion.tracks import filmed, track

SEED, PART_H = 11, 0.05
CONTEXT, MEANT_S = "home", 2.0
SIZE = (640, 480)
READY = TakeoverReadiness(t=0.0, readiness="ready", level=4)


def hands(hours: float, part: int) -> Iterator[tuple[float, Array, str]]:
    """Time, 21 x 2 points and what the hand is doing: one thing after the other, and the way between them."""
    now, before = 0.0, None
    for number in range(round(hours * 3600 / SECONDS)):
        rng = np.random.default_rng([SEED, part, number])
        kind = IDLE[rng.integers(len(IDLE))]
        made = track(rng, "none", "test", kind)
        points = made.points if before is None else _joined(before, made.times, made.points, rng.uniform(0.5, 1.2))
        for t, p in zip(made.times, points, strict=True):
            yield now + float(t), p, kind
        now, before = now + SECONDS, points[-1]


def _joined(before: Array, times: Array, points: Array, span: float) -> Array:
    """The same course, but the hand comes from where it was, in the size it had."""
    left = 1.0 - ease(times / span)
    centre = points.mean(axis=1, keepdims=True)
    grown = np.ptp(before, axis=0).max() / max(float(np.ptp(points[0], axis=0).max()), 1e-6)
    shift = left[:, None] * (before.mean(axis=0) - centre[0, 0])
    return np.asarray(centre + (points - centre) * (grown**left)[:, None, None] + shift[:, None])


class _Heard:
    """A reader whose events are kept."""

    def __init__(self, reader: MotionReader) -> None:
        self._reader = reader
        self.last: Moved | None = None
        self.told = Counter[str]()

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        self.last = self._reader.step(t, hand)
        if self.last is not None:
            self.told[self.last.word] += 1
        return self.last

    def drag(self) -> float | None:
        return self._reader.drag()

    def reset(self) -> None:
        self._reader.reset()


class _Echo:
    """Tells what another reader has just told."""

    def __init__(self, heard: _Heard) -> None:
        self._heard = heard

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        return self._heard.last

    def drag(self) -> float | None:
        return self._heard.drag()

    def reset(self) -> None:
        pass


@dataclass(slots=True)
class Told:
    """What happened though nobody meant anything.

    Attributes:
        alone: events of the reader, awake or asleep.
        woken: how often the hand was taken to wake the session, by what it was doing.
        false: commands, each with its time.
        without_wake: what would be commanded if no wake posture were needed.
    """

    alone: Counter[str] = field(default_factory=Counter)
    woken: Counter[str] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)
    without_wake: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Told") -> None:
        """Another part of the drive."""
        self.alone += other.alone
        self.woken += other.woken
        self.false += other.false
        self.without_wake += other.without_wake


def part(reader: MotionReader, signs: SignReader, number: int) -> Told:
    """Three minutes, always the same for the same number, through the session of the product."""
    rules, cabin, heard = load_interaction(), load_cabin("example_lhd"), _Heard(reader)
    told, was = Told(), False
    session = GestureSession(rules, load_commands(), cabin, heard)
    always = GestureSession(rules, _always_awake(load_commands()), cabin, _Echo(heard))
    for t, points, kind in hands(PART_H, number):
        seen = Observation(t=t, hands=signs.named([_hand(points)]))
        heard.last = None
        acts = session.step(seen, SIZE, READY, "active", CONTEXT)
        told.false += [f"part {number}, {t:.1f} s, {kind}: {act.gesture}, {act.function}" for act in acts if _commands(act)]
        acts = always.step(seen, SIZE, READY, "active", CONTEXT)
        told.without_wake.update(act.gesture for act in acts if _commands(act))
        awake = session.awake(t)
        told.woken[kind] += awake and not was
        was = awake
    told.alone = heard.told
    return told


def _commands(act: Act) -> bool:
    return act.phase == "start" and act.function is not None


def ordinary(reader: MotionReader, signs: SignReader, hours: float, first: int = 0) -> dict[str, Any]:
    """So many hours of ordinary hands, in parts of ``PART_H``, from part ``first`` on."""
    told, parts = Told(), max(1, round(hours / PART_H))
    for number in range(first, first + parts):
        told.add(part(reader, signs, number))
    return summed(told, parts)


def summed(told: Told, parts: int) -> dict[str, Any]:
    """Per hour."""
    hours = parts * PART_H
    return {
        "hours": hours,
        "false_commands_an_hour": round(len(told.false) / hours, 2), "false_commands": told.false,
        "woken_an_hour": round(told.woken.total() / hours, 1), "woken_by": dict(told.woken.most_common()),
        "reader_alone_an_hour": round(told.alone.total() / hours, 1), "reader_alone": dict(told.alone.most_common()),
        "without_wake_an_hour": round(told.without_wake.total() / hours, 1),
        "without_wake": dict(told.without_wake.most_common()),
    }  # fmt: skip


def meant(signs: SignReader, count: int) -> dict[str, Any]:
    """Hands that do mean to wake: an open hand held up. How many do within ``MEANT_S``, and how fast."""
    rules, cabin, took = load_interaction(), load_cabin("example_lhd"), list[float]()
    for number in range(count):
        rng = np.random.default_rng([SEED, 1, number])
        made = filmed(rng, blank(rng, (("open_palm", "stop")[number % 2], "relaxed")), "test")
        session = GestureSession(rules, load_commands(), cabin)
        for t, points in zip(made.times, made.points, strict=True):
            session.step(Observation(t=float(t), hands=signs.named([_hand(points)])), SIZE, READY, "active", CONTEXT)
            if session.awake(float(t)) or t > MEANT_S:
                break
        took += [float(t)] if session.awake(float(t)) else []
    return {
        "wake_postures": count,
        "woke": len(took),
        "after_s": {f"p{q}": round(float(np.percentile(took, q)), 2) for q in (50, 95)},
    }


def _hand(points: Array) -> Hand:
    return Hand(side="right", landmarks_px=[(float(x) * SIZE[1] + SIZE[0] / 2, (float(y) + 0.5) * SIZE[1]) for x, y in points])


def _always_awake(commands: Commands) -> Commands:
    contexts = {name: msgspec.structs.replace(one, needs_wake=False) for name, one in commands.contexts.items()}
    return msgspec.structs.replace(commands, contexts=contexts)
