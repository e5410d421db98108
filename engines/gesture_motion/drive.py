"""Hours of ordinary hands through signs, moved gestures and grammar: what is commanded though nobody meant it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from dms.assessment import load_cabin
from dms.gesture import Commands, GestureSession, HandSeen, Moved, load_commands, load_interaction
from dms.gesture.session import MotionReader
from dms.perception.signs import SignReader
from dms.records import Hand, Observation, TakeoverReadiness
from engines.gesture_motion.course import SECONDS, Array, ease
from engines.gesture_motion.ordinary import IDLE
from engines.gesture_motion.tracks import track

SEED = 9
SIZE = (640, 480)
READY = TakeoverReadiness(t=0.0, readiness="ready", level=4)


def hands(hours: float, seed: int = SEED) -> Iterator[tuple[float, Array, str]]:
    """Time, 21 x 2 points and what the hand is doing: one thing after the other, and the way between them."""
    now, before = 0.0, None
    for number in range(round(hours * 3600 / SECONDS)):
        rng = np.random.default_rng([seed, number])
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


def ordinary(reader: MotionReader, signs: SignReader, hours: float, context: str = "home") -> dict[str, Any]:
    """What the reader tells by itself, how often the hand wakes the session, what the session commands; and what it would command
    if no wake posture were needed."""
    rules, cabin, heard = load_interaction(), load_cabin("example_lhd"), _Heard(reader)
    session = GestureSession(rules, load_commands(), cabin, heard)
    open_session = GestureSession(rules, _always_awake(load_commands()), cabin, _Echo(heard))
    false, open_false, woken, was = list[str](), Counter[str](), Counter[str](), False
    for t, points, kind in hands(hours):
        px = [(float(x) * SIZE[1] + SIZE[0] / 2, (float(y) + 0.5) * SIZE[1]) for x, y in points]
        seen = Observation(t=t, hands=signs.named([Hand(side="right", landmarks_px=px)]))
        heard.last = None
        acts = session.step(seen, SIZE, READY, "active", context)
        false += [f"{t:.1f} s {kind}: {act.gesture} -> {act.function}" for act in acts if act.phase == "start" and act.function]
        acts = open_session.step(seen, SIZE, READY, "active", context)
        open_false.update(f"{act.gesture}" for act in acts if act.phase == "start" and act.function)
        awake = session.awake(t)
        woken[kind] += awake and not was
        was = awake
    return {
        "hours": hours,
        "reader_alone_an_hour": round(sum(heard.told.values()) / hours, 1), "reader_alone": dict(heard.told.most_common()),
        "woken_an_hour": round(sum(woken.values()) / hours, 1), "woken_by": {kind: n for kind, n in woken.most_common() if n},
        "false_commands_an_hour": round(len(false) / hours, 2), "false_commands": false,
        "without_wake_an_hour": round(sum(open_false.values()) / hours, 1), "without_wake": dict(open_false.most_common()),
    }  # fmt: skip


def _always_awake(commands: Commands) -> Commands:
    contexts = {name: msgspec.structs.replace(one, needs_wake=False) for name, one in commands.contexts.items()}
    return msgspec.structs.replace(commands, contexts=contexts)
