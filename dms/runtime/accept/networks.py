"""Parts 4 to 6: each network's plan and speed, its parity with the reference, and the cache of plans."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from dms.errors import BackendUnavailable, InputError
from dms.inference.base import Engine, Options, Tensors
from dms.inference.parity import noise
from dms.inference.quantities import measure
from dms.inference.tensorrt.plan_store import LAYERS, PLAN, Plan
from dms.inference.tensorrt.trial import shipped_definition
from dms.runtime import clock
from dms.runtime.accept.part import Measured
from dms.runtime.accept.rig import Rig, quiet
from dms.runtime.figures import percentiles

CACHE_SLOT = "eye_state"
"""The network the cache is proven with: small, so quickly built three times."""

OTHER_LEVEL = 2
"""Another optimization level than the configured one: another key."""


def speed(rig: Rig) -> Measured:
    """Part 4: built anew, loaded, run; host time from inputs to outputs."""
    models = {slot: _model(rig, slot) for slot in rig.slots}
    values = {
        "models": models,
        "fewest_runs": min(model["runs"] for model in models.values()),
        "sum_of_p50_ms": round(sum(model["warm_ms"]["p50"] for model in models.values()), 3),
        "largest_p99_ms": max(model["warm_ms"]["p99"] for model in models.values()),
    }
    missing = {
        "GPU time by events": "the CUDA layer has no event timing; host time holds copies and launch too",
        "layers on DLA": "DLA is not used",
    }
    untold = [slot for slot, model in models.items() if model["output_types_of_layers"] is None]
    if untold:
        missing["precision found"] = f"the inspector told no types of layers for {', '.join(untold)}"
    return Measured(values, missing)


def _model(rig: Rig, slot: str) -> dict[str, Any]:
    spec, begin = rig.spec(slot), clock.now()
    plan = rig.gpu.ensure(spec, rig.options, quiet, force=True).plan
    built = clock.now()
    with rig.gpu.load(spec, rig.options) as engine:
        loaded = clock.now()
        feeds = _feeds(engine)
        engine.run(feeds)
        first_ms = (clock.now() - loaded) * 1e3
        warm = _time(engine, feeds, rig.runs)
    modes = {label: _mode(rig, slot, {**rig.options.extra, **extra}) for label, extra in rig.gpu.modes(rig.options).items()}
    return {
        "onnx_sha256": spec.sha256,
        "plan_sha256": plan.sha256,
        "plan_bytes": plan.size,
        "precision_asked": spec.precision,
        "output_types_of_layers": _layer_types(plan),
        "build_s": round(built - begin, 3),
        "load_ms": round((loaded - built) * 1e3, 3),
        "first_run_ms": round(first_ms, 3),
        "runs": rig.runs,
        "warm_ms": warm,
        "p50_ms_by_mode": modes,
    }


def _mode(rig: Rig, slot: str, extra: dict[str, Any]) -> float:
    with rig.gpu.load(rig.spec(slot), replace(rig.options, extra=extra)) as engine:
        return _time(engine, _feeds(engine), max(2, rig.runs // 5))["p50"]


def _time(engine: Engine, feeds: Tensors, runs: int) -> dict[str, float]:
    times = []
    for _ in range(runs):
        begin = clock.now()
        engine.run(feeds)
        times.append((clock.now() - begin) * 1e3)
    return {**percentiles(times, (50, 90, 99)), "max": round(max(times), 3)}


def _feeds(engine: Engine) -> Tensors:
    return {
        t.name: noise(1, t.shape) if t.dtype == "uint8" else (noise(1, t.shape) / np.float32(255)).astype(t.dtype)
        for t in engine.spec.inputs
    }


def _layer_types(plan: Plan) -> dict[str, int] | None:
    """How many layers put out which type, as the inspector tells it; ``None``: it told nothing."""
    try:
        layers = json.loads((plan.folder / LAYERS).read_text(encoding="utf-8")).get("Layers", [])
        found = Counter(str(out["Format/Datatype"]) for layer in layers for out in layer.get("Outputs", ()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(found) or None


def parity(rig: Rig) -> Measured:
    """Part 5: stored inputs, stored answers, limits in units a person can judge."""
    told: dict[str, dict[str, Any]] = {}
    without: dict[str, str] = {}
    for slot in rig.slots:
        spec = rig.spec(slot)
        item = shipped_definition(spec)
        if item is None:
            without[slot] = "an integrator's own file: no stored vectors"
            continue
        rig.gpu.ensure(spec, rig.options, quiet)
        with rig.gpu.load(spec, rig.options) as engine:
            readings = measure(item, engine, spec.precision)
        told[slot] = {
            r.quantity.name: {"largest": _known(r.distance), "limit": r.limit, "unit": r.quantity.unit, "ok": r.ok}
            for r in readings
        }
    rows = [row for quantities in told.values() for row in quantities.values()]
    values = {"quantities": len(rows), "beyond_limit": sum(not row["ok"] for row in rows), "distances": told}
    return Measured(values, without)


def _known(distance: float) -> float | None:
    return round(float(distance), 6) if np.isfinite(distance) else None


def plan_cache(rig: Rig) -> Measured:
    """Part 6: used again, built anew for another key, refused and built again when damaged."""
    spec, options = rig.spec(CACHE_SLOT), rig.options
    rig.gpu.ensure(spec, options, quiet)
    begin = clock.now()
    again = rig.gpu.ensure(spec, options, quiet)
    second_ms = (clock.now() - begin) * 1e3
    level = OTHER_LEVEL if options.extra.get("optimization_level") != OTHER_LEVEL else OTHER_LEVEL - 1
    other = rig.gpu.ensure(spec, replace(options, extra={**options.extra, "optimization_level": level}), quiet)
    refused = _refuses_damage(rig, again.plan, options)
    rebuilt = rig.gpu.ensure(spec, options, quiet)
    return Measured(
        {
            "slot": CACHE_SLOT,
            "second_start_built": again.built,
            "second_start_ms": round(second_ms, 3),
            "changed_key_built": other.built and other.plan.key != again.plan.key,
            "corrupt_refused": refused,
            "corrupt_rebuilt": rebuilt.built,
        }
    )


def _refuses_damage(rig: Rig, plan: Plan, options: Options) -> bool:
    _damage(plan.folder / PLAN)
    try:
        rig.gpu.load(rig.spec(CACHE_SLOT), options).close()
    except BackendUnavailable:
        return True
    return False


def _damage(path: Path) -> None:
    """Turn one bit in the middle.

    Raises:
        InputError: an empty plan.
    """
    data = bytearray(path.read_bytes())
    if not data:
        raise InputError(f"{path}: an empty plan")
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
