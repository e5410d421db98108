"""``dms engines ... --backend tensorrt``: plans for this GPU, built before they are needed."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dms.errors import UsageError

if TYPE_CHECKING:
    from dms.inference.base import EngineSpec, Options
    from dms.inference.quantities import Reading
    from dms.inference.tensorrt.housekeeping import Entry
    from dms.inference.tensorrt.plans import Outcome

Tell = Callable[[float, str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which plans."""
    parser.add_argument("--backend", default="onnxruntime", help="onnxruntime, or tensorrt for its plans")
    parser.add_argument(
        "--precision", default="fp32", help="tensorrt: fp32, fp16 or int8; engines without such a file are left out"
    )
    parser.add_argument("--slot", action="append", default=[], help="tensorrt: only this slot; may be given several times")
    parser.add_argument("--config", metavar="FILE", help="tensorrt: exactly the plans that this configuration of dms run needs")


def wanted(args: argparse.Namespace) -> bool:
    """Is it TensorRT that the command is about.

    Raises:
        UsageError: no such back end here, or options that need another one.
    """
    if args.backend not in ("onnxruntime", "tensorrt"):
        raise UsageError(f"--backend {args.backend}: dms engines knows onnxruntime and tensorrt")
    chosen = {"--slot": args.slot, "--config": args.config, "--precision": args.precision != "fp32"}
    if args.backend == "onnxruntime":
        for name, value in chosen.items():
            if value:
                raise UsageError(f"{name} belongs to --backend tensorrt")
    return bool(args.backend == "tensorrt")


def build(args: argparse.Namespace, tell: Tell) -> int:
    """Build what is missing or corrupt; exit code 0."""
    from dms.inference.tensorrt_backend import TensorRtBackend

    if args.wheel is not None:
        raise UsageError("--wheel belongs to the conversion; run it first, without --backend tensorrt")
    backend = TensorRtBackend()
    specs, options = _specs(args)
    backend.machine(options)  # whatever is missing is said before anything else
    outcomes = []
    for number, spec in enumerate(specs):

        def part(done: float, text: str, number: int = number, spec: "EngineSpec" = spec) -> None:
            tell((number + done) / len(specs), f"{spec.name} {spec.precision}: {text}")

        outcomes.append(backend.ensure(spec, options, part, args.force))
    if args.json:
        print(json.dumps({"schema": "dms.plans-build/1", "plans": [_outcome(one) for one in outcomes]}, indent=1))
        return 0
    for one in outcomes:
        print(_built_text(one))
    print(f"in {outcomes[0].plan.folder.parent}")
    return 0


def _outcome(one: "Outcome") -> dict[str, Any]:
    return {**_plan(one.plan), "built": one.built, "set_aside": one.corrupt or None}


def _plan(plan: Any) -> dict[str, Any]:
    return {
        "engine": plan.engine,
        "slot": plan.slot,
        "bytes": plan.size,
        "sha256": plan.sha256,
        "distances": dict(plan.distances),
        "key": asdict(plan.key),
        "folder": str(plan.folder),
    }


def _built_text(one: "Outcome") -> str:
    plan = one.plan
    text = f"{'built' if one.built else 'up to date:'} {plan.engine} {plan.key.precision}, {plan.size / 1e6:.1f} MB"
    if one.built:
        far = ", ".join(f"{name} {value:.2g}" for name, value in plan.distances.items())
        text += f", distance to the reference: {far}" if far else ", no stored reference to compare with"
    return text + (f"; the old one was corrupt and is set aside ({one.corrupt})" if one.corrupt else "")


def check(args: argparse.Namespace) -> int:
    """Run the stored vectors through every plan; exit code 1 when one is beyond its limits."""
    from dms.inference.quantities import measure
    from dms.inference.tensorrt.trial import shipped_definition
    from dms.inference.tensorrt_backend import TensorRtBackend

    backend = TensorRtBackend()
    specs, options = _specs(args)
    backend.machine(options)
    rows: list[tuple[EngineSpec, list[Reading]]] = []
    for spec in specs:
        with backend.load(spec, options) as engine:
            item = shipped_definition(spec)
            rows.append((spec, measure(item, engine, spec.precision) if item is not None else []))
    ok = all(reading.ok for _, readings in rows for reading in readings)
    _print_check(rows, ok, args.json)
    return 0 if ok else 1


def _print_check(rows: "list[tuple[EngineSpec, list[Reading]]]", ok: bool, as_json: bool) -> None:
    if as_json:
        data = [
            {"engine": spec.name, "precision": spec.precision, "quantity": r.quantity.name, "unit": r.quantity.unit,
             "distance": r.distance, "limit": r.limit, "ok": r.ok}
            for spec, readings in rows for r in readings
        ]  # fmt: skip
        print(json.dumps({"schema": "dms.plans-check/1", "ok": ok, "readings": data}, indent=1))
        return
    for spec, readings in rows:
        print(f"{spec.name} {spec.precision}{'' if readings else ': loads; no stored reference to compare with'}")
        for r in readings:
            verdict = "ok" if r.ok else "FAILED"
            print(f"  {r.quantity.name:20} {r.distance:9.2g} {r.quantity.unit:11} allowed {r.limit:7.2g}  {verdict}")
    print("all plans keep their limits" if ok else "a plan computes something else than its network")


def listing(args: argparse.Namespace) -> int:
    """Every plan in the cache, and whether this machine would load it; exit code 4 where that cannot be told."""
    from dms.inference.tensorrt.housekeeping import entries
    from dms.inference.tensorrt.plan_store import PlanStore

    store = PlanStore()
    machine = _machine()
    found, code = entries(store, machine), 4 if machine is None else 0
    if args.json:
        print(json.dumps({"schema": "dms.plans/1", "folder": str(store.folder), "plans": [_entry(e) for e in found]}, indent=1))
        return code
    for entry in found:
        print(_entry_text(entry))
    print(
        f"{len(found)} in {store.folder}"
        if found
        else f"no plans in {store.folder}; make them: dms engines build --backend tensorrt"
    )
    return code


def clean(args: argparse.Namespace) -> int:
    """Delete what this machine cannot load, or everything."""
    from dms.inference.tensorrt.housekeeping import clean as sweep
    from dms.inference.tensorrt.plan_store import PlanStore

    gone = sweep(PlanStore(), None if args.all else _machine(), args.all)
    if args.json:
        print(json.dumps({"schema": "dms.plans-clean/1", "removed": [_entry(entry) for entry in gone]}, indent=1))
        return 0
    for entry in gone:
        print(f"removed {_entry_text(entry)}")
    print(f"{sum(entry.size for entry in gone) / 1e6:.1f} MB freed" if gone else "nothing to remove")
    return 0


def _machine() -> Any:
    """This machine's key; ``None``, with a word why, where TensorRT or the GPU is missing."""
    from dms.errors import BackendUnavailable
    from dms.inference.base import Options
    from dms.inference.tensorrt_backend import TensorRtBackend

    try:
        return TensorRtBackend().machine(Options())
    except BackendUnavailable as error:
        print(f"dms: cannot tell which plans are of this machine: {error.reason}", file=sys.stderr)
        return None


def _entry(entry: "Entry") -> dict[str, Any]:
    facts = _plan(entry.plan) if entry.plan is not None else {"folder": str(entry.folder)}
    return {**facts, "state": entry.state, "size_bytes": entry.size}


def _entry_text(entry: "Entry") -> str:
    size = f"{entry.size / 1e6:.1f} MB"
    if entry.plan is None:
        return f"{entry.folder.name}  {entry.state}, {size}"
    key = entry.plan.key
    where = f"{key.gpu} SM {key.sm}, TensorRT {key.tensorrt}, CUDA {key.driver}"
    return f"{entry.plan.engine} {key.precision}  {entry.state}, {size}, {where}"


def _specs(args: argparse.Namespace) -> "tuple[list[EngineSpec], Options]":
    """The engines whose plans are meant, and how they will be loaded."""
    if args.config is not None:
        if args.slot or args.precision != "fp32":
            raise UsageError("--config says which slots and precisions; leave out --slot and --precision")
        return _of_config(args.config)
    from dms.inference.base import Options
    from dms.inference.definition import PRECISIONS, definition, definitions
    from dms.inference.slots import find_engine

    if args.precision not in PRECISIONS:
        raise UsageError(f"there is no precision {args.precision!r}; known: {', '.join(PRECISIONS)}")
    every = [item.slot for item in definitions() if args.precision in ("fp32", *(v.precision for v in item.variants))]
    slots = [definition(slot).slot for slot in args.slot] or every
    return [find_engine(slot, None, args.precision) for slot in slots], Options()


def _of_config(name: str) -> "tuple[list[EngineSpec], Options]":
    from dms.inference.slots import find_engine
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import read_config

    section = read_config(name).engines
    files, options = section.path_overrides(), section.load_options()
    return [find_engine(slot, files.get(slot), options.precision.get(slot, "fp32")) for slot in CHAIN_SLOTS], options
