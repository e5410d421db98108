"""How far off the two readings of a head's pose are on labelled pictures, alone and together, and what they err by alike.

    python tools/measure_heads.py DATA [--infrared] [--yaw 60] [--limit N]

DATA/headpose is a topic as ``tools/measure_real.py`` takes it. The readings: the rigid fit of the face mesh; the head-pose
network by one look and by the eight looks of a single picture; both together, as published. Only pictures with a mesh, to --yaw
degrees by their labels. Errors are turns about the head's own axes (nod, turn, lean), degrees; ``slope`` is that of the reading
over the label.

The last line: two readings by different means err independently, but for what is common to both: the noise of the labels, and
whatever both mistake alike. So the covariance of their errors says how far off a reading would be measured that had no error
of its own. Pictures in which either is off by more than 25 degrees are left out there (a few would decide it).
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from tools.training.answer import answered, needs  # noqa: E402

needs("cv2", "onnxruntime", extra="cpu")

import cv2  # noqa: E402
from measuring.answers import true_yaw  # noqa: E402
from measuring.chain import Record, read_topic  # noqa: E402
from measuring.spread import FEWEST, spread  # noqa: E402
from simulated_infrared import copies  # noqa: E402

from dms.camera.pictures import Pictures  # noqa: E402
from dms.errors import InputError  # noqa: E402
from dms.inference.engine_set import EngineSet  # noqa: E402
from dms.perception.head_model import head_model  # noqa: E402
from dms.perception.head_net import level_roi  # noqa: E402
from dms.perception.head_pose import fit_head  # noqa: E402
from dms.perception.pipeline import FACE_SLOTS, Perception  # noqa: E402
from dms.perception.trained import Trained  # noqa: E402
from dms.records import Frame  # noqa: E402
from dms.records.cabin import default_camera  # noqa: E402

Array = NDArray[np.float64]
READINGS = ("mesh", "network, one look", "network", "together")
AXES = ("nod", "turn", "lean")
WITHIN_DEG, OUTLIER_DEG = 10.0, 25.0
DRAWS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """``errors``: reading x picture x 3, ``true``: picture x 3, turns about the head's axes from the label and from straight
    ahead, degrees."""

    errors: Array
    true: Array


def rotation_of(row: Record) -> Array:
    """Head axes to camera axes, by the label."""
    y, z = -np.array(row["up_camera"], float), -np.array(row["forward_camera"], float)
    return np.stack([np.cross(y, z), y, z], axis=1)


def turn(rotation: Array) -> Array:
    """Axis times angle, degrees."""
    return np.degrees(np.asarray(cv2.Rodrigues(rotation)[0], float)).ravel()


def read(rows: list[Record], folder: Path) -> Heads:
    """Every picture with a face mesh through the chain."""
    errors, true = [], []
    with EngineSet(FACE_SLOTS) as engines:
        chain, networks = Perception(engines), Trained(engines)
        for row in rows:
            grey = next(iter(Pictures(folder / row["file"]).frames())).grey
            label = rotation_of(row)
            made = list(readings(chain, networks, grey))
            if made:
                errors.append([turn(label.T @ one) for one in made])
                true.append(turn(label))
    return Heads(np.array(errors).reshape(-1, len(READINGS), 3).swapaxes(0, 1), np.array(true).reshape(-1, 3))


def readings(chain: Perception, networks: Trained, grey: NDArray[np.uint8]) -> Iterator[Array]:
    """Rotations to camera axes in the order of ``READINGS``; none without a mesh."""
    sight = chain.see(Frame(grey=grey, t=0.0), independent=True)
    if sight.mesh is None or sight.fit is None:
        return
    fit = fit_head(sight.mesh.points, head_model(), default_camera(grey.shape[1], grey.shape[0]))
    roi = level_roi(sight.mesh.points[:, :2], sight.mesh.next_roi().angle)
    looks = [networks.head(grey, roi, well) for well in (False, True)]
    if looks[0] is None or looks[1] is None:
        return
    to_camera = fit.rotation @ fit.view.T
    yield from (fit.rotation, *(to_camera @ look.view for look in looks if look is not None), sight.fit.rotation)


def table(heads: Heads) -> Iterator[str]:
    """One line for each reading, then what is common."""
    yield f"{'reading':18} {'n':>4}  {'mean':>5} {'95 % spread':14} {'median':>6} {'within 10':>9}" + "".join(
        f"   {axis}: bias, sd, slope" for axis in AXES
    )
    for name, errors in zip(READINGS, heads.errors, strict=True):
        size = np.linalg.norm(errors, axis=1)
        low, high = spread(size)
        axes = "".join(
            f"   {errors[:, k].mean():9.1f} {errors[:, k].std():4.1f} {1 + np.polyfit(heads.true[:, k], errors[:, k], 1)[0]:5.2f}"
            for k in range(3)
        )
        ends = "" if low is None else f"{low:.2f} .. {high:.2f}"
        whole = f"{size.mean():5.2f} {ends:14} {np.median(size):6.2f} {(size <= WITHIN_DEG).mean():9.3f}"
        yield f"{name:18} {len(size):4}  {whole}{axes}"
    yield from alike(heads.errors[READINGS.index("mesh")], heads.errors[READINGS.index("network")])


def alike(one: Array, other: Array) -> Iterator[str]:
    """What is common to the errors of two readings, picture x 3 each."""
    kept = np.maximum(*(np.linalg.norm(e, axis=1) for e in (one, other))) <= OUTLIER_DEG
    one, other = one[kept] - one[kept].mean(axis=0), other[kept] - other[kept].mean(axis=0)
    both = ", ".join(f"{axis} {np.corrcoef(one[:, k], other[:, k])[0, 1]:.2f}" for k, axis in enumerate(AXES))
    yield f"errors of mesh and network correlate by: {both} (n {len(one)})"
    low, high = spread(np.arange(len(one), dtype=float), lambda rows: common(one[rows.astype(int)], other[rows.astype(int)]))
    ends = "" if low is None else f" ({low:.1f} .. {high:.1f})"
    yield f"a reading with nothing but what is common to both would be measured {common(one, other):.1f} degrees off{ends}"


def common(one: Array, other: Array) -> float:
    """Mean length of an error that is normal with the covariance of the two."""
    shared = one.T @ other / len(one)
    values = np.linalg.eigvalsh((shared + shared.T) / 2).clip(min=0)
    drawn = np.random.default_rng(0).normal(size=(DRAWS, 3)) * np.sqrt(values)
    return float(np.linalg.norm(drawn, axis=1).mean())


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of topics")
    parser.add_argument("--infrared", action="store_true", help="in simulated near-infrared")
    parser.add_argument("--yaw", type=float, default=60.0, help="widest yaw by the label")
    parser.add_argument("--limit", type=int, help="only the first N pictures")
    args = parser.parse_args()
    if not (args.data / "headpose" / "truth.jsonl").is_file():
        parser.error(f"{args.data}: no headpose/truth.jsonl there")
    topic = read_topic(args.data, "headpose", args.limit)
    for row in topic.rows:
        if lacking := {"yaw_deg", "forward_camera", "up_camera"} - set(row):
            raise InputError(f"headpose/truth.jsonl: {row['file']} lacks {', '.join(sorted(lacking))}")
    rows = [row for row in topic.rows if abs(true_yaw(row)) <= args.yaw]
    with tempfile.TemporaryDirectory() as scratch:
        folder = topic.pictures
        if args.infrared:
            folder = Path(scratch)
            copies(topic.pictures, folder, [row["file"] for row in rows])
        heads = read(rows, folder)
    if len(heads.true) < FEWEST:
        print(f"{args.data / 'headpose'}: a face mesh in {len(heads.true)} of {len(rows)} pictures, too few", file=sys.stderr)
        return 1
    print("\n".join(table(heads)))
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
