"""``dms hil glances``: the glances of a run as in ISO 15007, and a task on a display held against the limits for such tasks."""

import argparse
import math
import sys
from typing import Any

from dms.cli.explain import seconds
from dms.errors import InputError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("file", metavar="STATES.jsonl", help="state records; - for stdin")
    parser.add_argument("--start", type=seconds, default=-math.inf, metavar="T", help="beginning of the task, s")
    parser.add_argument("--end", type=seconds, default=math.inf, metavar="T", help="its end, s")
    parser.add_argument(
        "--task", metavar="ZONE", help="the display that it was done on, e.g. infotainment: exit code 1 beyond a limit"
    )
    parser.add_argument("--vehicle", default="example_lhd", metavar="FILE", help="vehicle file, example_lhd or example_rhd")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit code 1: the task breaks a limit.

    Raises:
        UsageError: the vehicle has no such display.
        InputError: no state lies between the times, or the file cannot be used.
    """
    from dms.cli.assess import open_lines
    from dms.cli.inputs import cabin_of
    from dms.records.jsonl import read_states
    from hil.evaluation import glances

    cabin, area = cabin_of(args.vehicle), args.task
    assert cabin is not None
    zones = sorted({box.zone for box in cabin.zones})
    if area is not None and area not in zones:
        raise UsageError(f"--task: the vehicle file has no zone {area}; it has {', '.join(zones)}")
    with open_lines(args.file) as lines:
        found = glances.glances((state for _, state in read_states(lines)), args.start, args.end)
    if not found:
        raise InputError(f"{args.file}: no two states lie between the times")
    told: dict[str, Any] = {"schema": "dms.glances/1", **glances.statistics(found)}
    told["broken"] = glances.task(found, area, cabin) if area else []
    _show(told, found, args)
    return 1 if told["broken"] else 0


def _show(told: dict[str, Any], found: list[Any], args: argparse.Namespace) -> None:
    if args.json:
        import msgspec

        told["glances"] = [{"zone": g.zone, "start": round(g.start, 3), "seconds": round(g.seconds, 3)} for g in found]
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
        return
    print(f"{'area':<18}{'count':>6}{'mean s':>8}{'total s':>9}{'longest':>9}{'over 2 s':>10}")
    for zone, one in told["areas"].items():
        numbers = f"{one['count']:>6}{one['mean_s']:>8.2f}{one['total_s']:>9.2f}{one['longest_s']:>9.2f}{one['over_2_s']:>10.0%}"
        print(f"{zone:<18}{numbers}")
    share = "not known" if told["road_share"] is None else f"{told['road_share']:.0%}"
    known = f"off the road {told['eyes_off_road_s']:.2f} s, on it {share} of the time that is known"
    print(f"{known}; not known {told['unknown_s']:.2f} s")
    for text in told["broken"]:
        print(f"task on {args.task}: {text}")
