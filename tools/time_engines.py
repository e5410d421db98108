"""Measures the built engines in ONNX Runtime, one thread: the file with PRelu against the CPU file, interleaved.

python tools/time_engines.py [--runs 200]
"""

import argparse
import sys
import time
from dataclasses import replace
from importlib import metadata

import numpy as np


def measure(engines, feeds, runs):
    """CPU time in ms of each run, per engine; interleaved, so that a busy moment hits all alike."""
    times = [[] for _ in engines]
    for _ in range(runs):
        for row, engine in zip(times, engines, strict=True):
            start = time.process_time()
            engine.run(feeds)
            row.append((time.process_time() - start) * 1e3)
    return times


def main():
    from dms.inference.base import Options
    from dms.inference.definition import definitions
    from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
    from dms.inference.parity import noise
    from dms.inference.slots import find_engine

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    print(f"ONNX Runtime {metadata.version('onnxruntime')}, one thread; CPU ms a run: median (minimum)")
    for item in definitions():
        spec = find_engine(item.name)
        variants = {"plain": replace(spec, cpu_path=None)} | ({"cpu": spec} if spec.cpu_path else {})
        engines = [OnnxRuntimeBackend().load(variant, Options(warmup=10)) for variant in variants.values()]
        feeds = {tensor.name: noise(1, tensor.shape).astype(tensor.dtype) for tensor in spec.inputs}
        rows = measure(engines, feeds, runs)
        print(f"{item.name:15}", "  ".join(f"{n} {np.median(t):.2f} ({min(t):.2f})" for n, t in zip(variants, rows, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
