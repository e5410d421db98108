"""Several engines on one picture, side by side, with a time by which the optional ones must have answered.

A back end with queues (TensorRT) works on all of them at once; one without (ONNX Runtime) works when it is given its input, so
there the deadline decides which optional ones are still begun.
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from dms.inference.base import Engine, Tensors

_PAUSE_S = 0.0001
_IDLE = threading.Event()


@dataclass(frozen=True, slots=True)
class Answers:
    """Outputs by slot; ``late``: optional slots that have none, for want of time. Nothing old is put in their place."""

    outputs: Mapping[str, Tensors]
    late: tuple[str, ...]


def run_together(
    engines: Mapping[str, Engine],
    feeds: Mapping[str, Tensors],
    now: Callable[[], float],
    deadline: float,
    optional: Collection[str] = (),
    pause: Callable[[float], object] = _IDLE.wait,
) -> Answers:
    """Run the engines that ``feeds`` names.

    Args:
        engines: by slot.
        feeds: inputs by slot.
        now: the time, in seconds.
        deadline: on the same clock. Slots in ``optional`` that have not answered by then are dropped; the others are waited for.
        pause: waits a little while an optional engine is still at work; gets the seconds.

    Raises:
        EngineFailed: an engine failed, or one that is not optional does not answer at all.
    """
    begun, late = [], []
    for slot in sorted(feeds, key=lambda slot: slot in optional):  # the ones that are waited for go first
        spare = slot in optional
        if spare and (now() >= deadline or not engines[slot].ready()):  # no time, or still busy with an earlier picture
            late.append(slot)
            continue
        engines[slot].submit(feeds[slot])
        begun.append(slot)
    outputs = {slot: engines[slot].collect() for slot in begun if slot not in optional}
    for slot in begun:
        if slot not in optional:
            continue
        while not (ready := engines[slot].ready()) and now() < deadline:
            pause(_PAUSE_S)
        if ready:
            outputs[slot] = engines[slot].collect()
        else:
            late.append(slot)
    return Answers(outputs, tuple(late))
