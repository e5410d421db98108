"""Figures of the shipped network on tracks never seen: events, latency, drags, and false commands of ordinary hands."""

from collections import Counter
from typing import Any

import numpy as np

from dms.gesture import HandSeen, load_interaction
from dms.gesture.motion import SLOT, WORDS, Network, NetworkMotion
from dms.inference.base import Engine
from dms.inference.engine_set import EngineSet
from dms.perception.settings import Settings
from dms.perception.signs import SignReader
from engines.gesture_motion.drive import meant, ordinary
from engines.gesture_motion.tracks import Seen
from engines.gesture_motion.train import drawn, recipe

EARLY_S, LATE_S = 0.45, 0.25
"""An event belongs to a gesture that ended no more than so much later or earlier: it may come before a stroke is over."""


def network(engine: Engine) -> Network:
    """The engine as the reader asks it."""
    return lambda window: engine.run({"track": window})["words"]


def hand_of(points: np.ndarray) -> HandSeen:
    """One look as the reader gets it."""
    return HandSeen(None, points, (0.5, 0.5), float(np.ptp(points, axis=0).max()), None, 0.0)


def events(reader: NetworkMotion, times: np.ndarray, points: np.ndarray) -> list[tuple[float, str]]:
    """What the reader tells along a track."""
    reader.reset()
    found = []
    for t, p in zip(times, points, strict=True):
        moved = reader.step(float(t), hand_of(p))
        if moved is not None:
            found.append((float(t), moved.word))
    return found


def matched(found: list[tuple[float, str]], ends: list[tuple[float, str]]) -> tuple[list[float], list[str], list[str]]:
    """Latencies of the gestures that were told, words that were missed, words told in vain."""
    left, late, missed = list(found), [], []
    for end, word in ends:
        hit = next((f for f in left if f[1] == word and -EARLY_S <= f[0] - end <= LATE_S), None)
        if hit is None:
            missed.append(word)
        else:
            left.remove(hit)
            late.append(hit[0] - end)
    return late, missed, [word for _, word in left]


def gestures(reader: NetworkMotion, count: int) -> dict[str, Any]:
    """Events of tracks with a gesture."""
    plan, late, number, done = recipe(), list[float](), 0, 0
    hit, missed, vain, told_as = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    while done < count:
        made = drawn("test", number, plan)
        number += 1
        if not made.ends:
            continue
        done += 1
        one_late, one_missed, one_vain = matched(events(reader, made.times, made.points), made.ends)
        late += one_late
        missed.update(one_missed)
        vain.update(one_vain)
        hit.update((Counter(word for _, word in made.ends) - Counter(one_missed)).elements())
        told_as.update(f"{made.ends[0][1]} track: {word}" for word in one_vain)
    hits, m, v = len(late), sum(missed.values()), sum(vain.values())
    return {
        "tracks": done, "gestures": hits + m,
        "precision": round(hits / max(hits + v, 1), 4), "recall": round(hits / (hits + m), 4),
        "f1": round(2 * hits / (2 * hits + m + v), 4), "latency_ms": {
            f"p{q}": round(1e3 * float(np.percentile(late, q))) for q in (50, 95, 100) if late},
        "of_word": {word: [hit[word], missed[word], vain[word]] for word in WORDS[1:]},
        "told_in_vain": dict(told_as.most_common()),
    }  # fmt: skip


def drags(reader: NetworkMotion, count: int) -> dict[str, Any]:
    """How far a pinched hand was dragged sideways, just before the fingers open, against the truth; hand lengths."""
    plan, reach, number, wrong, lost, late = recipe(), load_interaction().drag_reach, 0, list[float](), 0, list[float]()
    while len(wrong) + lost < count:
        made = drawn("test", number, plan)
        number += 1
        if made.drag is None:
            continue
        values = _values(reader, made)
        before = int(np.searchsorted(made.times, made.over)) - 1
        if values[before] is None or abs(float(made.drag[before, 0])) > reach:
            lost += values[before] is None
            continue
        wrong.append((0.5 - values[before]) * 2.0 * reach - float(made.drag[before, 0]))
        late.append(next((t - made.over for t, v in zip(made.times, values, strict=True) if t > made.over and v is None), np.inf))
    size = np.abs(wrong)
    return {
        "pinches": len(wrong) + lost, "not_held_to_the_end": lost, "mean_error_lengths": round(float(size.mean()), 3),
        "p95_error_lengths": round(float(np.percentile(size, 95)), 3), "bias_lengths": round(float(np.mean(wrong)), 3),
        "let_go_after_ms": {f"p{q}": round(1e3 * float(np.percentile(late, q, method="lower"))) for q in (50, 95)},
    }  # fmt: skip


def _values(reader: NetworkMotion, made: Seen) -> list[float | None]:
    """What the reader says at each look about how far something is dragged."""
    reader.reset()
    values = []
    for t, p in zip(made.times, made.points, strict=True):
        reader.step(float(t), hand_of(p))
        values.append(reader.drag())
    return values


def evaluate(tracks: int, hours: float, part: int = 0) -> dict[str, Any]:
    """All figures; synthetic hands of people, speeds and cameras never trained on. Ordinary hands from ``part`` on."""
    rules = load_interaction()
    with EngineSet((SLOT, "gesture")) as engines:
        reader = NetworkMotion(network(engines[SLOT]), rules)
        signs = SignReader(engines, Settings().sign_sure)
        return {"what": "generated tracks, people never trained on", "words": len(WORDS) - 1,
                "gestures": gestures(reader, tracks) if tracks else None,
                "drags": drags(reader, tracks // 8) if tracks else None,
                "wake": meant(signs, tracks) if tracks else None,
                "ordinary": ordinary(reader, signs, hours, part) if hours else None}  # fmt: skip
