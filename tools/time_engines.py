"""Measures the built engines in ONNX Runtime, one thread: the file with PRelu against the CPU file, interleaved.

python tools/time_engines.py [--runs 200] [--slots head_pose,eye_state,gaze,drowsiness]

With --slots the last line is what these engines cost a frame together; an engine that runs once an eye counts twice.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

A_FRAME = {"eye_state": 2}
"""Runs a frame, where it is more than one."""


def measure(engines, feeds, runs):
    """CPU time in ms of each run, per engine; interleaved, so that a busy moment hits all alike."""
    times = [[] for _ in engines]
    for _ in range(runs):
        for row, engine in zip(times, engines, strict=True):
            start = time.process_time()
            engine.run(feeds)
            row.append((time.process_time() - start) * 1e3)
    return times


def timed(slot: str, runs: int) -> dict[str, list[float]]:
    """Times of each file of an engine that this CPU could run: ``plain`` and, where there is one, ``cpu``.

    Raises:
        DmsError: there is no such engine, or its file is not there.
    """
    from dms.inference.base import Options
    from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
    from dms.inference.parity import noise
    from dms.inference.slots import find_engine

    spec = find_engine(slot)
    variants = {"plain": replace(spec, cpu_path=None)} | ({"cpu": spec} if spec.cpu_path else {})
    engines = [OnnxRuntimeBackend().load(variant, Options(warmup=10)) for variant in variants.values()]
    feeds = {tensor.name: noise(1, tensor.shape).astype(tensor.dtype) for tensor in spec.inputs}
    return dict(zip(variants, measure(engines, feeds, runs), strict=True))


def lines(slots: Sequence[str], runs: int, total: bool) -> Iterator[str]:
    """One line an engine, then, if asked for, the cost of a frame."""
    from dms.errors import DmsError

    cost, left_out = 0.0, []
    for slot in slots:
        try:
            times = timed(slot, runs)
        except DmsError as error:
            left_out.append(slot)
            yield f"{slot:15} left out: {error}"
            continue
        number = A_FRAME.get(slot, 1)
        cost += number * float(np.median(list(times.values())[-1]))  # the CPU file where there is one, as when running
        files = "  ".join(f"{name} {np.median(row):.2f} ({min(row):.2f})" for name, row in times.items())
        yield f"{slot:15} {files}" + (f"  x {number} a frame" if number > 1 else "")
    if not total:
        return
    without = f", without {', '.join(left_out)}" if left_out else ""
    yield f"{'a frame':15} {cost:.2f} ms CPU, one thread{without}"


def main() -> int:
    from tools.training.answer import needs

    needs("onnxruntime", extra="cpu")
    from dms.inference.definition import definitions

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--slots", help="comma-separated; default: all engines there are")
    args = parser.parse_args()
    slots = args.slots.split(",") if args.slots else [item.name for item in definitions()]
    print(f"ONNX Runtime {metadata.version('onnxruntime')}, one thread; CPU ms a run: median (minimum)")
    for line in lines(slots, args.runs, total=args.slots is not None):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
