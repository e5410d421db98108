"""Figures of the shipped engines on synthetic drivers that no network has seen, through the chain as it runs. Markdown on stdout.

python -m tools.training.evaluate FACES [--rows N]     head pose, gaze, lids: pictures of a `faces` set, as they were taken
python -m tools.training.evaluate EYES [--rows N]      eye state: patches of an `eyes` set, as they were taken
python -m tools.training.evaluate HANDS [--rows N]     hands: pictures of a `hands` set, as they were taken

Shortcuts are looked for, too: a gaze network must not answer from the head alone or from one eye.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.inference.engine_set import EngineSet
from dms.perception.eye_patch import eye_roi
from dms.perception.eye_state import read_eye_state
from dms.perception.head_fusion import angle_deg
from dms.perception.pipeline import SLOTS, Perception
from dms.records.angles import unit
from dms.records.cabin import Camera
from dms.records.frame import Frame
from hil.driver.truth.columns import WORDS
from hil.driver.truth.training_reader import TrainingSet
from tools.training.answer import answered
from tools.training.hand_slices import hands
from tools.training.slices import groups_of, spread, table

Columns = dict[str, NDArray[Any]]
NAN = float("nan")


def test_rows(data: TrainingSet, limit: int) -> Columns:
    """Columns of the first ``limit`` rows of test drivers."""
    kept: dict[str, list[NDArray[Any]]] = {}
    count = 0
    for shard in data.manifest.shards:
        columns = data.shard(shard)
        rows = np.flatnonzero(columns["split"] == WORDS["split"].index("test"))
        for name, values in columns.items():
            kept.setdefault(name, []).append(np.asarray(values[rows]))
        count += len(rows)
        if count >= limit:
            break
    return {name: np.concatenate(parts)[:limit] for name, parts in kept.items()}


def rotation(forward: NDArray[Any], up: NDArray[Any]) -> NDArray[np.float64]:
    """Head axes to camera axes, from the two vectors of a record."""
    y, z = -np.asarray(up, float), -np.asarray(forward, float)
    return np.stack([np.cross(y, z), y, z], axis=1)


def between(a: Any, b: Any) -> float:
    """Angle between two directions, degrees."""
    return float(np.degrees(np.arccos(np.clip(unit(np.asarray(a, float)) @ unit(np.asarray(b, float)), -1, 1))))


def judge_face(chain: Perception, columns: Columns, row: int) -> dict[str, float]:
    """Errors of the whole chain on one picture; NaN where it did not answer."""
    fx, fy, cx, cy = (float(v) for v in columns["camera"][row])
    height, width = columns["picture"][row].shape
    chain._camera = Camera(fx=fx, fy=fy, cx=cx, cy=cy, width=width, height=height)
    seen = chain.see(Frame(grey=np.ascontiguousarray(columns["picture"][row]), t=0.0), independent=True).observation
    out = dict.fromkeys(("head_deg", "head_std", "gaze_deg", "gaze_yaw", "gaze_pitch", "lid_mm", "closed_wrong", "mouth_mm"), NAN)
    out["head_found"] = float(seen.head is not None)
    if seen.head is not None:
        truth = rotation(columns["head_forward"][row], columns["head_up"][row])
        out["head_deg"] = angle_deg(rotation(np.array(seen.head.forward_camera), np.array(seen.head.up_camera)), truth)
        out["head_std"] = seen.head.std_deg or NAN
    open_eyes = ((columns["openness"][row] > 0.25) & (columns["eye_visible"][row] > 0.5)).any()
    if seen.gaze is not None and open_eyes:
        out |= _gaze_errors(seen.gaze.direction_camera, columns["gaze_direction"][row])
    if seen.mouth is not None and seen.mouth.opening_mm is not None and not columns["mask"][row]:
        out["mouth_mm"] = abs(seen.mouth.opening_mm - columns["mouth_mm"][row])
    return out | _lid_errors(seen.eyes or {}, columns, row)


def _gaze_errors(answer: Any, truth: NDArray[Any]) -> dict[str, float]:
    def angles(d: Any) -> tuple[float, float]:
        x, y, z = unit(np.asarray(d, float))
        return float(np.degrees(np.arctan2(-x, -z))), float(np.degrees(np.arcsin(-y)))

    (yaw, pitch), (true_yaw, true_pitch) = angles(answer), angles(truth)
    return {"gaze_deg": between(answer, truth), "gaze_yaw": abs(yaw - true_yaw), "gaze_pitch": abs(pitch - true_pitch)}


def _lid_errors(eyes: Any, columns: Columns, row: int) -> dict[str, float]:
    """Mean over the eyes that are truly to be seen; and how often an eye that is not is called visible."""
    lids, wrong, invented = [], [], []
    for k, side in enumerate(("left", "right")):
        eye, visible, openness = eyes.get(side), columns["eye_visible"][row, k], columns["openness"][row, k]
        if visible < 0.1 and eyes:
            invented.append(float(eye is not None and eye.closed is not None))
        if visible > 0.7 and eye is not None and eye.closed is not None:
            lids.append(abs(eye.opening_mm - max(0.0, columns["lid_gap_mm"][row, k])))
            if openness < 0.1 or openness > 0.4:
                wrong.append(float((eye.closed > 0.5) != (openness < 0.2)))
    mean: Callable[[list[float]], float] = lambda v: float(np.mean(v)) if v else NAN  # noqa: E731
    return {"lid_mm": mean(lids), "closed_wrong": mean(wrong), "hidden_called_visible": mean(invented)}


def faces(columns: Columns) -> str:
    """All figures of a ``faces`` set."""
    with EngineSet([s for s in SLOTS if "hand" not in s]) as engines:
        chain = Perception(engines)
        rows = [judge_face(chain, columns, row) for row in range(len(columns["picture"]))]
    values = {name: np.array([r[name] for r in rows]) for name in rows[0]}
    towards = np.einsum("ij,ij->i", columns["head_forward"], -_units(columns["head_position_mm"]))
    turned = np.degrees(np.arccos(np.clip(towards, -1, 1)))
    people = columns["person"]
    lines = [table(values, groups_of(columns, turned), people), ""]
    for name in ("head_deg", "gaze_deg", "lid_mm"):
        known = values[name][np.isfinite(values[name])]
        low, high = spread(values[name], people)
        lines.append(f"{name}: mean {known.mean():.2f} ({low:.2f} to {high:.2f} over people), median {np.median(known):.2f}, "
                     f"95th percentile {np.percentile(known, 95):.2f}, n {len(known)}")  # fmt: skip
    return "\n".join(lines)


def _units(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float64)


def eyes(columns: Columns, marks: list[str]) -> str:
    """All figures of an ``eyes`` set: the network alone, on patches where the true corners are."""
    rows = []
    with EngineSet(["eye_state"]) as engines:
        for row in range(len(columns["picture"])):
            for k, side in enumerate(("left", "right")):
                corners = columns["landmarks"][
                    row, [marks.index(f"{side}_outer_corner"), marks.index(f"{side}_inner_corner")], :2
                ]
                depth = columns["eye_centre_mm"][row, k, 2]
                if np.isfinite(corners).all() and depth > 100:
                    roi = eye_roi(corners.astype(float), float(columns["camera"][row, 0] / depth))
                    read = read_eye_state(engines["eye_state"], np.asarray(columns["picture"][row]), roi, side)
                    rows.append({"row": row} | _eye_errors(read, columns, row, k))
    index = np.array([r.pop("row") for r in rows])
    values = {name: np.array([r[name] for r in rows]) for name in rows[0]}
    groups = {name: member[index] for name, member in groups_of(columns).items()}
    return table(values, groups, columns["person"][index])


def _eye_errors(read: Any, columns: Columns, row: int, k: int) -> dict[str, float]:
    visible, openness = columns["eye_visible"][row, k], columns["openness"][row, k]
    out = dict.fromkeys(("lid_mm", "closed_wrong", "iris_px", "hidden_called_visible", "open_called_hidden"), NAN)
    if visible < 0.1:
        out["hidden_called_visible"] = float(read.visible >= 0.5)
    if visible > 0.7:
        out["open_called_hidden"] = float(read.visible < 0.5)
        out["lid_mm"] = abs(read.gap_mm - max(0.0, columns["lid_gap_mm"][row, k]))
        if openness < 0.1 or openness > 0.4:
            out["closed_wrong"] = float((read.closed > 0.5) != (openness < 0.2))
        if openness > 0.4 and columns["iris"][row, k, 5] > 0.4:
            out["iris_px"] = float(np.hypot(*(np.array(read.iris_px[:2]) - columns["iris"][row, k, :2])))
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--rows", type=int, default=2000)
    args = parser.parse_args()
    data = TrainingSet(args.set)
    columns = test_rows(data, args.rows)
    if "hands" in columns:
        print(hands(columns))
    elif columns["picture"].shape[1] == columns["picture"].shape[2]:
        print(faces(columns))
    else:
        print(eyes(columns, data.manifest.shards[0].landmarks))
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
