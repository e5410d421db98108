"""Acceptance on a Jetson: eleven parts, one record, one verdict.

    dms jetson-accept --config run.yaml --out accepted        on the device; ten minutes and the time to build the plans
    dms jetson-accept --dry-run --out tried                   anywhere: tries the program itself on fakes, proves nothing else
    dms jetson-accept --verify accepted/record.json           is the record as it was written

Exit code 0 when every part was run and passed (dry run: every part that was asked for), 1 when one failed or was left out, 4
where there is no Jetson or no TensorRT.
"""

import argparse
import sys
from pathlib import Path

from dms.errors import UsageError

HELP = "acceptance on a Jetson: eleven parts in one record with a hash"
MINUTES, DRY_MINUTES = 10.0, 0.03
COUNT = 11


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms jetson-accept``."""
    parser.add_argument("--config", metavar="FILE", help="the run configuration to accept (as for dms run)")
    parser.add_argument("--out", metavar="DIR", default="accept", help="folder for record.json and summary.txt (default: accept)")
    parser.add_argument("--part", type=int, action="append", metavar="N", help=f"only this part, 1 to {COUNT}; may be repeated")
    parser.add_argument("--minutes", type=float, help=f"length of the soak, part 7 (default: {MINUTES:g})")
    parser.add_argument("--dry-run", action="store_true", help="on fakes: tests this program, never a device")
    parser.add_argument("--verify", metavar="RECORD", help="check a record's hash and say what it states")


def run(args: argparse.Namespace) -> int:
    """Exit code: see above."""
    if args.verify is not None:
        return _verify(Path(args.verify))
    chosen = _parts(args.part)
    if args.minutes is not None and not 0.0 < args.minutes <= 1440.0:
        raise UsageError("--minutes must be more than 0 and at most 1440")
    if args.dry_run:
        if args.config is not None:
            raise UsageError("--dry-run uses a made-up configuration of its own; leave --config out")
        return _dry(args, chosen)
    return _real(args, chosen)


def _parts(asked: list[int] | None) -> set[int]:
    every = set(range(1, COUNT + 1))
    if wrong := set(asked or ()) - every:
        raise UsageError(f"there is no part {min(wrong)}; parts are 1 to {COUNT}")
    return set(asked or every)


def _dry(args: argparse.Namespace, chosen: set[int]) -> int:
    import tempfile

    from dms.runtime.accept.record import text, write
    from dms.runtime.accept.run import accept, dry_rig, own_folder

    with own_folder(Path(args.out)) as folder, tempfile.TemporaryDirectory(prefix="dms-accept-") as scratch:
        record = accept(dry_rig(Path(scratch), args.minutes or DRY_MINUTES), "made up", chosen, _tell)
        write(record, folder)
    print(text(record))
    return 1 if any(p.status != "pass" for p in record.content.parts if p.number in chosen) else 0


def _real(args: argparse.Namespace, chosen: set[int]) -> int:
    from dms.runtime.accept.record import text, write
    from dms.runtime.accept.run import accept, own_folder, real_rig, require_device
    from dms.runtime.config import load_parts, read_config

    require_device()
    if args.config is None:
        raise UsageError("dms jetson-accept needs --config FILE; 'dms run --example' prints one to start from")
    parts = load_parts(read_config(args.config))
    with own_folder(Path(args.out)) as folder:
        record = accept(real_rig(parts, folder, args.minutes or MINUTES), args.config, chosen, _tell)
        write(record, folder)
    print(text(record))
    return 0 if record.content.accepted else 1


def _verify(path: Path) -> int:
    """Exit code 0 when the record is whole, whatever its verdict."""
    from dms.runtime.accept.record import verify

    record = verify(path)
    content = record.content
    print(f"{path}: whole, SHA-256 {record.sha256}; {content.time}, dms {content.dms}")
    print(f"it states: {content.verdict}")
    return 0


def _tell(line: str) -> None:
    print(f"dms: {line}", file=sys.stderr)
