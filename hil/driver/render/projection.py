"""A pinhole camera as an OpenGL clip matrix, exact for OpenCV's pixel convention: (0, 0) is the middle of the upper left pixel.

The picture's upper row is the lowest row of the frame buffer, so nothing is turned over on reading back; front faces then turn
clockwise.
"""

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Camera, CameraPose

Array = NDArray[np.float64]
NEAR_MM, FAR_MM = 25.0, 20000.0


def size_of(camera: Camera) -> tuple[int, int]:
    """Width and height; twice the principal point where the intrinsics do not say."""
    return camera.width or round(2 * camera.cx), camera.height or round(2 * camera.cy)


def crop(camera: Camera, left: int, top: int, width: int, height: int, zoom: float = 1.0) -> Camera:
    """The camera of a sub-rectangle (px of ``camera``), drawn ``zoom`` times finer."""
    return Camera(
        fx=camera.fx * zoom, fy=camera.fy * zoom,
        cx=(camera.cx - left + 0.5) * zoom - 0.5, cy=(camera.cy - top + 0.5) * zoom - 0.5,
        width=round(width * zoom), height=round(height * zoom),
    )  # fmt: skip


def clip_matrix(camera: Camera, pose: CameraPose) -> Array:
    """4 x 4, vehicle frame (mm) to clip space; y grows downwards in the picture."""
    width, height = size_of(camera)
    near, far = NEAR_MM, FAR_MM
    lens = np.zeros((4, 4))
    lens[0, 0], lens[0, 2] = 2 * camera.fx / width, (2 * camera.cx + 1) / width - 1
    lens[1, 1], lens[1, 2] = 2 * camera.fy / height, (2 * camera.cy + 1) / height - 1
    lens[2, 2], lens[2, 3] = (far + near) / (far - near), -2 * far * near / (far - near)
    lens[3, 2] = 1.0
    return lens @ view_matrix(pose)


def view_matrix(pose: CameraPose) -> Array:
    """4 x 4, vehicle frame to camera frame."""
    view = np.eye(4)
    turn = pose.rotation()
    view[:3, :3] = turn.T
    view[:3, 3] = -turn.T @ np.asarray(pose.position_mm, float)
    return view


def ray_matrix(camera: Camera, pose: CameraPose) -> Array:
    """3 x 3: (x, y, 1) with picture coordinates -1..1 to a direction (camera z = 1) in the vehicle frame."""
    width, height = size_of(camera)
    a, b = 2 * camera.fx / width, (2 * camera.cx + 1) / width - 1
    c, d = 2 * camera.fy / height, (2 * camera.cy + 1) / height - 1
    return np.asarray(pose.rotation() @ np.array([[1 / a, 0, -b / a], [0, 1 / c, -d / c], [0, 0, 1]]))


def depth_mm(buffer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Camera z of depth buffer values 0..1."""
    near, far = NEAR_MM, FAR_MM
    out = np.multiply(buffer, np.float32(near - far))
    out += np.float32(far)
    np.divide(np.float32(near * far), out, out=out)
    return np.asarray(out, np.float32)


def sun_matrix(direction: Array, middle: Array, reach_mm: float) -> Array:
    """4 x 4, vehicle frame to the clip space of the sun's shadow picture: a cube of half size ``reach_mm`` round ``middle``."""
    z = -direction / np.linalg.norm(direction)
    x = np.cross(z, (0.0, 0.0, 1.0) if abs(z[2]) < 0.95 else (0.0, 1.0, 0.0))
    x = x / np.linalg.norm(x)
    turn = np.stack([x, np.cross(z, x), z])
    out = np.eye(4)
    out[:3, :3] = turn / reach_mm
    out[:3, 3] = -turn @ middle / reach_mm
    return out
