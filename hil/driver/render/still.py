"""What stands still in the picture, kept as light layers so that it costs a copy and not a drawing."""

from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from hil.driver.pose import Light
from hil.driver.render.context import Box, Gl, Target

Draw = Callable[[Target, Light], None]


class Still:
    """Layers of one view. A view that is asked for once is drawn directly, the second time its layers are made and kept."""

    def __init__(self, gl: Gl) -> None:
        self._gl = gl
        self._seen: Hashable = None
        self._made: Hashable = None
        self._layers: list[NDArray[np.float32]] = []
        self._base: Target | None = None
        self._power: tuple[float, float] | None = None

    def forget(self) -> None:
        """What stands still has changed."""
        self._seen = self._made = self._base = None

    def show(self, target: Target, box: Box, key: Hashable, light: Light, draw: Draw) -> None:
        """Fill ``box`` of the target; ``draw`` draws everything that stands still into a whole target under a light."""
        if key != self._seen:
            self._seen = key
            draw(target, light)
            return
        if key != self._made:
            self._make(target, draw)
            self._made = key
        self._mix(light)
        target.start(box, clear=False)
        self._gl.ctx.copy_framebuffer(target.frame, self._base.frame if self._base else target.frame)

    def _make(self, target: Target, draw: Draw) -> None:
        self._base = base = Target(self._gl, target.size)
        self._layers = []
        for led, ambient in ((1.0, 0.0), (0.0, 1.0)):
            draw(base, Light(led=led, ambient=ambient, outside=0.0))
            self._layers.append(base.read().astype(np.float32))
        self._power = None

    def _mix(self, light: Light) -> None:
        """Add the layers up in the base picture, if the light is another one than last time."""
        power = (light.led, light.ambient)
        if self._base is None or power == self._power:
            return
        led, ambient = self._layers
        mixed = np.empty(led.shape, np.float16)
        mixed[..., 0] = led[..., 0] * np.float32(power[0]) + ambient[..., 0] * np.float32(power[1])
        mixed[..., 1] = led[..., 1]
        self._base.colour.write(mixed)
        self._power = power
