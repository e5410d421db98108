"""What the hand branch costs: the same pictures with and without it, and whether it delays the readiness path."""

import time
from typing import Any

from dms.gesture.motion import SLOT as MOTION_SLOT
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import HAND_SLOTS, PALM_SLOT
from dms.perception.signs import SLOT as SIGN_SLOT
from dms.records import Frame
from dms.runtime.chain import Chain
from dms.runtime.config import Loaded

BRANCH = (*HAND_SLOTS, PALM_SLOT, SIGN_SLOT, MOTION_SLOT)
"""Slots that nothing but hands needs."""


def costs(parts: Loaded, engines: EngineSet, frames: list[Frame]) -> dict[str, Any]:
    """CPU time of the chain for each picture with and without the hand branch, in turn, pictures with and without a hand apart.

    Args:
        engines: with the branch's slots.
        frames: in order; the first tenth warms up.
    """
    on = Chain(engines, parts.cabin, parts.profile, parts.camera, parts.driver)
    some = {slot: engines[slot] for slot in engines if slot not in BRANCH}
    off = Chain(some, parts.cabin, parts.profile, parts.camera, parts.driver)
    spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for number, frame in enumerate(frames):
        first, second = (on, off) if number % 2 else (off, on)  # whoever comes second finds the picture in the cache
        one, two = _timed(first, frame), _timed(second, frame)
        with_branch, without = (one, two) if number % 2 else (two, one)
        if number >= len(frames) // 10:
            spent[with_branch[1]].append((without[0], with_branch[0]))
    return {"without_hand": _means(spent[False]), "with_hand": _means(spent[True])}


def delay(off: dict[str, Any], on: dict[str, Any]) -> dict[str, Any]:
    """Latencies of two runs of the loop side by side: off, on, and on divided by off."""
    found: dict[str, Any] = {}
    for name in ("capture_to_judged_ms", "capture_to_bus_ms"):
        if off[name] and on[name]:
            found[name] = {
                key: {"off": off[name][key], "on": on[name][key], "ratio": round(on[name][key] / off[name][key], 2)}
                for key in ("p50", "p99")
            }
    return found


def _timed(chain: Chain, frame: Frame) -> tuple[float, bool]:
    """CPU time, ms, and whether a hand was seen."""
    start = time.process_time()
    judged = chain.frame(frame)
    return (time.process_time() - start) * 1e3, bool(judged.sight.observation.hands)


def _means(pairs: list[tuple[float, float]]) -> dict[str, Any] | None:
    if not pairs:
        return None
    off, on = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
    return {"frames": len(pairs), "off_cpu_ms": round(off, 3), "on_cpu_ms": round(on, 3), "ratio": round(on / off, 2)}
