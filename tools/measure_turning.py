"""A rendered driver looks over the shoulder and back: is the head still there where the mesh is lost, and is what is said true.

    python tools/measure_turning.py [--seeds 5,11,17] [--degrees 85] [--single]

One line for each driver and side, then all frames turned beyond 55 degrees together. Synthetic; needs OpenGL (EGL), no display.
"""

import argparse
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.training.answer import answered, needs

needs("cv2", "onnxruntime", extra="cpu")

from dms.inference.engine_set import EngineSet  # noqa: E402
from dms.perception.pipeline import FACE_SLOTS, Perception  # noqa: E402
from dms.records import Frame  # noqa: E402
from dms.records.angles import yaw_pitch_deg  # noqa: E402
from dms.records.cabin import Camera  # noqa: E402

FPS = 12.0
START_S, TURN_S, HOLD_S, END_S = 0.4, 0.6, 0.7, 2.6
BEYOND_DEG = 55.0


@dataclass(frozen=True, slots=True)
class Step:
    """One frame: true yaw, and what was said (``None``: no head); ``mesh``: a face mesh was there."""

    true_deg: float
    said_deg: float | None
    std_deg: float | None
    mesh: bool


def film(far_deg: float, seed: int) -> Iterator[tuple[Frame, float, Camera]]:
    """Frames, true yaw about the camera, intrinsics. Positive to the driver's right."""
    import msgspec

    from hil.driver.behaviour.scenario import load_scenario
    from hil.driver.pose import Moment
    from hil.driver.studio import Studio

    with Studio(msgspec.structs.replace(load_scenario("attentive"), fps=FPS), seed=seed) as studio:
        told = studio.director.step

        def turned(t: float, heard: object = None) -> Moment:
            moment = told(t, None)
            return replace(moment, pose=replace(moment.pose, yaw_deg=far_deg * _share(t), pitch_deg=0.0, roll_deg=0.0))

        studio.director.step = turned  # type: ignore[method-assign]
        for frame, truth in studio.frames(END_S):
            assert truth.head is not None
            yield frame, yaw_pitch_deg(np.array(truth.head.forward_camera))[0], studio.camera


def _share(t: float) -> float:
    """Of the whole turn, at ``t`` seconds: there, held, back."""
    back = START_S + TURN_S + HOLD_S
    return max(0.0, min(1.0, (t - START_S) / TURN_S, 1.0 - (t - back) / TURN_S))


def watch(engines: EngineSet, shown: Iterable[tuple[Frame, float, Camera]], single: bool = False) -> list[Step]:
    """A ``film`` through the chain; ``single``: each frame as a picture of its own."""
    steps: list[Step] = []
    chain: Perception | None = None
    for frame, true, camera in shown:
        chain = chain or Perception(engines, camera)
        sight = chain.see(frame, independent=single)
        head = sight.observation.head
        steps.append(Step(true, head.yaw_deg if head else None, head.std_deg if head else None, sight.mesh is not None))
    return steps


def line(name: str, steps: list[Step]) -> str:
    """Share of the turned frames with a head, side right, error, error within twice the stated spread."""
    there = [s for s in steps if abs(s.true_deg) >= BEYOND_DEG]
    said = [s for s in there if s.said_deg is not None]
    errors = [abs((s.said_deg or 0.0) - s.true_deg) for s in said]
    honest = [e <= 2 * (s.std_deg or 0.0) for e, s in zip(errors, said, strict=True)]
    right = [(s.said_deg or 0.0) * s.true_deg > 0 for s in said]
    parts = (len(there), sum(s.mesh for s in there), len(said), sum(right), np.mean(errors) if said else math.nan, sum(honest))
    return f"{name:>10} {parts[0]:7} {parts[1]:9} {parts[2]:9} {parts[3]:10} {parts[4]:9.1f} {parts[5]:13}"


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="5,11,17", help="drivers, comma-separated")
    parser.add_argument("--degrees", type=float, default=85.0)
    parser.add_argument("--single", action="store_true", help="each frame as a picture of its own: nothing is followed")
    args = parser.parse_args()
    every: list[Step] = []
    print("    driver  turned with mesh with head side right yaw, mean within 2 std")
    with EngineSet(FACE_SLOTS) as engines:
        for seed in (int(s) for s in args.seeds.split(",")):
            for far in (args.degrees, -args.degrees):
                steps = watch(engines, film(far, seed), args.single)
                every += steps
                print(line(f"{seed}{'R' if far > 0 else 'L'}", steps), flush=True)
    print(line("all", every))
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
