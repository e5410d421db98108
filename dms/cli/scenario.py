"""Scripted synthetic drivers: what there is, and rendering them to pictures, labels, drive logs, videos and training sets.

dms scenario list
dms scenario show NAME
dms scenario schema [scenario|truth]
dms scenario render NAME --out drive.mcap --labels       a drive log with CAN, vehicle records and labels
dms scenario render NAME --out drive.mp4                 a video
dms scenario render NAME --out perfect.jsonl             what a perfect perception would say, for dms assess
dms scenario render NAME --out folder --labels           PNG pictures, camera.json, labels.jsonl
dms scenario render NAME --out set --crop eyes --count 10000 --workers 2     a training set (goes on where it was broken off)
dms scenario preview NAME --out sheet.png --truth        a contact sheet; .mp4 gives a film with captions
NAME is a shipped scenario or a YAML file.
"""

import argparse
import re
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from hil.driver.truth.jobs import Order
    from hil.driver.truth.training_store import Manifest

HELP = "scripted synthetic drivers to pictures, labels, drive logs, training sets"
CROPS = ("full", "face", "eyes", "hand")
_SIDE = range(64, 4097)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Sub-commands of ``dms scenario``."""
    kinds = parser.add_subparsers(dest="what", required=True, metavar="list|show|schema|render|preview")
    listing = kinds.add_parser("list", help="the shipped scenarios")
    show = kinds.add_parser("show", help="what happens in one")
    schema = kinds.add_parser("schema", help="JSON schema of a scenario file or of a label")
    schema.add_argument("of", nargs="?", choices=("scenario", "truth"), default="scenario")
    render = kinds.add_parser("render", help="to pictures, labels, a log, a video, a training set")
    render.add_argument("--crop", choices=CROPS, help="a training set of cut-outs of this kind in the folder --out")
    render.add_argument("--labels", action="store_true", help="write the labels, too (a training set always has them)")
    render.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes, for training sets (default 1)")
    preview = kinds.add_parser("preview", help="a contact sheet or a film with captions")
    preview.add_argument("--columns", type=_positive, default=6, metavar="N", help="pictures a row (default 6)")
    preview.add_argument("--truth", action="store_true", help="draw landmarks, pupils and gaze in")
    for sub in (show, render, preview):
        sub.add_argument("name", metavar="NAME", help="shipped scenario or YAML file")
    for sub in (render, preview):
        sub.add_argument("--out", required=True, metavar="PATH", help="folder, .mcap, .mp4 or .jsonl; for preview .png or .mp4")
        sub.add_argument("--count", type=_positive, metavar="N", help="so many pictures at most (cut-outs, with --crop)")
        sub.add_argument("--fps", type=_rate, metavar="N", help="pictures a second (default: the scenario's)")
        sub.add_argument("--size", type=_size, metavar="WxH", help="picture size (default: the scenario's)")
        sub.add_argument("--seed", type=_seed, metavar="N", help="of driver and chance (default: the scenario's)")
    for sub in (listing, show, render, preview):
        sub.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 2 wrong usage, 3 unreadable scenario or unwritable output, 4 no renderer."""
    return {"list": _list, "show": _show, "schema": _schema, "render": _render, "preview": _preview}[args.what](args)


def _list(args: argparse.Namespace) -> int:
    from hil.driver.behaviour.scenario import load_scenario, shipped

    found = [load_scenario(name) for name in shipped()]
    if args.json:
        _print({"scenarios": [{"name": s.name, "duration_s": s.duration_s, "fps": s.fps, "about": s.about} for s in found]})
        return 0
    width = max((len(s.name) for s in found), default=0)
    for s in found:
        print(f"{s.name:<{width}}  {s.duration_s:6.0f} s  {_sentence(s.about)}")
    return 0


def _show(args: argparse.Namespace) -> int:
    import msgspec

    from hil.driver.behaviour.scenario import load_scenario

    scenario = load_scenario(args.name)
    plain = msgspec.to_builtins(scenario)
    if args.json:
        _print(plain)
        return 0
    print(f"{scenario.name}: {' '.join(scenario.about.split())}")
    width, height = scenario.camera.size
    picture = f"{width}x{height}, camera {scenario.camera.place}, {scenario.vehicle}"
    print(f"{scenario.duration_s:g} s at {scenario.fps:g} pictures/s, {picture}")
    for part in sorted(plain["parts"], key=lambda p: p["at"]):
        words = [f"{k}={v}" for k, v in part.items() if k not in ("at", "do", "for") and v not in (None, "", {}, [])]
        length = f"{part['for']:6.1f} s" if part.get("for") else " " * 8
        print(f"{part['at']:8.1f} s {length}  {part.get('do', '')}  {' '.join(words)}".rstrip())
    return 0


def _schema(args: argparse.Namespace) -> int:
    import msgspec

    if args.of == "truth":
        from hil.driver.truth.labels import Truth

        found: Mapping[str, Any] = msgspec.json.schema(Truth)
    else:
        from hil.driver.behaviour.scenario import schema

        found = schema()
    print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    return 0


def _render(args: argparse.Namespace) -> int:
    from hil.driver.truth import jobs

    out = Path(args.out)
    if args.crop is None and args.workers > 1:
        raise UsageError("--workers is for training sets; add --crop full, face, eyes or hand")
    if args.crop is not None and out.suffix:
        raise UsageError(f"--crop makes a training set in a folder; --out {out} is none")
    job = {".mcap": jobs.render_log, ".mp4": jobs.render_video, ".jsonl": jobs.render_records, "": jobs.render_pictures}
    if out.suffix not in job:
        raise UsageError(f"--out {out}: give a folder, or a file that ends in .mcap, .mp4 or .jsonl")
    if out.suffix == ".jsonl" and args.labels:
        raise UsageError("--labels goes with pictures; a .jsonl file holds observation and vehicle records only")
    order = _order(args, even=out.suffix == ".mp4")
    if args.crop is None:
        count = job[out.suffix](order, out, args.labels)
        return _done(args, {"pictures": count}, f"{count} pictures")
    manifest = jobs.render_set(order, out, args.crop, args.workers, _progress)
    splits = {name: sum(s.splits[name] for s in manifest.shards) for name in manifest.words["split"]}
    words = f"{manifest.rows} cut-outs in {len(manifest.shards)} shards ({', '.join(f'{v} {k}' for k, v in splits.items())})"
    return _done(args, {"cutouts": manifest.rows, "shards": len(manifest.shards), "splits": splits}, words)


def _preview(args: argparse.Namespace) -> int:
    from hil.driver.truth import jobs

    out = Path(args.out)
    if out.suffix not in (".png", ".mp4"):
        raise UsageError(f"--out {out}: give a file that ends in .png or .mp4")
    order = _order(args, even=out.suffix == ".mp4")
    if out.suffix == ".png":
        count = jobs.preview_sheet(order, out, args.columns, args.truth)
    else:
        count = jobs.preview_video(order, out, args.truth)
    return _done(args, {"pictures": count}, f"{count} pictures")


def _order(args: argparse.Namespace, even: bool) -> "Order":
    """The scenario with what the options change; last, that there is a renderer.

    Raises:
        DmsError: unreadable scenario, odd size, no renderer.
    """
    import msgspec

    from dms.runtime.graphics import probe_renderer
    from hil.driver.behaviour.scenario import load_scenario
    from hil.driver.truth import jobs

    scenario = load_scenario(args.name)
    if args.fps is not None:
        scenario = msgspec.structs.replace(scenario, fps=args.fps)
    width, height = args.size or scenario.camera.size
    if even and (width % 2 or height % 2):
        raise UsageError(f"a video needs even sides, the picture is {width}x{height}; give another --size")
    out = Path(args.out)
    if out.suffix and not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: cannot be written: there is no folder {out.parent}")
    probe_renderer()
    opener = jobs.open_studio
    if scenario.shots is not None:
        opener = partial(jobs.open_shots, region=getattr(args, "crop", None) or "full")
    return jobs.Order(scenario, opener, args.size, args.seed, args.count)


def _done(args: argparse.Namespace, figures: Mapping[str, Any], words: str) -> int:
    if args.json:
        _print({"scenario": args.name, "out": args.out, **figures})
    else:
        print(f"{args.out}: {words} of the synthetic driver")
    return 0


def _progress(manifest: "Manifest") -> None:
    if sys.stderr.isatty():
        print(f"{manifest.rows} of {manifest.plan.count}", file=sys.stderr)


def _print(value: Mapping[str, Any]) -> None:
    import msgspec

    print(msgspec.json.encode(value).decode())


def _sentence(text: str) -> str:
    """The first sentence, on one line."""
    return re.split(r"(?<=\.)\s", " ".join(text.split()))[0]


def _positive(text: str) -> int:
    return _whole(text, 1)


def _seed(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not re.fullmatch(r"\d{1,15}", text) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from {least} on")
    return int(text)


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1.0 <= value <= 240.0:
        raise argparse.ArgumentTypeError(f"{text} is not a number of 1 to 240")
    return value


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if not found or int(found[1]) not in _SIDE or int(found[2]) not in _SIDE:
        raise argparse.ArgumentTypeError(f"{text} is not WxH with sides of 64 to 4096, e.g. 640x400")
    return int(found[1]), int(found[2])
