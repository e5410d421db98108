"""``dms engines``: which networks there are, set them up, check them; with ``--backend tensorrt`` their plans."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dms.cli import engine_plans

if TYPE_CHECKING:
    from dms.inference.check import Verdict
    from dms.inference.definition import Definition, Variant

HELP = "list, build and check the engines (networks)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms engines``."""
    commands = parser.add_subparsers(dest="engines_command", required=True, metavar="{list,build,check,clean}")
    listing = commands.add_parser("list", help="name, slot, provenance, licence, hash, inputs and outputs of each engine")
    build = commands.add_parser("build", help="fetch the published networks, convert and check them, once")
    build.add_argument("--wheel", type=Path, metavar="FILE", help="use this wheel file instead of fetching it")
    build.add_argument("--force", action="store_true", help="build again even if up to date")
    check = commands.add_parser("check", help="every file: hash, stored reference outputs, operators TensorRT takes")
    clean = commands.add_parser("clean", help="delete TensorRT plans this machine cannot load")
    clean.add_argument("--all", action="store_true", help="delete every plan")
    for command in (listing, build, check):
        engine_plans.add_arguments(command)
    for command in (listing, build, check, clean):
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command; the exit code."""
    commands: dict[str, Callable[[argparse.Namespace], int]]
    commands = {"list": _list, "build": _build, "check": _check, "clean": engine_plans.clean}
    if args.engines_command != "clean" and engine_plans.wanted(args):
        commands |= {"list": engine_plans.listing, "build": _build_plans, "check": engine_plans.check}
    return commands[args.engines_command](args)


def _build_plans(args: argparse.Namespace) -> int:
    with _progress() as tell:
        return engine_plans.build(args, tell)


def _list(args: argparse.Namespace) -> int:
    from dms.inference.definition import definitions

    rows = [_row(item) for item in definitions()]
    if args.json:
        print(json.dumps({"schema": "dms.engines/1", "engines": rows}, indent=1))
        return 0
    for row in rows:
        state = row["state"] if row["state"] != "built" else f"built, {row['size_bytes'] / 1e6:.1f} MB"
        print(f"{row['name']}  [{row['slot']}]  {state}\n  {row['title']}\n  licence  {row['licence']}")
        print(f"  from     {row['provenance']}\n  sha256   {row['sha256'] or '-'}")
        print(f"  in       {', '.join(row['inputs'])}\n  out      {', '.join(row['outputs'])}")
        for variant in row["variants"]:
            state = variant["state"] if variant["state"] != "built" else f"{variant['size_bytes'] / 1e6:.1f} MB"
            figures = [f"{name} {value['here']:.4g} (fp32 {value['fp32']:.4g})" for name, value in variant["figures"].items()]
            print(f"  {variant['precision']:8} {state}, {', '.join(figures) or _losses(variant)}")
    return 0


def _row(item: "Definition") -> dict[str, Any]:
    """One engine for people and machines; ``sha256`` is of the ONNX file, ``source_sha256`` of the network it is made from."""
    return {
        "name": item.name,
        "slot": item.slot,
        "title": item.title,
        "licence": item.licence,
        "provenance": item.provenance,
        "source_sha256": item.source.sha256 if item.source else None,
        "inputs": [str(tensor) for tensor in item.inputs],
        "outputs": [str(tensor) for tensor in item.outputs],
        **_file(item, "fp32"),
        "variants": [_variant(item, variant) for variant in item.variants],
    }


def _variant(item: "Definition", variant: "Variant") -> dict[str, Any]:
    loss = {name: asdict(value) for name, value in variant.loss.items()}
    figures = {name: asdict(value) for name, value in variant.figures.items()}
    found = {"precision": variant.precision, "samples": variant.samples, "loss": loss, "figures": figures}
    return found | _file(item, variant.precision)


def _losses(variant: dict[str, Any]) -> str:
    return "mean distance to fp32: " + ", ".join(f"{name} {loss['mean']:.2g}" for name, loss in variant["loss"].items())


def _file(item: "Definition", precision: str) -> dict[str, Any]:
    """State, hash, size and path of one of the engine's files."""
    from dms.errors import BackendUnavailable, DmsError
    from dms.inference.slots import locate

    state, digest, size, path = "built", "", 0, ""
    try:
        spec = locate(item, precision)
        assert spec.path is not None
        digest, size, path = spec.sha256, spec.path.stat().st_size, str(spec.path)
    except BackendUnavailable:
        state = "not built"
    except DmsError as error:
        state = f"damaged: {error}"
    return {"sha256": digest or None, "state": state, "size_bytes": size or None, "path": path or None}


def _build(args: argparse.Namespace) -> int:
    from dms.errors import InputError
    from dms.inference.build import build

    if args.wheel is not None and not args.wheel.is_file():
        raise InputError(f"{args.wheel}: no such wheel file")
    with _progress() as tell:
        report = build(args.wheel, args.force, tell)
    if args.json:
        worst = {name: report.worst[name] for name in report.built}
        data = {"schema": "dms.engines-build/1", "built": worst, "up_to_date": list(report.current), "folder": str(report.folder)}
        print(json.dumps(data, indent=1))
        return 0
    for name in report.built:
        print(f"built {name}: largest distance to the reference {report.worst[name]:.2g}")
    if not report.built:
        print(f"up to date: {', '.join(report.current)}")
    print(f"in {report.folder}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from dms.inference.check import check
    from dms.inference.definition import definitions
    from dms.inference.onnxruntime_backend import OnnxRuntimeBackend

    results = {item.name: check(item, OnnxRuntimeBackend()) for item in definitions()}
    ok = bool(results) and all(found.ok for found in results.values())
    _print_check(results, ok, args.json)
    return 0 if ok else 1


def _print_check(results: "dict[str, Verdict]", ok: bool, as_json: bool) -> None:
    if as_json:
        rows = {name: [asdict(row) | {"ok": row.ok} for row in found.differences] for name, found in results.items()}
        against = {name: list(found.violations) for name, found in results.items() if found.violations}
        print(json.dumps({"schema": "dms.engines-check/1", "ok": ok, "engines": rows, "violations": against}, indent=1))
        return
    for name, found in results.items():
        print(name)
        for row in found.differences:
            label = f"{row.precision} {row.output}"
            print(f"  {label:17} {row.worst:9.2g}  allowed {row.limit:7.2g}  {'ok' if row.ok else 'FAILED'}")
        for line in found.violations:
            print(f"  FAILED {line}")
    print(
        "all engines reproduce the reference" if ok else "an engine does not reproduce the reference, or TensorRT would refuse it"
    )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[float, str], None]]:
    """A bar on a terminal where ``rich`` is installed, else a line whenever the work changes."""
    if sys.stderr.isatty():
        with contextlib.suppress(ImportError):
            from rich.console import Console
            from rich.progress import Progress

            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("engines", total=1.0)
                yield lambda done, text: bar.update(task, completed=done, description=text)
            return
    last = ""

    def line(done: float, text: str) -> None:
        nonlocal last
        if text != last:
            last = text
            print(f"[{done:4.0%}] {text}", file=sys.stderr, flush=True)

    yield line
