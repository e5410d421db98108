"""What stands still in the picture, kept as light layers so that it costs a copy and not a drawing."""

from collections.abc import Callable, Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hil.driver.pose import Light
from hil.driver.render.context import Box, Gl, Target

_SHADOW_PX = 1024
Draw = Callable[[Target, Light], None]


class Still:
    """Layers (LED, ambient, sun) of one view and one direction of the sun."""

    def __init__(self, gl: Gl) -> None:
        self._gl = gl
        self._made: Hashable = None
        self._layers: list[NDArray[np.float32]] = []
        self._base: Target | None = None
        self._power: tuple[float, ...] | None = None

    def forget(self) -> None:
        """What stands still has changed."""
        self._made = self._base = None

    def show(self, target: Target, box: Box, key: Hashable, light: Light, draw: Draw) -> None:
        """Fill ``box`` of the target; ``draw`` draws everything that stands still into a whole target under a light."""
        power = (light.led, light.ambient) + ((light.sun,) if light.sun > 0 else ())
        key = (key, len(power))
        if key != self._made or self._base is None:
            self._base = self._make(target, light, len(power), draw)
            self._made = key
        self._mix(self._base, power)
        target.start(box, clear=False)
        self._gl.ctx.copy_framebuffer(target.frame, self._base.frame)

    def _make(self, target: Target, light: Light, count: int, draw: Draw) -> Target:
        base = Target(self._gl, target.size)
        self._layers = []
        for one in np.eye(3)[:count]:
            led, ambient, sun = (float(share) for share in one)
            draw(base, replace(light, led=led, ambient=ambient, sun=sun, outside=0.0))
            self._layers.append(base.read().astype(np.float32))
        self._power = None
        return base

    def _mix(self, base: Target, power: tuple[float, ...]) -> None:
        """Add the layers up in the base picture, if the light is another one than last time."""
        if power == self._power:
            return
        mixed = np.empty(self._layers[0].shape, np.float16)
        total = self._layers[0][..., 0] * np.float32(power[0])
        for layer, share in zip(self._layers[1:], power[1:], strict=True):
            total += layer[..., 0] * np.float32(share)
        mixed[..., 0] = total
        mixed[..., 1] = self._layers[0][..., 1]
        base.colour.write(mixed)
        self._power = power


class ShadowMap:
    """The sun's depth picture; what stands still in it is kept for as long as the sun stands still.

    Attributes:
        texture: the one to look up.
        still: what the kept part belongs to.
    """

    def __init__(self, gl: Gl) -> None:
        self._gl = gl
        made = [gl.ctx.depth_texture((_SHADOW_PX, _SHADOW_PX)) for _ in range(2)]
        for texture in made:
            texture.compare_func = "<="
            texture.repeat_x = texture.repeat_y = False
        self.texture = made[0]
        size = self.texture.size  # copying a frame buffer works only with a colour attachment
        self._frame, self._kept = (gl.ctx.framebuffer([gl.ctx.renderbuffer(size, 1, dtype="f1")], depth) for depth in made)
        self.still: Hashable = None

    def start(self) -> None:
        """Draw the still part from here on."""
        self._gl.ctx.disable(self._gl.module.CULL_FACE)
        self._kept.use()
        self._kept.clear(depth=1.0)

    def keep(self, still: Hashable) -> None:
        """The still part is done."""
        self.still = still

    def restart(self) -> None:
        """Draw what moves over the still part from here on."""
        self._gl.ctx.disable(self._gl.module.CULL_FACE)
        self._gl.ctx.copy_framebuffer(self._frame, self._kept)
        self._frame.use()
