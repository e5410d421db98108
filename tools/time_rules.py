"""How long the rules take for one picture: the whole assessment by profile, and the line of sight alone by its uncertainty.

    python -m tools.time_rules [--pictures 1200] [--json]

An attentive driver at 30 pictures a second who blinks, and looks at mirrors, cluster and display. Microseconds; the tenth
percentile says what an undisturbed run takes, the median what this machine took just now. One thread, no network runs.
"""

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dms.assessment import Assessor, load_cabin
from dms.assessment.geometry import vehicle_direction
from dms.assessment.zones import ZoneMap
from dms.profiles import available, load_profile
from dms.readiness import ready_for_takeover
from dms.records import Eye, Face, Gaze, Head, Image, Observation, VehicleState

FPS = 30
CABIN = load_cabin("example_lhd")
PLACES = ((0.0, 0.0), (29.0, 16.0), (0.0, -1.0), (4.0, -25.0), (2.0, 1.0), (33.0, -20.0))
"""Where the eyes are, yaw and pitch, a second each; every other time the road."""
EYES = (0.0, 0.0, 650.0)
SPREADS = (3.0, 8.0, 12.0)
"""Standard deviation of the gaze, degrees: calibrated well, calibrated, not calibrated."""


class Timing(NamedTuple):
    """Microseconds for one picture."""

    what: str
    std_deg: float
    tenth: float
    median: float


def picture(number: int, std_deg: float) -> Observation:
    """One observation of the drive."""
    t = number / FPS
    x, y, z = (float(v) for v in CABIN.camera.rotation().T @ vehicle_direction(*PLACES[int(t) % len(PLACES)]))
    shut = t % 4.0 < 0.15
    eye = Eye(visible=0.98, opening_mm=0.3 if shut else 9.0, openness=0.03 if shut else 0.95, closed=0.98 if shut else 0.01)
    return Observation(
        t=t, face=Face(present=True, confidence=0.97),
        head=Head(forward_camera=(0.0, -0.2, -0.9798), up_camera=(0.0, -0.9798, 0.2), position_camera_mm=EYES, std_deg=3.0),
        gaze=Gaze(direction_camera=(x, y, z), origin_camera_mm=EYES, std_deg=std_deg),
        eyes={"left": eye, "right": eye}, image=Image(mean=80.0, sharpness=100.0, blocked=0.0, frozen=False),
    )  # fmt: skip


def timed(what: str, std_deg: float, pictures: list[Observation], run: Callable[[Observation], object]) -> Timing:
    """Percentiles over the pictures, each run once, in order."""
    taken = []
    gc.disable()
    try:
        for one in pictures:
            start = time.perf_counter()
            run(one)
            taken.append(time.perf_counter() - start)
    finally:
        gc.enable()
    taken.sort()
    return Timing(what, std_deg, round(taken[len(taken) // 10] * 1e6, 1), round(taken[len(taken) // 2] * 1e6, 1))


def timings(count: int) -> Iterator[Timing]:
    """All lines of the table."""
    for std_deg in SPREADS:
        pictures = [picture(number, std_deg) for number in range(count)]
        yield timed("line of sight to zone", std_deg, pictures, _sight())
        for name in available():
            yield timed(name, std_deg, pictures, _whole(name))


def _sight() -> Callable[[Observation], object]:
    zones = ZoneMap(CABIN, load_profile("l3_default").rules.gaze, ["road"])
    return lambda one: zones.look(one.gaze, one.head)


def _whole(name: str) -> Callable[[Observation], object]:
    profile = load_profile(name)
    assessor = Assessor(profile, CABIN)

    def step(one: Observation) -> object:
        assessor.take_inputs(VehicleState(t=one.t, speed_kmh=90.0, l3_state="active", seat=True, belt=True, hands_on=False))
        state = assessor.step(one)
        assert state is not None
        return ready_for_takeover(state, profile)

    return step


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m tools.time_rules", description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=picture_count, default=1200, help="pictures of each run (default: %(default)d)")
    parser.add_argument("--json", action="store_true", help="one object a line, for machines")
    args = parser.parse_args(arguments)
    if not args.json:
        print(f"{'assessment and readiness':<26}{'gaze std (deg)':>16}{'10 % (us)':>12}{'median (us)':>13}")
    for one in timings(args.pictures):
        if args.json:
            print(json.dumps(one._asdict()))
        else:
            print(f"{one.what:<26}{one.std_deg:>16g}{one.tenth:>12.1f}{one.median:>13.1f}")
    return 0


def picture_count(word: str) -> int:
    count = int(word)
    if not 10 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{word} is not between 10 and 1000000")
    return count


if __name__ == "__main__":
    sys.exit(main())
