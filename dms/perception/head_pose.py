"""Head pose by a rigid fit of the head model to the mesh points, with uncertainty.

The mesh network gives depth in the same unit as x and y (weak perspective), so one similarity transform (Umeyama 1991) has a
closed solution. The fit is about the line of sight to the face; turning it back by the angle of that line makes the
``*_camera`` directions exact off the picture's centre.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dms.perception.head_model import IRIS_DIAMETER_MM, HeadModel
from dms.records.angles import unit
from dms.records.cabin import Camera

Array = NDArray[np.float64]

MODEL_SCALE_SPREAD = 0.06
"""Relative spread of adult head size: how far the model's size may be wrong."""

IRIS_SCALE_SPREAD = 0.08
"""Relative spread of a single iris measurement (3 % anatomy, the rest landmark noise)."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadFit:
    """A fitted head.

    ``rotation`` turns head axes into camera axes, ``view`` into axes about the line to the face (weak perspective). ``scale``:
    picture pixels a millimetre of this head, ``model_scale``: of the model. ``position_mm``: the middle between the eyeball
    centres, camera frame; ``origin_px`` the same in the picture. ``residual_mm``: root mean square misfit. ``std_deg``: one
    standard deviation of the direction.
    """

    rotation: Array
    view: Array
    scale: float
    model_scale: float
    origin_px: Array
    position_mm: Array
    residual_mm: float
    std_deg: float
    squash: float = 1.0
    """Height times depth of the seen head over its width squared, relative to the model: faces read 0.9 to 1.3; a mesh that was
    drawn on a covered face is pressed together (0.7 to 0.83)."""


def fit_head(points: Array, model: HeadModel, camera: Camera) -> HeadFit:
    """Fit the model to 468 mesh points in pixels (n x 3, third column depth away from the camera)."""
    view, scale, shift, residual = _similarity(model.points, points, model.weights)
    origin = shift[:2]  # the model's origin, the middle between the eyeball centres, in pixels
    ray = np.array([(origin[0] - camera.cx) / camera.fx, (origin[1] - camera.cy) / camera.fy, 1.0])
    position = ray * (0.5 * (camera.fx + camera.fy) / scale)
    misfit = residual / scale
    squash = _squash(points, model, view, scale)
    return HeadFit(turn_to(ray) @ view, view, scale, scale, origin, position, misfit, _spread(view, misfit), squash)


def sized_by_iris(fit: HeadFit, iris_px: float) -> HeadFit:
    """The same fit with this person's head size: prior 1, corrected by the iris as far as one measurement can be trusted."""
    measured = math.log(fit.model_scale * IRIS_DIAMETER_MM / max(iris_px, 1e-3))
    trust = MODEL_SCALE_SPREAD**2 / (MODEL_SCALE_SPREAD**2 + IRIS_SCALE_SPREAD**2)
    size = math.exp(max(-0.2, min(0.2, trust * measured)))
    return replace(fit, scale=fit.model_scale / size, position_mm=fit.position_mm * size)


def iris_diameter_px(irises: dict[str, Array]) -> float:
    """Mean over both eyes of the larger of the iris's two diameters (5 points: centre, then round the rim)."""
    widths = [max(np.linalg.norm(p[1] - p[3]), np.linalg.norm(p[2] - p[4])) for p in irises.values()]
    return float(np.mean(widths))


def _similarity(model: Array, seen: Array, weights: Array) -> tuple[Array, float, Array, float]:
    """Rotation, scale, shift and weighted misfit (in ``seen`` units) of seen = scale * rotation @ model + shift."""
    w = weights / weights.sum()
    mean_model, mean_seen = w @ model, w @ seen
    a, b = model - mean_model, seen - mean_seen
    u, s, vt = np.linalg.svd((b * w[:, None]).T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((s * sign).sum() / (w @ (a**2).sum(axis=1)))
    misfit = b - scale * a @ rotation.T
    shift = mean_seen - scale * rotation @ mean_model
    return rotation, scale, shift, float(math.sqrt(w @ (misfit**2).sum(axis=1)))


def _squash(points: Array, model: HeadModel, view: Array, scale: float) -> float:
    w = model.weights / model.weights.sum()
    a, b = model.points - w @ model.points, (points - w @ points) @ (view / scale)
    x, y, z = (w @ (a * b)) / (w @ (a * a))
    return float(y * z / (x * x))


def turn_to(ray: Array) -> Array:
    """Smallest rotation that turns the viewing axis (0, 0, 1) into ``ray``."""
    x, y, z = unit(ray)
    k = np.array([[0.0, 0.0, x], [0.0, 0.0, y], [-x, -y, 0.0]])
    return np.asarray(np.eye(3) + k + k @ k / (1.0 + z))


def _spread(view: Array, misfit_mm: float) -> float:
    """Standard deviation of the direction, degrees: grows with the turn away from the camera and with the misfit.

    About 4 degrees near frontal, 8 at 60; beyond 60 the mesh bends towards frontal and the angle is a lower bound, so the
    spread opens quickly.
    """
    turn = math.degrees(math.acos(max(-1.0, min(1.0, float(view[2, 2])))))
    base = 4.0 + 4.0 * (min(turn, 60.0) / 60.0) ** 2 + 0.6 * max(0.0, turn - 60.0)
    return min(90.0, base * max(1.0, misfit_mm / 5.0))
