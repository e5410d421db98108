"""Does the gaze network look at the eyes, at both, and is everything the same in a mirror?

python -m tools.training.shortcuts FACES [--rows N]

On test drivers of a ``faces`` set: the error with what belongs together, with the eyes of other people, with one eye of another
picture, and with no eyes at all (the head alone). A network that answers from the head alone has about the same error in all of
them. Then how far an answer is from the mirrored answer to the mirrored picture; gaze must be exact, the head is measured.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "engines" / "gaze"))

from points import Points, points_of  # noqa: E402

from dms.inference.base import Engine  # noqa: E402
from dms.inference.engine_set import EngineSet  # noqa: E402
from dms.perception import gaze_net, head_net  # noqa: E402
from dms.perception.gaze_net import EYE_VALUES  # noqa: E402
from dms.perception.head_fusion import angle_deg  # noqa: E402
from dms.records.angles import direction_from  # noqa: E402
from tools.training.answer import answered  # noqa: E402
from tools.training.faces import Faces, load_faces  # noqa: E402

Inputs = tuple[dict[str, NDArray[np.uint8]], NDArray[np.float32]]
GREY = 110


def inputs_of(faces: Faces, known: Points, i: int) -> Inputs:
    """Patches and points of one row."""
    return gaze_net.cut_eyes(faces.picture(int(known.rows[i])), known.rois[i]), known.values[i]


def with_eyes_of(one: Inputs, other: Inputs, sides: tuple[str, ...] = ("left", "right")) -> Inputs:
    """The head of ``one`` with eyes (patch and points) of ``other``."""
    cut = {side: (other if side in sides else one)[0][side] for side in ("left", "right")}
    values = one[1].copy()
    for k, side in enumerate(("left", "right")):
        if side in sides:
            values[k * EYE_VALUES : (k + 1) * EYE_VALUES] = other[1][k * EYE_VALUES : (k + 1) * EYE_VALUES]
    return cut, values


def without_eyes(one: Inputs, mean: NDArray[np.float32]) -> Inputs:
    """The head of ``one``, grey patches and average points."""
    values = one[1].copy()
    values[: 2 * EYE_VALUES] = mean[: 2 * EYE_VALUES]
    return {side: np.full_like(patch, GREY) for side, patch in one[0].items()}, values


def mirrored(one: Inputs) -> Inputs:
    """What the mirror image of the driver gives: eyes change sides, sideways axes their sign."""
    values = one[1]
    turned = values[2 * EYE_VALUES :] * np.array([-1, 1, 1, -1, 1, 1], np.float32)
    swapped = np.concatenate([values[EYE_VALUES : 2 * EYE_VALUES], values[:EYE_VALUES], turned])
    return {"left": one[0]["right"], "right": one[0]["left"]}, swapped.astype(np.float32)


def off(engine: Engine, given: Inputs, truth: NDArray[np.float32]) -> float:
    """Error of both eyes' direction, degrees."""
    return _between(said(engine, given), direction_from(float(truth[0]), float(truth[1])))


def said(engine: Engine, given: Inputs) -> NDArray[np.float64]:
    """Direction of both eyes together."""
    reading = gaze_net.decode(engine.run(gaze_net.gaze_feeds(*given)))
    assert reading is not None
    return reading.direction


def _between(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def gaze(engine: Engine, faces: Faces, known: Points, chosen: NDArray[np.int64]) -> dict[str, float]:
    """Mean error by what the network was given."""
    mean = known.values.mean(axis=0)
    errors: dict[str, list[float]] = {}
    for i, j in zip(chosen, np.roll(chosen, 7), strict=True):
        own, other, truth = inputs_of(faces, known, int(i)), inputs_of(faces, known, int(j)), known.angles[i]
        cases = {
            "its own eyes": own,
            "left eye of another picture": with_eyes_of(own, other, ("left",)),
            "both eyes of another picture": with_eyes_of(own, other),
            "no eyes": without_eyes(own, mean),
        }
        for name, given in cases.items():
            errors.setdefault(name, []).append(off(engine, given, truth))
        there, back = said(engine, own), head_net.MIRROR @ said(engine, mirrored(own))
        errors.setdefault("between mirror images", []).append(_between(there, back))
    return {name: float(np.mean(values)) for name, values in errors.items()}


def head(engine: Engine, faces: Faces, rows: NDArray[np.int64]) -> float:
    """Median angle between the head and the mirrored answer to the mirrored picture."""
    apart = []
    for row in rows:
        box = faces.columns["detected"][row][:4]
        if np.isfinite(box).all():
            cut = head_net.cut_head(faces.picture(int(row)), head_net.head_roi(tuple(float(v) for v in box)))  # type: ignore[arg-type]
            views = [head_net.decode(engine.run({"image": p.reshape(1, *p.shape, 1)})).view for p in (cut, cut[:, ::-1].copy())]
            apart.append(angle_deg(views[0], head_net.MIRROR @ views[1] @ head_net.MIRROR))
    return float(np.median(apart))


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--rows", type=int, default=400)
    args = parser.parse_args()
    faces = load_faces(args.faces)
    known = points_of(faces, "test")
    with EngineSet(["gaze", "head_pose"]) as engines:
        for name, value in gaze(engines["gaze"], faces, known, np.arange(min(args.rows, len(known.rows)))).items():
            print(f"gaze, {name}: {value:.2f} deg")
        print(
            f"head, between mirror images (median): {head(engines['head_pose'], faces, faces.rows('test')[: args.rows]):.2f} deg"
        )
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
