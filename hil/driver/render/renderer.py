"""Pictures of a figure in a cabin: radiance, label words and depth, from any pinhole camera.

What stands still (cabin, passenger) is drawn once a camera as two light layers, LED and ambient, which are added up by each
frame's light; in sunshine everything is drawn anew because of the shadows. Crops are just cameras with a shifted principal point.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.records.base import Vector
from dms.records.cabin import Camera, CameraPose
from hil.driver.body.posed import Posed
from hil.driver.pose import Light
from hil.driver.render import textures, uniforms
from hil.driver.render.context import Box, Gl, Size, Target, open_context
from hil.driver.render.drawable import Led, Mesh, Skin
from hil.driver.render.drawn import Drawn, texture_of
from hil.driver.render.figure import GpuFigure
from hil.driver.render.projection import crop, depth_mm, ray_matrix, size_of, sun_matrix
from hil.driver.render.shaders import UNIT, Buffers, Programs
from hil.driver.render.still import Still

Array = NDArray[np.float64]
_FINE_FOCAL = 1500.0
"""Focal length (px) from which the fine head and fine skin are drawn: pixels below about half a millimetre."""
_SHADOW_PX = 1024
_SHADOW_REACH_MM = 1100.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture3:
    """One drawn picture, undistorted, without noise.

    Attributes:
        radiance: height x width float32, in the unit of ``pose.Light``.
        ids: height x width uint8 of ``Id``.
        depth_mm: height x width float32, camera z; ``None`` where it was not asked for.
    """

    radiance: NDArray[np.float32]
    ids: NDArray[np.uint8]
    depth_mm: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """What is fixed while one picture is drawn."""

    camera: Camera
    pose: CameraPose
    leds: tuple[Led, ...]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal views under equal LEDs."""
        c, p = self.camera, self.pose
        return (c.fx, c.fy, c.cx, c.cy, *size_of(c), tuple(p.position_mm), tuple(p.forward), tuple(p.up), self.leds)


class Renderer:
    """Draws one driver in one cabin; use it in the thread that made it.

    Args:
        interior: meshes of the cabin (``cabin.interior``), vehicle frame.
        door: side of the driver's own door, +1 left, -1 right; the belt comes from there.
        middle_mm: about where the driver's eyes are; the sun's shadows are drawn round it.
        fine: 1, or 2 to draw every picture twice as large and average it (smoother edges, four times the work).

    Raises:
        HardwareError: moderngl or EGL is missing, with the command that mends it.
    """

    def __init__(
        self, interior: Sequence[Mesh] = (), door: float = 1.0, fine: int = 1, middle_mm: Vector = (1500.0, 0.0, 1220.0)
    ) -> None:
        self._gl = gl = open_context()
        self._programs = Programs(gl)
        self._door, self._fine, self._middle = door, fine, middle_mm
        self._noise = texture_of(gl, textures.noise())
        self._strands = texture_of(gl, textures.strands())
        self._landscape = texture_of(gl, textures.landscape())
        self._frame = gl.ctx.buffer(reserve=uniforms.FRAME_BYTES, dynamic=True)
        corners = gl.ctx.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32))
        self._outside = Buffers(gl, self._programs, [(corners, "2f", "in_position")], np.array([[0, 1, 2]]))
        self._shadow = gl.ctx.depth_texture((_SHADOW_PX, _SHADOW_PX))
        self._shadow.compare_func = "<="
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_frame = gl.ctx.framebuffer(depth_attachment=self._shadow)
        self._targets: dict[Size, Target] = {}
        self._figure: GpuFigure | None = None
        self._worn: list[Drawn] = []
        self._passenger: tuple[GpuFigure, Posed, list[Drawn]] | None = None
        self._interior = [Drawn(gl, self._programs, mesh) for mesh in interior]
        self._still = Still(gl)

    def set_driver(self, meshes: Sequence[Mesh], skin: Skin) -> None:
        """The driver's looks; meshes and skins that are the same objects as before stay on the GPU."""
        self._gl.check_thread()
        if self._figure is None:
            self._figure = GpuFigure(self._gl, self._programs, skin)
        elif self._figure.skin is not skin:
            self._figure.dress(skin)
        there = {id(drawn.mesh): drawn for drawn in self._worn}
        self._worn = [there.get(id(mesh)) or Drawn(self._gl, self._programs, mesh) for mesh in meshes]

    def set_passenger(self, posed: Posed | None, meshes: Sequence[Mesh] = (), skin: Skin | None = None) -> None:
        """Somebody who sits still beside the driver; ``None`` = nobody."""
        self._gl.check_thread()
        self._still.forget()
        self._passenger = None
        if posed is not None:
            worn = [Drawn(self._gl, self._programs, mesh, passenger=True) for mesh in meshes]
            self._passenger = GpuFigure(self._gl, self._programs, skin or Skin(belt=False), passenger=True), posed, worn

    def render(
        self, camera: Camera, camera_pose: CameraPose, posed: Posed | None, light: Light, leds: Sequence[Led], depth: bool = True
    ) -> Picture3:
        """One picture; ``camera``'s distortion is not applied (see ``camera.optics.Lens``).

        Args:
            camera: intrinsics and size; a crop is a camera with shifted principal point (``projection.crop``).
            camera_pose: vehicle frame.
            posed: the driver; ``None``: the seat is empty.
            light: of this instant.
            leds: at most eight.
            depth: whether the depth picture is wanted.
        """
        return self.render_bands(camera, camera_pose, [(posed, light)], leds, depth)

    def render_bands(
        self, camera: Camera, camera_pose: CameraPose, instants: Sequence[tuple[Posed | None, Light]], leds: Sequence[Led],
        depth: bool = True,
    ) -> Picture3:  # fmt: skip
        """As ``render``, but each horizontal band (of equal height, from the top) shows its own instant: a rolling shutter."""
        self._gl.check_thread()
        width, height = size_of(camera)
        fine = crop(camera, 0, 0, width, height, self._fine) if self._fine > 1 else camera
        shot = _Shot(fine, camera_pose, tuple(leds))
        target = self._target(size_of(fine))
        rows = np.linspace(0, target.size[1], len(instants) + 1).round().astype(int)
        for (posed, light), top, bottom in zip(instants, rows[:-1], rows[1:], strict=True):
            self._band(shot, target, posed, light, (0, int(top), target.size[0], int(bottom - top)))
        target.frame.scissor = None
        return _picture(target, self._fine, depth)

    def _target(self, size: Size) -> Target:
        if size not in self._targets:
            if len(self._targets) > 8:
                self._targets.clear()
            self._targets[size] = Target(self._gl, size)
        return self._targets[size]

    def _band(self, shot: _Shot, target: Target, posed: Posed | None, light: Light, box: Box) -> None:
        ctx, gl = self._gl.ctx, self._gl.module
        if self._figure is None:
            posed = None
        if posed is not None and self._figure is not None:
            self._figure.update(posed)
        ctx.enable_only(gl.DEPTH_TEST)
        sun = self._sun_shadow(posed, light) if light.sun > 0 else None
        if sun is not None:
            self._use(shot, light, sun)
            target.start(box)
            self._draw_still(target)
        else:
            self._still.show(target, box, shot.key, light, lambda to, parts: self._layer(shot, to, parts))
            self._use(shot, light, None)
            target.start(box, clear=False)
        if posed is not None and self._figure is not None:
            self._figure.bind()
            self._figure.draw(posed)
            for drawn in self._worn:
                drawn.draw_opaque(posed)
        self._draw_outside(shot)
        if posed is not None and self._figure is not None:
            see_through(self._gl, target, self._figure, posed, self._worn, self._is_fine)

    def _layer(self, shot: _Shot, target: Target, light: Light) -> None:
        """Draw what stands still, under one light."""
        self._use(shot, light, None)
        target.start((0, 0, *target.size))
        self._draw_still(target)

    def _draw_still(self, target: Target) -> None:
        for drawn in self._interior:
            drawn.draw_opaque(None)
        if self._passenger is not None:
            figure, posed, worn = self._passenger
            figure.update(posed)
            figure.bind()
            figure.draw(posed)
            for drawn in worn:
                drawn.draw_opaque(posed)
            see_through(self._gl, target, figure, posed, worn, self._is_fine)

    def _use(self, shot: _Shot, light: Light, sun: Array | None) -> None:
        """Bind one frame's camera, light and shared textures."""
        needs = {"SUN": sun is not None, "FINE": shot.camera.fx > _FINE_FOCAL, "LAMPS": light.street > 0}
        self._programs.switches = tuple(name for name, needed in needs.items() if needed)
        self._frame.write(uniforms.frame(shot.camera, shot.pose, light, shot.leds, sun, self._door))
        self._frame.bind_to_uniform_block(0)
        shared = {
            "noise_map": self._noise, "strand_map": self._strands, "shadow_map": self._shadow, "landscape_map": self._landscape,
        }  # fmt: skip
        for name, texture in shared.items():
            texture.use(UNIT[name])

    @property
    def _is_fine(self) -> bool:
        return "FINE" in self._programs.switches

    def _draw_outside(self, shot: _Shot) -> None:
        ctx, gl = self._gl.ctx, self._gl.module
        ctx.disable(gl.CULL_FACE)
        ctx.depth_func = "<="
        rays = tuple(ray_matrix(shot.camera, shot.pose).T.ravel())
        self._outside.draw(self._programs.key("outside", "outside"), rays=rays)
        ctx.depth_func = "<"

    def _sun_shadow(self, posed: Posed | None, light: Light) -> Array:
        """Draw what the sun sees; gives its clip matrix."""
        ctx = self._gl.ctx
        middle = np.asarray(self._middle if posed is None else posed.head_mm, float) + (150.0, -150.0 * self._door, -250.0)
        sun = sun_matrix(np.asarray(light.sun_direction, float), middle, _SHADOW_REACH_MM)
        self._frame.write(uniforms.shadow_frame(sun))
        self._frame.bind_to_uniform_block(0)
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        ctx.disable(self._gl.module.CULL_FACE)
        if posed is not None and self._figure is not None:
            self._figure.bind()
            self._figure.draw_shadow(posed)
            for drawn in self._worn:
                drawn.draw_shadow(posed)
        for drawn in self._interior:
            drawn.draw_shadow(None)
        if self._passenger is not None:
            figure, still, _ = self._passenger
            figure.update(still)
            figure.bind()
            figure.draw_shadow(still)
        return sun


def see_through(gl: Gl, target: Target, figure: GpuFigure, posed: Posed, worn: Sequence[Drawn], fine: bool) -> None:
    """Lashes, hair's edges and lenses over what is drawn: first their light, blended, then the words where they hide it."""
    ctx = gl.ctx
    soft = [drawn for drawn in worn if drawn.material.kind in ("hair", "lens")]
    ctx.enable(gl.module.BLEND)
    target.write_only(radiance=True)
    ctx.blend_func = gl.module.SRC_ALPHA, gl.module.ONE_MINUS_SRC_ALPHA
    figure.draw_lashes()
    for drawn in soft if fine else ():
        if drawn.material.kind == "hair":
            drawn.draw(posed, "FRINGE")
    ctx.blend_func = gl.module.ONE, gl.module.SRC_ALPHA
    for drawn in soft:
        if drawn.material.kind == "lens":
            drawn.draw(posed, "BLENDED")
    ctx.disable(gl.module.BLEND)
    target.write_only(radiance=False)
    figure.draw_lashes("WORDS")
    for drawn in soft:
        if drawn.material.kind == "lens":
            drawn.draw(posed, "WORDS")
    target.write_all()


def _picture(target: Target, fine: int, depth: bool) -> Picture3:
    both = target.read()
    radiance, ids = both[..., 0].astype(np.float32), both[..., 1].astype(np.uint8)
    far = depth_mm(target.read_depth()) if depth else None
    if fine > 1:
        height, width = ids.shape[0] // fine, ids.shape[1] // fine
        radiance = radiance.reshape(height, fine, width, fine).mean(axis=(1, 3))
        ids = np.ascontiguousarray(ids[fine // 2 :: fine, fine // 2 :: fine])
        far = None if far is None else np.ascontiguousarray(far[fine // 2 :: fine, fine // 2 :: fine])
    return Picture3(radiance, ids, far)
