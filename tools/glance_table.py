"""Twelve patterns of looking away and back under four rules: when does each first warn?

    python -m tools.glance_table [--fps 20] [--seconds 120] [--json]

The eyes are on the display, then on the road, and so on. Each pattern goes through the whole assessment: one long glance, glances
that add up and AttenD's buffer with the profile ``l3_default``, openpilot's levels with ``openpilot_ref``. ``-``: not within
``--seconds``.
"""

import argparse
import json
import sys
from typing import NamedTuple

from dms.assessment import Assessor, load_cabin
from dms.profiles import load_profile
from dms.records import DriverState, Observation, VehicleState

PATTERNS = (
    (3.5, 4.0), (2.9, 1.0), (2.5, 2.5), (2.0, 2.0), (2.0, 1.9), (2.0, 1.0),
    (1.5, 1.0), (1.5, 0.5), (1.0, 1.0), (1.0, 0.5), (1.0, 0.3), (0.8, 1.2),
)  # fmt: skip
"""Seconds off the road, then on it."""
_TINY = 1e-9


class Row(NamedTuple):
    """Seconds until the first warning of each rule; ``None``: none. ``openpilot``: levels 1 to 3."""

    off_s: float
    on_s: float
    long_glance: float | None
    added_up: float | None
    buffer_empty: float | None
    openpilot: tuple[float | None, float | None, float | None]


def drive(profile: str, off_s: float, on_s: float, fps: float, seconds: float) -> list[DriverState]:
    """States of one pattern."""
    assessor, states = Assessor(load_profile(profile), load_cabin("example_lhd")), []
    for number in range(round(seconds * fps) + 1):
        t = number / fps
        away = (t + _TINY) % (off_s + on_s) < off_s - _TINY
        assessor.take_inputs(VehicleState(t=t, speed_kmh=90.0, l3_state="active", seat=True, belt=True, hands_on=False))
        state = assessor.step(Observation(t=t, zone="infotainment" if away else "road"))
        assert state is not None
        states.append(state)
    return states


def row(off_s: float, on_s: float, fps: float = 20.0, seconds: float = 120.0) -> Row:
    """One line of the table."""
    ours = drive("l3_default", off_s, on_s, fps, seconds)
    theirs = drive("openpilot_ref", off_s, on_s, fps, seconds)
    long_glance = next((s.t for s in ours if s.warning == "long_distraction"), None)
    added_up = next((s.t for s in ours if s.warning == "short_distraction"), None)
    empty = next((s.t for s in ours if s.attention.buffer_s == 0.0), None)
    one, two, three = (next((s.t for s in theirs if s.warning_stage >= level), None) for level in (1, 2, 3))
    return Row(off_s, on_s, long_glance, added_up, empty, (one, two, three))


def text(rows: list[Row]) -> str:
    """The table for people."""
    lines = [f"{'off / on road (s)':<19}{'long glance':>12}{'10 s in 30 s':>14}{'AttenD empty':>14}   openpilot level 1 / 2 / 3"]
    for one in rows:
        levels = " / ".join(_shown(t) for t in one.openpilot)
        pattern = f"{one.off_s:g} / {one.on_s:g}"
        times = f"{_shown(one.long_glance):>12}{_shown(one.added_up):>14}{_shown(one.buffer_empty):>14}"
        lines.append(f"{pattern:<19}{times}   {levels}")
    return "\n".join(lines)


def _shown(t: float | None) -> str:
    return "-" if t is None else f"{t:.2f}"


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m tools.glance_table", description=__doc__.splitlines()[0])
    parser.add_argument("--fps", type=positive_number, default=20.0, help="pictures a second (default: %(default)g)")
    parser.add_argument("--seconds", type=positive_number, default=120.0, help="length of each drive (default: %(default)g)")
    parser.add_argument("--json", action="store_true", help="one object a line, for machines")
    args = parser.parse_args(arguments)
    rows = (row(off_s, on_s, args.fps, args.seconds) for off_s, on_s in PATTERNS)
    if args.json:
        for one in rows:
            print(json.dumps(one._asdict()))
    else:
        print(text(list(rows)))
    return 0


def positive_number(word: str) -> float:
    value = float(word)
    if not 0.0 < value <= 3600.0:
        raise argparse.ArgumentTypeError(f"{word} is not between 0 and 3600")
    return value


if __name__ == "__main__":
    sys.exit(main())
