"""Calibration of one driver's gaze: spans of a log in which the driver looks at known points give a driver file.

dms calibrate gaze drive.mcap --start 0 --end 3 --name anna --out anna.yaml
dms calibrate gaze drive.mcap --point lens:0-3 --point rear_mirror:4-6 --point vehicle=2250,320,870:7-9 --out anna.yaml
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dms.cli.inputs import add_engine_arguments, cabin_of, camera_of, open_engines
from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from dms.records.cabin import Cabin
    from dms.runtime.fit_gaze import Readings
    from dms.runtime.gaze_targets import Target

HELP = "a driver's gaze offset from spans in which he looks into the lens or at other known points"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms calibrate``."""
    parser.add_argument("what", choices=("gaze",), help="what to calibrate")
    parser.add_argument("source", metavar="SOURCE", help="drive log, video, 'sample', or observation records (.jsonl)")
    parser.add_argument("--start", type=float, metavar="T", help="begin of the span in which he looks into the lens, s")
    parser.add_argument("--end", type=float, metavar="T", help="end of that span, s")
    parser.add_argument(
        "--point",
        action="append",
        default=[],
        metavar="NAME:FROM-TO",
        help="looked at NAME for these seconds: lens, ahead, a zone of the vehicle file, vehicle=X,Y,Z or camera=X,Y,Z in mm; "
        "may be repeated: one to three points give an offset, four well-spread ones a gain too",
    )
    parser.add_argument("--targets", metavar="FILE", help="the same points as a YAML file")
    parser.add_argument("--vehicle", metavar="FILE", help="vehicle file that points are looked up in (default: the log's own)")
    parser.add_argument("--name", default="driver", help="name in the file")
    parser.add_argument("--camera", metavar="FILE", help="intrinsics as JSON (default: the log's own)")
    parser.add_argument("--out", metavar="FILE", help="driver file to write (default: print it)")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, 2 for points that cannot be meant, or 3 when the spans cannot be used."""
    import msgspec

    from dms.runtime.calibrate_gaze import driver_file, report
    from dms.runtime.fit_gaze import fit_gaze

    targets = _targets(args)
    readings = _from_records(args, targets) if args.source.endswith(".jsonl") else _from_pictures(args, targets)
    fit = fit_gaze(readings)
    text = msgspec.yaml.encode(driver_file(fit, readings, args.name)).decode()
    if args.out is None:
        print(text, end="")
        print(report(fit), file=sys.stderr)
        return 0
    try:
        Path(args.out).write_text(text)
    except OSError as error:
        raise InputError(f"{args.out}: {error.strerror}") from None
    print(f"{args.out}: {report(fit)}")
    return 0


def _targets(args: argparse.Namespace) -> "list[Target]":
    from dms.runtime.gaze_targets import LENS, Target, decode_targets, parse_point

    targets = [parse_point(text) for text in args.point]
    if args.targets is not None:
        try:
            targets += decode_targets(Path(args.targets).read_bytes(), args.targets)
        except OSError as error:
            raise InputError(f"{args.targets}: {error.strerror}") from None
        if not targets:
            raise InputError(f"{args.targets} holds no target")
    if targets:
        if args.start is not None or args.end is not None:
            raise UsageError("--start and --end are the span of a look into the lens; with points write --point lens:FROM-TO")
        return targets
    start, end = args.start or 0.0, float("inf") if args.end is None else args.end
    if not end > start:
        raise UsageError(f"--end {end:g} is not after --start {start:g}")
    return [Target(at=LENS, start=start, end=end)]


def _from_pictures(args: argparse.Namespace, targets: "list[Target]") -> "list[Readings]":
    from dms.camera.log import LogFrames
    from dms.camera.open import open_source
    from dms.perception.pipeline import FACE_SLOTS, Perception
    from dms.runtime.calibrate_gaze import collect_at, look

    with open_source(args.source) as source:
        header = source.log.header if isinstance(source, LogFrames) else None
        cabin = _cabin(args, targets, header.vehicle if header else "")
        camera = camera_of(args.camera) or (header.camera if header else None)
        with open_engines(args, FACE_SLOTS) as engines:
            return collect_at(look(Perception(engines, camera), source, targets), targets, cabin)


def _from_records(args: argparse.Namespace, targets: "list[Target]") -> "list[Readings]":
    from dms.cli.assess import open_lines
    from dms.records import Observation
    from dms.records.jsonl import read_input
    from dms.runtime.calibrate_gaze import collect_at

    cabin = _cabin(args, targets, "")
    with open_lines(args.source) as lines:
        return collect_at((r for _, r in read_input(lines) if isinstance(r, Observation)), targets, cabin)


def _cabin(args: argparse.Namespace, targets: "list[Target]", logged: str) -> "Cabin | None":
    from dms.runtime.gaze_targets import check_targets

    needed = any(target.in_vehicle for target in targets)
    cabin = cabin_of(args.vehicle or (logged if needed and logged else None))
    check_targets(targets, cabin)
    return cabin
