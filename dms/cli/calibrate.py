"""Calibration of one driver's gaze: a span of a log or video in which the driver looks into the lens gives a driver file.

dms calibrate gaze drive.mcap --start 0 --end 3 --name anna --out anna.yaml
"""

import argparse
from pathlib import Path

from dms.cli.inputs import add_engine_arguments, camera_of, open_engines
from dms.errors import InputError, UsageError

HELP = "a driver's gaze offset from a span in which he looks into the lens"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms calibrate``."""
    parser.add_argument("what", choices=("gaze",), help="what to calibrate")
    parser.add_argument("source", metavar="SOURCE", help="drive log, video or 'sample'")
    parser.add_argument("--start", type=float, default=0.0, help="begin of the span, s")
    parser.add_argument("--end", type=float, default=float("inf"), help="end of the span, s")
    parser.add_argument("--name", default="driver", help="name in the file")
    parser.add_argument("--camera", metavar="FILE", help="intrinsics as JSON (default: the log's own)")
    parser.add_argument("--out", metavar="FILE", help="driver file to write (default: print it)")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 3 when the span cannot be used."""
    import msgspec

    from dms.camera.log import LogFrames
    from dms.camera.open import open_source
    from dms.perception.pipeline import Perception
    from dms.runtime.calibrate_gaze import baseline, collect

    if args.end <= args.start:
        raise UsageError(f"--end {args.end:g} is not after --start {args.start:g}")
    with open_source(args.source) as source, open_engines(args, ("face_detector", "face_mesh")) as engines:
        header = source.log.header if isinstance(source, LogFrames) else None
        camera = camera_of(args.camera) or (header.camera if header else None)
        found = baseline(collect(Perception(engines, camera), source, args.start, args.end), args.name)
    text = msgspec.yaml.encode(found).decode()
    if args.out is None:
        print(text, end="")
        return 0
    try:
        Path(args.out).write_text(text)
    except OSError as error:
        raise InputError(f"{args.out}: {error.strerror}") from None
    print(f"{args.out}: gaze offset yaw {found.gaze_yaw_deg:+.1f}, pitch {found.gaze_pitch_deg:+.1f} degrees")
    return 0
