"""Has the lens lost its focus, or been smeared: the picture's sharpness against what is usual for this camera.

Sharpness here is the variance of the Laplacian, which the scene and the sensor's noise share in: no one number fits all cameras.
So the usual level is learned while running; it rises within a second and is forgotten slowly.
"""

import math

from dms.assessment.windows import HeldTime, Tick
from dms.profiles.rules import CameraRules


class SharpnessWatch:
    """Follows one camera."""

    def __init__(self, rules: CameraRules) -> None:
        self._rules = rules
        self._usual: float | None = None
        self._low = HeldTime(0.0, math.inf)
        self._share = 1.0

    def step(self, tick: Tick, sharpness: float | None) -> None:
        """Add one picture's sharpness; ``None``: not measured, or the picture cannot be used for another reason."""
        if sharpness is None:
            self._low.step(tick, None)
            return
        usual = sharpness if self._usual is None else self._usual
        self._share = sharpness / usual if usual > 0.0 else 1.0
        self._low.step(tick, self._share < self._rules.blur_share)
        memory = self._rules.fps_window_s if sharpness > usual else self._rules.sharpness_memory_s
        self._usual = usual + (sharpness - usual) * -math.expm1(-tick.dt / memory)

    @property
    def blurred(self) -> str | None:
        """What is wrong with the focus, if it has been for long enough."""
        if self._low.held < self._rules.blur_after_s:
            return None
        return f"picture blurred, {self._share:.0%} of the usual sharpness"
