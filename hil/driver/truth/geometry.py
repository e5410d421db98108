"""Vehicle frame to camera frame to pixels, and circles of the eye to ellipses. Pure numpy.

Points are (n, 3) in mm, pixels (n, 2) with whole numbers at pixel centres. What lies behind the camera becomes NaN.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dms.records.angles import roll_deg, unit, yaw_pitch_deg
from dms.records.cabin import Camera, CameraPose

Array = NDArray[np.float64]
Project = Callable[[Array], Array]
"""(n, 3) mm of the camera frame to (n, 2) pixels; NaN for points that are not before the camera."""

NEAR_MM = 1.0
_CIRCLE_POINTS = 32
_FACING = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]])
"""Vehicle frame to the frame of a camera straight before the driver: there the shown angles of both conventions agree."""


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """A circle in space, vehicle frame, mm; ``normal`` is a unit vector."""

    centre: Array
    normal: Array
    radius: float

    def points(self, count: int, share: float = 1.0) -> Array:
        """(count, 3) points on it, or on the circle of a ``share`` of its radius."""
        x, y, z = (float(v) for v in self.normal)
        first = unit(np.array([y, -x, 0.0]) if abs(z) < 0.9 else np.array([-z, 0.0, x]))
        u, v, w = (float(v) for v in first)
        second = np.array([y * w - z * v, z * u - x * w, x * v - y * u])  # np.cross takes twenty times as long
        angle = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)[:, None]
        return np.asarray(self.centre + share * self.radius * (np.cos(angle) * first + np.sin(angle) * second))


@dataclass(frozen=True, slots=True)
class EllipsePx:
    """An ellipse in the picture: half axes a >= b, ``angle_deg`` of the longer one from picture x towards y, -90..90."""

    x: float
    y: float
    a: float
    b: float
    angle_deg: float


@dataclass(frozen=True, eq=False)
class View:
    """A camera in the car.

    Attributes:
        camera: of the finished picture.
        pose: where it stands.
        project: camera-frame points to pixels for other lenses; by default ``camera`` with its distortion.
        drawn: pinhole camera of the ID and depth pictures where they are not aligned with the finished picture.
    """

    camera: Camera
    pose: CameraPose
    project: Project | None = None
    drawn: Camera | None = None

    @cached_property
    def rotation(self) -> Array:
        """3 x 3, camera-frame directions to the vehicle frame."""
        return self.pose.rotation()

    def to_camera(self, points_mm: Array) -> Array:
        """Points of the vehicle frame in the camera frame; (n, 3) or (3,)."""
        return np.asarray((np.asarray(points_mm, float) - self.pose.position_mm) @ self.rotation)

    def direction(self, vector: Array) -> Array:
        """A direction of the vehicle frame in the camera frame."""
        return np.asarray(np.asarray(vector, float) @ self.rotation)

    def pixels(self, points_mm: Array) -> Array:
        """Points of the vehicle frame in pixels, (n, 2)."""
        points = np.atleast_2d(self.to_camera(points_mm))
        return self.project(points) if self.project else pinhole(self.camera, points)

    def drawn_pixels(self, points_mm: Array) -> Array:
        """Points of the vehicle frame in pixels of the ID and depth pictures, (n, 2)."""
        return self.pixels(points_mm) if self.drawn is None else pinhole(self.drawn, np.atleast_2d(self.to_camera(points_mm)))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture; twice the principal point where the intrinsics do not say."""
        return self.camera.width or round(2 * self.camera.cx), self.camera.height or round(2 * self.camera.cy)


def pinhole(camera: Camera, points: Array) -> Array:
    """Camera-frame points in pixels, with OpenCV's k1 k2 p1 p2 k3."""
    z = np.where(points[:, 2] > NEAR_MM, points[:, 2], np.nan)
    x, y = points[:, 0] / z, points[:, 1] / z
    k1, k2, p1, p2, k3 = [*camera.distortion, 0.0, 0.0, 0.0, 0.0, 0.0][:5]
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return np.stack([camera.fx * u + camera.cx, camera.fy * v + camera.cy], axis=1)


def shown_in_vehicle(rotation: Array) -> tuple[float, float, float]:
    """Shown yaw, pitch, roll of a head rotation (head axes to vehicle frame): all 0 when it looks along vehicle x."""
    return shown_angles(_FACING @ rotation[:, 0], _FACING @ rotation[:, 2])


def shown_angles(forward: Array, up: Array) -> tuple[float, float, float]:
    """Shown yaw, pitch, roll of directions in the camera frame; all 0 straight at the camera."""
    yaw, pitch = yaw_pitch_deg(forward)
    return yaw, pitch, roll_deg(unit(forward), unit(up))


def entrance_pupil(depth_mm: float, corneal_radius_mm: float = 7.8, index: float = 1.336) -> tuple[float, float]:
    """Depth below the cornea's top and magnification with which an iris at ``depth_mm`` is seen through the cornea.

    Paraxial image by one refracting surface: n / depth - 1 / seen = (n - 1) / radius.
    """
    seen = 1.0 / (index / depth_mm - (index - 1.0) / corneal_radius_mm)
    return seen, index * seen / depth_mm


def ellipse_of(circle: Circle, view: View) -> EllipsePx | None:
    """The circle in the picture; ``None`` when it shows its back or edge or is not before the camera."""
    towards = np.asarray(view.pose.position_mm) - circle.centre
    if float(towards @ circle.normal) < 0.02 * float(np.linalg.norm(towards)):
        return None
    return fit_ellipse(view.pixels(circle.points(_CIRCLE_POINTS)))


def fit_ellipse(pixels: Array) -> EllipsePx | None:
    """Ellipse through points, exact for an exact one; ``None`` when they lie on none."""
    if not np.isfinite(pixels).all():
        return None
    middle = pixels.mean(axis=0)
    scale = float(np.abs(pixels - middle).max())
    if scale < 1e-6:
        return None
    x, y = ((pixels - middle) / scale).T
    design = np.stack([x * x, x * y, y * y, x, y, np.ones_like(x)], axis=1)
    found = _from_conic(np.linalg.svd(design, full_matrices=False)[2][-1])
    if found is None:
        return None
    x0, y0, a, b, angle = found
    return EllipsePx(float(middle[0] + scale * x0), float(middle[1] + scale * y0), scale * a, scale * b, angle)


def _from_conic(q: Array) -> tuple[float, float, float, float, float] | None:
    """Centre, half axes and angle of q0 x2 + q1 xy + q2 y2 + q3 x + q4 y + q5 = 0."""
    form = np.array([[q[0], q[1] / 2], [q[1] / 2, q[2]]])
    if np.linalg.det(form) <= 1e-12:
        return None
    centre = -np.linalg.solve(form, q[3:5]) / 2
    level = -(q[5] + float(q[3:5] @ centre) / 2)
    values, axes = np.linalg.eigh(form)
    halves = level / values
    if (halves <= 0).any():
        return None
    long = int(np.argmax(halves))
    angle = math.degrees(math.atan2(axes[1, long], axes[0, long]))
    angle = (angle + 90.0) % 180.0 - 90.0
    a, b = math.sqrt(halves[long]), math.sqrt(halves[1 - long])
    return float(centre[0]), float(centre[1]), a, b, angle


def box_of(pixels: Array) -> tuple[float, float, float, float] | None:
    """x, y, width, height round the finite points; ``None`` without any."""
    good = pixels[np.isfinite(pixels).all(axis=1)]
    if len(good) == 0:
        return None
    low, high = good.min(axis=0), good.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def hull(pixels: Array) -> Array:
    """Corners of the convex hull in order, (m, 2); fewer than 3 when the points lie on a line."""
    points = sorted({(float(x), float(y)) for x, y in pixels[np.isfinite(pixels).all(axis=1)]})
    if len(points) < 3:
        return np.array(points).reshape(-1, 2)
    return np.array(_chain(points)[:-1] + _chain(points[::-1])[:-1])


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for p in points:
        while len(out) > 1 and _turn(out[-2], out[-1], p) <= 0:
            out.pop()
        out.append(p)
    return out


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def inside(corners: Array, pixels: Array) -> NDArray[np.bool_]:
    """Which (n, 2) pixels lie in a convex polygon as ``hull`` gives it."""
    good = np.ones(len(pixels), dtype=bool)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        good &= (b[0] - a[0]) * (pixels[:, 1] - a[1]) - (b[1] - a[1]) * (pixels[:, 0] - a[0]) >= -1e-9
    return good
