"""What the lens does to the picture: distortion, vignetting, blur, motion blur.

The renderer draws an undistorted pinhole picture that is wide enough; ``Lens`` says with which camera, and bends it. Pixel
coordinates are OpenCV's: (0, 0) is the middle of the upper left pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from dms.errors import InputError
from dms.records.cabin import Camera

Picture32 = NDArray[np.float32]
Points = NDArray[np.float64]

_NEWTON_STEPS = 12
_EPSILON = 1e-9
_GRID = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Optics:
    """How good a lens is.

    Attributes:
        blur_px: standard deviation of the bell-shaped blur.
        defocus_px: diameter of the blur disc of an aperture that is out of focus; 0 = in focus.
        vignette: light lost in the corners, 0..1.
        veil: share of the sun's light that the lens spreads over the picture when the sun shines into it.
    """

    blur_px: float = 0.6
    defocus_px: float = 0.0
    vignette: float = 0.25
    veil: float = 0.01


class Lens:
    """Between a pinhole picture and the distorted picture of ``camera``.

    Args:
        camera: the real camera, with its picture size.
        margin: extra width and height of the pinhole picture beyond what is needed, as a share; no effect without distortion.

    Attributes:
        pinhole: the undistorted camera to render with; its size is ``width`` x ``height`` of its own. Without distortion it is
            ``camera`` and nothing is computed.

    Raises:
        InputError: no picture size, more than five coefficients, or a distortion that folds the picture over.
    """

    def __init__(self, camera: Camera, margin: float = 0.01) -> None:
        if not camera.width or not camera.height:
            raise InputError("the camera of a lens needs width and height; give the calibrated picture size")
        if len(camera.distortion) > 5:
            raise InputError(f"{len(camera.distortion)} distortion coefficients; give at most five: k1 k2 p1 p2 k3")
        self.camera = camera
        self.width, self.height = camera.width, camera.height
        self._k = np.array([*camera.distortion, 0, 0, 0, 0, 0][:5], dtype=np.float64)
        self.pinhole = msgspec.structs.replace(camera, distortion=[])
        self._maps: tuple[NDArray[np.int16], NDArray[np.uint16]] | None = None
        if self._k.any():
            self._build(margin)

    def _build(self, margin: float) -> None:
        import cv2

        c = self.camera
        straight = self._straight_grid()
        low, high = straight.min(axis=(0, 1)), straight.max(axis=(0, 1))
        spare = margin * (high - low) / 2 + 1
        left, top = (int(v) for v in np.ceil(spare - low))
        right, bottom = (int(v) for v in np.ceil(high + spare))
        width, height = (left + right + 4) // 4 * 4, top + bottom + 1
        self.pinhole = Camera(fx=c.fx, fy=c.fy, cx=float(left), cy=float(top), width=width, height=height)
        where = straight + np.array([left, top], dtype=np.float32)
        self._maps = cv2.convertMaps(where, None, cv2.CV_16SC2)

    def _straight_grid(self) -> Picture32:
        """Where each pixel would be without distortion, px from the principal point, height x width x 2.

        Worked out at every eighth pixel; the shift between is linear to a hundredth of a pixel.
        """
        import cv2

        c = self.camera
        columns, rows = (np.arange(-(-(n - 1) // _GRID) + 2) * _GRID for n in (self.width, self.height))
        bent = (np.stack(np.meshgrid(columns, rows), axis=-1) - np.array([c.cx, c.cy])).reshape(-1, 2)
        focal = np.array([c.fx, c.fy])
        shift = (self._unbend(bent / focal) * focal - bent).astype(np.float32).reshape(len(rows), len(columns), 2)
        fine = np.array([[1 / _GRID, 0, 0], [0, 1 / _GRID, 0]])
        straight = cv2.warpAffine(shift, fine, (self.width, self.height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        straight[..., 0] += np.arange(self.width, dtype=np.float32) - np.float32(c.cx)
        straight[..., 1] += np.arange(self.height, dtype=np.float32)[:, None] - np.float32(c.cy)
        return np.asarray(straight, dtype=np.float32)

    def form(self, picture: Picture32, out: Picture32 | None = None) -> Picture32:
        """The distorted picture of a pinhole picture; the very same array where there is no distortion."""
        if self._maps is None:
            return picture
        import cv2

        bent: Picture32 = cv2.remap(picture, *self._maps, cv2.INTER_LINEAR, dst=out, borderMode=cv2.BORDER_REPLICATE)
        return bent

    def distort_points(self, px: ArrayLike) -> Points:
        """Where points (n x 2, px) of the pinhole picture are in the distorted one."""
        p, c = self.pinhole, self.camera
        points: Points = np.array(px, dtype=np.float64).reshape(-1, 2)
        if self._maps is None:
            return points
        bent = _bend((points - (p.cx, p.cy)) / (p.fx, p.fy), self._k)
        return np.asarray(bent * np.array([c.fx, c.fy]) + np.array([c.cx, c.cy]), dtype=np.float64)

    def undistort_points(self, px: ArrayLike) -> Points:
        """Where points (n x 2, px) of the distorted picture are in the pinhole one.

        Raises:
            InputError: a point lies where the distortion folds over.
        """
        p, c = self.pinhole, self.camera
        points: Points = np.array(px, dtype=np.float64).reshape(-1, 2)
        if self._maps is None:
            return points
        straight = self._unbend((points - (c.cx, c.cy)) / (c.fx, c.fy))
        return np.asarray(straight * np.array([p.fx, p.fy]) + np.array([p.cx, p.cy]), dtype=np.float64)

    def _unbend(self, bent: Points) -> Points:
        """Newton's method on all points at once; normalised coordinates."""
        straight: Points = bent.copy()
        for _ in range(_NEWTON_STEPS):
            miss = _bend(straight, self._k) - bent
            if np.abs(miss).max() < _EPSILON:
                break
            xx, xy, yy = _slopes(straight, self._k)
            determinant = xx * yy - xy * xy
            if determinant.min() < 0.05:
                break
            x, y = miss[:, 0], miss[:, 1]
            straight -= np.stack([yy * x - xy * y, xx * y - xy * x], axis=1) / determinant[:, None]
        if not np.abs(_bend(straight, self._k) - bent).max() < 1e-6:
            raise InputError(f"distortion {self.camera.distortion} folds the picture over; give milder coefficients")
        return straight


def _bend(xy: Points, k: Points) -> Points:
    """OpenCV's polynomial model k1 k2 p1 p2 k3 in normalised coordinates (n x 2)."""
    x, y = xy[:, 0], xy[:, 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))
    across = x * radial + 2 * k[2] * x * y + k[3] * (r2 + 2 * x * x)
    down = y * radial + 2 * k[3] * x * y + k[2] * (r2 + 2 * y * y)
    return np.asarray(np.stack([across, down], axis=1), dtype=np.float64)


def _slopes(xy: Points, k: Points) -> tuple[Points, Points, Points]:
    """Derivatives of ``_bend``: dx'/dx, dx'/dy (= dy'/dx), dy'/dy."""
    x, y = xy[:, 0], xy[:, 1]
    r2 = x * x + y * y
    radial = 1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))
    steep = 2 * (k[0] + r2 * (2 * k[1] + 3 * r2 * k[4]))
    cross = steep * x * y + 2 * k[2] * x + 2 * k[3] * y
    return radial + steep * x * x + 2 * k[2] * y + 6 * k[3] * x, cross, radial + steep * y * y + 6 * k[2] * y + 2 * k[3] * x


def vignette(camera: Camera, loss: float) -> Picture32:
    """Light that arrives at each pixel, height x width: 1 at the principal point, about 1 - ``loss`` in the corners."""
    width, height = camera.width or 0, camera.height or 0
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.cx)) / np.float32(camera.fx)
    y = (np.arange(height, dtype=np.float32) - np.float32(camera.cy)) / np.float32(camera.fy)
    r2 = x[None, :] ** 2 + y[:, None] ** 2
    shape = 1 - 1 / (1 + r2) ** 2  # the cosine-to-the-fourth law, scaled to the wanted loss
    return np.asarray(1 - loss * shape / max(float(shape.max()), _EPSILON), dtype=np.float32)


def soften(picture: Picture32, sigma_px: float, out: Picture32 | None = None) -> Picture32:
    """Bell-shaped blur; below 0.2 px there is none and the same array comes back."""
    if sigma_px < 0.2:
        return picture
    import cv2

    reach = 2 * math.ceil(2.5 * sigma_px) + 1
    soft: Picture32 = cv2.GaussianBlur(picture, (reach, reach), sigma_px, dst=out, borderType=cv2.BORDER_REPLICATE)
    return soft


def convolve(picture: Picture32, kernel: Picture32, out: Picture32 | None = None) -> Picture32:
    """The picture spread by a small kernel that sums to 1; the same array comes back for a 1 x 1 kernel."""
    if kernel.size == 1:
        return picture
    import cv2

    spread: Picture32 = cv2.filter2D(picture, cv2.CV_32F, kernel, dst=out, borderType=cv2.BORDER_REPLICATE)
    return spread


def disc_kernel(diameter_px: float) -> Picture32:
    """The blur disc of a round aperture out of focus, sum 1; 1 x 1 up to one pixel."""
    if diameter_px <= 1:
        return np.ones((1, 1), np.float32)
    reach = math.ceil((diameter_px - 1) / 2)
    fine = (np.arange((2 * reach + 1) * 8) + 0.5) / 8 - reach - 0.5
    inside = (fine[:, None] ** 2 + fine[None, :] ** 2 <= (diameter_px / 2) ** 2).astype(np.float32)
    disc = inside.reshape(2 * reach + 1, 8, 2 * reach + 1, 8).mean(axis=(1, 3))
    return np.asarray(disc / disc.sum(), dtype=np.float32)


def motion_kernel(motion_px: tuple[float, float]) -> Picture32:
    """The trace of a point that moves evenly by (x, y) px during the exposure, centred, sum 1; 1 x 1 below a quarter pixel."""
    dx, dy = motion_px
    length = math.hypot(dx, dy)
    if length < 0.25:
        return np.ones((1, 1), np.float32)
    reach_x, reach_y = (math.ceil(abs(d) / 2 - 1e-9) for d in (dx, dy))
    kernel = np.zeros((2 * reach_y + 2, 2 * reach_x + 2), np.float64)
    steps = (np.arange(math.ceil(8 * length)) + 0.5) / math.ceil(8 * length) - 0.5
    x, y = reach_x + steps * dx, reach_y + steps * dy
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, down = x - column, y - row
    for r, c, share in (
        (0, 0, (1 - down) * (1 - right)),
        (0, 1, (1 - down) * right),
        (1, 0, down * (1 - right)),
        (1, 1, down * right),
    ):
        np.add.at(kernel, (row + r, column + c), share)
    trace = kernel[: 2 * reach_y + 1, : 2 * reach_x + 1]
    return np.asarray(trace / trace.sum(), dtype=np.float32)


def average(pictures: Sequence[Picture32], out: Picture32 | None = None) -> Picture32:
    """The mean of sub-frames drawn at even steps of one exposure.

    Raises:
        InputError: no picture, or pictures of different sizes.
    """
    import cv2

    if not pictures or len({p.shape for p in pictures}) != 1:
        raise InputError("sub-frames of an exposure must be at least one and all of one size")
    if len(pictures) == 1:
        return pictures[0]
    total: Picture32 = cv2.add(pictures[0], pictures[1], dst=out)
    for picture in pictures[2:]:
        cv2.add(total, picture, dst=total)
    return np.asarray(cv2.multiply(total, 1 / len(pictures), dst=total), dtype=np.float32)
