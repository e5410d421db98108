"""The camera as a whole: radiance in, pictures out, in the order light goes.

For each picture a renderer asks for ``view(t)`` (the pinhole camera to draw with, shake included) and ``lit(light)`` (how much of
each light this exposure collects), draws, and calls ``shoot``. Same rig, seed and calls: same bytes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from dms.errors import InputError
from dms.records.cabin import Camera
from dms.records.frame import Grey
from hil.driver.camera import optics
from hil.driver.camera.exposure import AutoExposure, Box, Setting
from hil.driver.camera.grime import Grime, glass, sun_glare, widely_blurred
from hil.driver.camera.optics import Lens, Picture32, Points
from hil.driver.camera.rig import Rig
from hil.driver.camera.sensor import Raw, Sensor
from hil.driver.camera.shutter import Pair, Vibration
from hil.driver.pose import Light


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One picture and how it came about.

    Attributes:
        grey: height x width, 8 bit; belongs to the caller.
        raw: the converter's numbers where it has more than 8 bits.
        t: middle of the middle row's exposure, s.
        exposure_s, gain: what it was taken with.
        led_share: share of the exposure in which the LEDs shone.
        mean: of ``grey``.
        saturated_share: share of pixels at the largest number.
        motion_px: how far (x, y) the picture moved during the exposure, shake included.
    """

    grey: Grey
    raw: Raw | None
    t: float
    exposure_s: float
    gain: float
    led_share: float
    mean: float
    saturated_share: float
    motion_px: Pair


class CameraModel:
    """One camera with its own noise, shake and exposure control.

    Args:
        rig: the mounted camera.
        seed: fixed pattern, noise and shake.
        start: first exposure setting; by default chosen from the limits.
    """

    def __init__(self, rig: Rig, seed: int = 0, start: Setting | None = None) -> None:
        self.rig = rig
        self.lens = Lens(rig.camera)
        width, height = self.lens.width, self.lens.height
        self.sensor = Sensor(rig.sensor, width, height, seed)
        self.control = AutoExposure(rig.exposure, black=255 * rig.sensor.black, start=start)
        self.vibration = Vibration(seed, rig.vibration_px)
        self._vignette = optics.vignette(rig.camera, rig.optics.vignette)
        self._defocus = optics.disc_kernel(rig.optics.defocus_px)
        self._scatter: Picture32 | None = None
        self._bent, self._soft, self._spread = (np.empty((height, width), np.float32) for _ in range(3))
        self.soil(rig.grime)

    @property
    def setting(self) -> Setting:
        """Exposure and gain of the next picture."""
        return self.control.setting

    def soil(self, grime: Grime) -> None:
        """Put something on the front glass, or clean it, from the next picture on."""
        if grime.clean:
            self._scatter = None
            self.sensor.set_shade(self._vignette)
            return
        clear, scatter = glass(grime, self.lens.width, self.lens.height)
        self.sensor.set_shade(self._vignette * clear)
        self._scatter = None if scatter is None else scatter * self._vignette

    def view(self, t: float) -> Camera:
        """The undistorted pinhole camera to render the picture of time t with."""
        pinhole = self.lens.pinhole
        if self.vibration.rms_px <= 0:
            return pinhole
        x, y = self.vibration.offset_px(t)
        return msgspec.structs.replace(pinhole, cx=pinhole.cx + x, cy=pinhole.cy + y)

    def lit(self, light: Light) -> Light:
        """The light as the next picture collects it: LEDs while they shine, daylight as far as the filter lets it through."""
        day = self.rig.outdoor_share
        return replace(
            light,
            led=light.led * self.rig.exposure.led_share(self.setting.exposure_s),
            sun=light.sun * day,
            ambient=light.ambient * day,
            outside=light.outside * day,
        )

    def place(self, px: ArrayLike, velocity_px_s: Pair = (0.0, 0.0)) -> Points:
        """Where points (n x 2, px) of the rendered picture are in the camera's picture, for labels.

        ``velocity_px_s`` is how the picture moves; it matters with a rolling shutter alone.
        """
        return self.rig.shutter.shift_points(self.lens.distort_points(px), self.lens.height, velocity_px_s)

    def shoot(
        self,
        radiance: Picture32 | Sequence[Picture32],
        t: float,
        motion_px: Pair = (0.0, 0.0),
        *,
        light: Light | None = None,
        face: Box | None = None,
    ) -> Picture:
        """Take one picture and let the exposure control judge it.

        Args:
            radiance: height x width float32 as ``lens.pinhole`` sees it, or sub-frames spread evenly over the exposure.
            t: time of the middle of the exposure, s.
            motion_px: how far (x, y) the picture moves during the exposure; leave it 0 with sub-frames.
            light: what ``lit`` gave, for the glare of the sun; without it there is none.
            face: x, y, width, height of the driver's face in the picture, for metering.

        Raises:
            InputError: not a radiance picture of the right size.
        """
        import cv2

        scene = radiance if isinstance(radiance, np.ndarray) else optics.average(radiance)
        self._check(scene)
        setting, shutter = self.setting, self.rig.shutter
        velocity = self._velocity(t, motion_px, setting.exposure_s)
        motion = (velocity[0] * setting.exposure_s, velocity[1] * setting.exposure_s)
        formed = shutter.skew(self._form(scene, motion), velocity)
        grey, raw = self.sensor.expose(formed, setting.exposure_s, setting.gain, self._stray(formed, light))
        self.control.update(grey, face)
        numbers = grey if raw is None else raw
        return Picture(
            grey=grey, raw=raw, t=t, exposure_s=setting.exposure_s, gain=setting.gain,
            led_share=self.rig.exposure.led_share(setting.exposure_s), mean=cv2.mean(grey)[0],
            saturated_share=int(np.count_nonzero(numbers == self.rig.sensor.top)) / grey.size, motion_px=motion,
        )  # fmt: skip

    def _velocity(self, t: float, motion_px: Pair, exposure_s: float) -> Pair:
        x, y = motion_px[0] / exposure_s, motion_px[1] / exposure_s
        if self.vibration.rms_px > 0:
            shake = self.vibration.velocity_px_s(t)
            x, y = x + shake[0], y + shake[1]
        return x, y

    def _form(self, scene: Picture32, motion: Pair) -> Picture32:
        """What falls on the sensor."""
        formed = self.lens.form(scene, self._bent)
        formed = optics.soften(formed, self.rig.optics.blur_px, self._soft)
        formed = optics.convolve(formed, self._defocus, self._spread)
        return optics.convolve(formed, optics.motion_kernel(motion))

    def _stray(self, formed: Picture32, light: Light | None) -> Picture32 | None:
        """Haze of the glass and glare of the sun."""
        haze = None if self._scatter is None else widely_blurred(formed) * self._scatter
        glare = None if light is None else sun_glare(light, self.rig.pose, self.rig.camera, self.rig.optics.veil)
        if haze is None or glare is None:
            return glare if haze is None else haze
        return np.asarray(haze + glare, dtype=np.float32)

    def _check(self, scene: Picture32) -> None:
        wanted = (self.lens.pinhole.height, self.lens.pinhole.width)
        if scene.dtype != np.float32 or scene.shape != wanted:
            raise InputError(f"radiance is {scene.dtype} {scene.shape}; draw float32 {wanted} with the camera of view()")
        if not (math.isfinite(float(scene.sum())) and float(scene.min()) >= 0):
            raise InputError("radiance has entries that are negative or not finite numbers; look for them in the renderer")
