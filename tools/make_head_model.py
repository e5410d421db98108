"""Makes ``dms/perception/head_model.npz`` from the public-domain astronaut portrait of scikit-image (NASA).

The mesh network reads the portrait and its mirror image; the two are paired point by point, averaged into a symmetric head,
levelled to the zero pose of ``dms.perception.head_model`` and scaled to 63 mm between the eyeball centres.

    python tools/make_head_model.py
"""

from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

import dms.perception.head_model as head_model_module
from dms.inference.engine_set import EngineSet
from dms.perception.detection import Detector
from dms.perception.face import FACE_LAYERS
from dms.perception.face_mesh import read_mesh, roi_of
from dms.perception.landmarks import NASION, POGONION

MIRROR = np.array([-1.0, 1.0, 1.0])
EYEBALL_BEHIND_CORNERS_MM = 4.0
"""Centre of rotation behind the middle of the eye corners: cornea 13.5 mm ahead of it, corners about 9.5 mm behind the cornea."""


def read(engines: EngineSet, grey: np.ndarray) -> np.ndarray:
    """468 x 3 points of the largest face, pixels."""
    found = Detector(engines["face_detector"], FACE_LAYERS, 0.5).find(grey)
    roi = roi_of(found[0])
    for _ in range(4):
        mesh = read_mesh(engines["face_mesh"], grey, roi)
        roi = mesh.next_roi()
    return mesh.points


def rotation_between(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Rotation that brings ``source`` points (centred) onto ``target``."""
    u, _, vt = np.linalg.svd(target.T @ source)
    return (u * [1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt


def symmetric(points: np.ndarray, mirrored: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric head and the partner index of each point."""
    back = mirrored.copy()
    back[:, 0] = width - 1 - back[:, 0]
    _, pairs = linear_sum_assignment(np.linalg.norm(back[:, None] - points[None], axis=2))
    assert np.array_equal(pairs[pairs], np.arange(468)), "the two readings do not pair up"
    centred = points - points.mean(axis=0)
    other = centred[pairs] * MIRROR
    mean = (other @ rotation_between(other, centred).T + centred) / 2
    sides = mean - mean[pairs]
    sides = sides[np.linalg.norm(sides, axis=1) > 1]
    x = np.linalg.svd(sides)[2][0]
    x *= np.sign(x[0])
    z = np.array([0, 0, 1.0]) - x * x[2]
    z /= np.linalg.norm(z)
    mean = mean @ np.stack([x, np.cross(z, x), z], axis=1)
    return (mean + mean[pairs] * MIRROR) / 2, pairs


def levelled(head: np.ndarray) -> np.ndarray:
    """Facial plane upright."""
    line = head[POGONION] - head[NASION]
    tilt = np.arctan2(line[2], line[1])
    c, s = np.cos(tilt), np.sin(tilt)
    return head @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def main() -> None:
    """Write the file."""
    from skimage import color, data

    grey = np.round(color.rgb2gray(data.astronaut()) * 255).astype(np.uint8)
    with EngineSet(["face_detector", "face_mesh"]) as engines:
        head, _ = symmetric(read(engines, grey), read(engines, np.ascontiguousarray(grey[:, ::-1])), grey.shape[1])
    head = levelled(head)
    right, left = (head[33] + head[133]) / 2, (head[263] + head[362]) / 2
    head *= head_model_module.EYE_DISTANCE_MM / np.linalg.norm(left - right)
    middle = (head[33] + head[133] + head[263] + head[362]) / 4
    head -= middle + np.array([0, 0, EYEBALL_BEHIND_CORNERS_MM])
    assert abs((head[POGONION] - head[NASION])[2]) < 1e-6, "the facial plane is not upright"
    path = Path(head_model_module.__file__).with_name("head_model.npz")
    np.savez_compressed(path, points=head.astype(np.float32), weights=np.ones(468, np.float32))
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
