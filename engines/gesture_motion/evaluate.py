"""Figures of the shipped network on tracks never seen: events, latency, and false commands of ordinary hands."""

from collections import Counter
from typing import Any

import numpy as np

from dms.assessment import load_cabin
from dms.gesture import GestureSession, HandSeen, load_commands, load_interaction
from dms.gesture.motion import SLOT, WORDS, Network, NetworkMotion
from dms.inference.base import Engine
from dms.inference.engine_set import EngineSet
from dms.perception.signs import SignReader
from dms.records import Hand, Observation, TakeoverReadiness
from engines.gesture_motion.tracks import IDLE, SECONDS, track
from engines.gesture_motion.train import drawn, recipe

EARLY_S, LATE_S = 0.45, 0.25
"""An event belongs to a gesture that ended no more than so much later or earlier: it may come before a stroke is over."""
SIZE = (640, 480)


def network(engine: Engine) -> Network:
    """The engine as the reader asks it."""
    return lambda window: engine.run({"track": window})["words"]


def events(reader: NetworkMotion, times: np.ndarray, points: np.ndarray) -> list[tuple[float, str]]:
    """What the reader tells along a track."""
    reader.reset()
    found = []
    for t, p in zip(times, points, strict=True):
        moved = reader.step(float(t), HandSeen(None, p, (0.5, 0.5), float(np.ptp(p, axis=0).max()), None, 0.0))
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
    plan, late, missed, vain = recipe(), [], Counter[str](), Counter[str]()
    number = done = 0
    while done < count:
        times, points, ends = drawn("test", number, plan)
        number += 1
        if not ends:
            continue
        done += 1
        one_late, one_missed, one_vain = matched(events(reader, times, points), ends)
        late += one_late
        missed.update(one_missed)
        vain.update(one_vain)
    hits, m, v = len(late), sum(missed.values()), sum(vain.values())
    return {
        "tracks": done, "gestures": hits + m,
        "precision": round(hits / max(hits + v, 1), 4), "recall": round(hits / (hits + m), 4),
        "f1": round(2 * hits / (2 * hits + m + v), 4), "latency_ms": {
            f"p{q}": round(1e3 * float(np.percentile(late, q))) for q in (50, 95, 100) if late},
        "missed": dict(missed.most_common()), "in_vain": dict(vain.most_common()),
    }  # fmt: skip


def ordinary(reader: NetworkMotion, signs: SignReader, hours: float) -> dict[str, Any]:
    """Hands that drive, eat, hold a phone, scratch: what the reader tells by itself, and what the whole session commands."""
    session = GestureSession(load_interaction(), load_commands(), load_cabin("example_lhd"), reader)
    alone, commands, by = Counter[str](), Counter[str](), Counter[str]()
    count, start = round(hours * 3600 / SECONDS), 0.0
    ready = TakeoverReadiness(t=0.0, readiness="ready", level=4)
    for number in range(count):
        kind = IDLE[number % len(IDLE)]
        times, points, _ = track(np.random.default_rng([recipe()["tracks"]["seed"], 9, number]), "none", "test", kind)
        told = [word for _, word in events(reader, times, points)]
        alone.update(told)
        by[kind] += len(told)
        for t, p in zip(times, points, strict=True):
            hand = Hand(side="right", landmarks_px=[(float(x) * SIZE[1] + SIZE[0] / 2, (float(y) + 0.5) * SIZE[1]) for x, y in p])
            seen = Observation(t=start + float(t), hands=signs.named([hand]))
            acts = session.step(seen, SIZE, ready, "active", "home")
            commands.update(act.function for act in acts if act.phase == "start" and act.function)
        start += SECONDS
    return {
        "hours": round(count * SECONDS / 3600, 3), "reader_alone_an_hour": round(sum(alone.values()) / hours, 1),
        "reader_alone": dict(alone.most_common()), "by_kind": dict(by),
        "false_commands_an_hour": round(sum(commands.values()) / hours, 2),
        "commands": dict(commands),
    }  # fmt: skip


def evaluate(tracks: int, hours: float) -> dict[str, Any]:
    """All figures; synthetic hands of people, speeds and cameras never trained on."""
    rules = load_interaction()
    with EngineSet((SLOT, "gesture")) as engines:
        reader = NetworkMotion(network(engines[SLOT]), rules)
        signs = SignReader(engines, 0.5)
        return {"what": "generated tracks, people never trained on", "words": len(WORDS) - 1,
                "gestures": gestures(reader, tracks), "ordinary": ordinary(reader, signs, hours)}  # fmt: skip
