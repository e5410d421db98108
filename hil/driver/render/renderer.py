"""Pictures of a figure in a cabin: radiance, label words and depth, from any pinhole camera.

What stands still (cabin, passenger) is drawn once a camera as two light layers, LED and ambient, which are added up by each
frame's light; in sunshine everything is drawn anew because of the shadows. Crops are just cameras with a shifted principal point.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dms.records.base import Vector
from dms.records.cabin import Cabin, Camera, CameraPose
from hil.driver.body.posed import Posed
from hil.driver.ids import Id
from hil.driver.pose import Light
from hil.driver.render import textures, uniforms
from hil.driver.render.cabin import interior_meshes
from hil.driver.render.context import Box, Size, Target, open_context
from hil.driver.render.drawable import Led, Mesh, Skin
from hil.driver.render.drawn import Drawn, texture_of
from hil.driver.render.figure import GpuFigure
from hil.driver.render.picture import Picture3, read_picture
from hil.driver.render.projection import clip_matrix, crop, ray_matrix, size_of, sun_matrix
from hil.driver.render.shaders import UNIT, Buffers, Programs
from hil.driver.render.still import ShadowMap, Still

__all__ = ["Picture3", "Renderer"]

Array = NDArray[np.float64]
_FINE_FOCAL, _DENSE_FOCAL = 1500.0, 3200.0
"""Focal lengths (px) from which fine skin and hair, and the subdivided head are drawn: pixels below about 0.45 and 0.2 mm."""
_SMALL_PX = 100_000
"""Smaller pictures (crops) draw what stands still anew instead of keeping layers of it."""
_SUN_STEP = 0.035
_SCENERIES = 6
_SHADOW_REACH_MM = 1100.0


@dataclass(frozen=True, slots=True, eq=False)
class _Shot:
    """What is fixed while one picture is drawn."""

    camera: Camera
    pose: CameraPose
    leds: tuple[Led, ...]
    clip: Array | None
    """Clip matrix of a crop, to send only what it shows; most of a whole picture shows."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal views under equal LEDs."""
        c, p = self.camera, self.pose
        return (c.fx, c.fy, c.cx, c.cy, *size_of(c), tuple(p.position_mm), tuple(p.forward), tuple(p.up), self.leds)


@dataclass(frozen=True, slots=True, eq=False)
class _Person:
    """A figure in a pose, with what it wears."""

    figure: GpuFigure
    posed: Posed
    worn: Sequence[Drawn]

    def update(self) -> None:
        """Upload what this pose changed."""
        self.figure.update(self.posed)
        for drawn in self.worn:
            drawn.update(self.posed)

    def draw(self, clip: Array | None) -> None:
        """Outermost first, as far as that is known: what is hidden is not shaded. Loose hair comes last, it hides little."""
        self.figure.bind()
        loose = [drawn for drawn in self.worn if drawn.material.kind == "hair" and drawn.skinned]
        for drawn in self.worn:
            if drawn not in loose:
                drawn.draw_opaque(self.posed, clip)
        self.figure.bind()
        self.figure.draw(self.posed, clip)
        for drawn in loose:
            drawn.draw_opaque(self.posed, clip)

    def draw_shadow(self) -> None:
        self.figure.bind()
        self.figure.draw_shadow(self.posed)
        for drawn in self.worn:
            drawn.draw_shadow(self.posed)


class Renderer:
    """Draws one driver in one cabin; use it in the thread that made it.

    Args:
        interior: meshes of the cabin (``cabin.interior``), vehicle frame.
        door: side of the driver's own door, +1 left, -1 right; the belt comes from there.
        middle_mm: about where the driver's eyes are; the sun's shadows are drawn round it.
        scenery: seed of what passes outside.
        fine: 1, or 2 to draw every picture twice as large and average it (smoother edges, four times the work).

    Raises:
        HardwareError: moderngl or EGL is missing, with the command that mends it.
    """

    def __init__(
        self,
        interior: Sequence[Mesh] = (),
        door: float = 1.0,
        fine: int = 1,
        middle_mm: Vector = (1500.0, 0.0, 1220.0),
        scenery: int = 0,
    ) -> None:
        self._gl = gl = open_context()
        self._programs = Programs(gl)
        self._fine = fine
        belts = [mesh.material.albedo for mesh in interior if mesh.material.id == Id.BELT]
        self._cabin = door, belts[0] if belts else 0.12
        self._middle = np.asarray(middle_mm, float) + np.array([150.0, -150.0 * door, -250.0])
        self._noise = texture_of(gl, textures.noise())
        self._strands = texture_of(gl, textures.strands())
        self._landscape = texture_of(gl, textures.landscape(scenery))
        self._frame = gl.ctx.buffer(reserve=uniforms.FRAME_BYTES, dynamic=True)
        corners = gl.ctx.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32))
        self._outside = Buffers(gl, self._programs, [(corners, "2f", "in_position")], np.array([[0, 1, 2]]))
        self._shadow = ShadowMap(gl)
        self._targets: dict[Size, Target] = {}
        self._figure: GpuFigure | None = None
        self._worn: list[Drawn] = []
        self._passenger: _Person | None = None
        self._interior = [Drawn(gl, self._programs, mesh) for mesh in interior]
        self._still = Still(gl)

    @classmethod
    def for_cabin(cls, cabin: Cabin, seed: int = 0, fine: int = 1) -> "Renderer":
        """For a vehicle file, with cabin looks number ``seed``."""
        door = 1.0 if cabin.drive == "lhd" else -1.0
        return cls(interior_meshes(cabin, seed), door, fine, cabin.ocular_point_mm, seed % _SCENERIES)

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
        self._shadow.still = None
        self._passenger = None
        if posed is not None:
            worn = [Drawn(self._gl, self._programs, mesh, passenger=True) for mesh in meshes]
            figure = GpuFigure(self._gl, self._programs, skin or Skin(belt=False), passenger=True)
            self._passenger = _Person(figure, posed, worn)

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
        clip = clip_matrix(fine, camera_pose) if _is_small(fine) else None
        shot = _Shot(fine, camera_pose, tuple(leds), clip)
        target = self._target(size_of(fine))
        rows = np.linspace(0, target.size[1], len(instants) + 1).round().astype(int)
        for (posed, light), top, bottom in zip(instants, rows[:-1], rows[1:], strict=True):
            self._band(shot, target, posed, light, (0, int(top), target.size[0], int(bottom - top)))
        target.whole()
        return read_picture(target, self._fine, depth, rows)

    def _target(self, size: Size) -> Target:
        if size not in self._targets:
            if len(self._targets) > 8:
                self._targets.clear()
            self._targets[size] = Target(self._gl, size)
        return self._targets[size]

    def _band(self, shot: _Shot, target: Target, posed: Posed | None, light: Light, box: Box) -> None:
        """One instant into one box: what stands still, the driver, what is outside, what is seen through."""
        person = None if posed is None or self._figure is None else _Person(self._figure, posed, self._worn)
        if person is not None:
            person.update()
        self._gl.ctx.enable_only(self._gl.module.DEPTH_TEST)
        small = shot.clip is not None
        if not small:
            key = (shot.key, _roughly(light.sun_direction) if light.sun > 0 else None)
            self._still.show(target, box, key, light, lambda to, parts: self._layer(shot, to, parts))
        self._use(shot, light, self._sun_shadow(person, light) if light.sun > 0 else None)
        target.start(box, clear=small)
        if person is not None:
            person.draw(shot.clip)  # nearest first: what it hides is not shaded
        if small:
            self._draw_still(shot, target)
        self._draw_outside(shot)
        if person is not None:
            self._see_through(target, shot, person)

    def _layer(self, shot: _Shot, target: Target, light: Light) -> None:
        """What stands still in one light; only it casts shadows on itself, so that it can be kept."""
        if light.sun > 0:
            light = replace(light, sun_direction=_roughly(light.sun_direction))
        self._use(shot, light, self._sun_shadow(None, light) if light.sun > 0 else None)
        target.start((0, 0, *target.size))
        self._draw_still(shot, target)

    def _draw_still(self, shot: _Shot, target: Target) -> None:
        for drawn in self._interior:
            drawn.draw_opaque(None, shot.clip)
        if self._passenger is not None:
            self._passenger.update()
            self._passenger.draw(shot.clip)
            self._see_through(target, shot, self._passenger)

    def _use(self, shot: _Shot, light: Light, sun: Array | None) -> None:
        """Bind one frame's camera, light and shared textures."""
        needs = {
            "SUN": sun is not None,
            "FINE": shot.camera.fx > _FINE_FOCAL,
            "DENSE": shot.camera.fx > _DENSE_FOCAL,
            "LAMPS": light.street > 0,
            "PAIR": uniforms.two_stand_for_all(shot.leds),
        }
        self._programs.switches = (f"COUNT {len(shot.leds)}", *(name for name, needed in needs.items() if needed))
        self._frame.write(uniforms.frame(shot.camera, shot.pose, light, shot.leds, sun, self._cabin))
        self._frame.bind_to_uniform_block(0)
        shared = {
            "noise_map": self._noise, "strand_map": self._strands,
            "shadow_map": self._shadow.texture, "landscape_map": self._landscape,
        }  # fmt: skip
        for name, texture in shared.items():
            texture.use(UNIT[name])

    def _see_through(self, target: Target, shot: _Shot, person: _Person) -> None:
        """Lashes, hair's edges and lenses over what is drawn: first their light, blended, then the words where they hide it."""
        ctx, gl = self._gl.ctx, self._gl.module
        figure, posed = person.figure, person.posed
        hair, lenses = ([drawn for drawn in person.worn if drawn.material.kind == kind] for kind in ("hair", "lens"))
        figure.bind()
        ctx.enable(gl.BLEND)
        target.write_only(radiance=True)
        ctx.blend_func = gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA
        figure.draw_lashes()
        for drawn in hair if "FINE" in self._programs.switches else ():
            drawn.draw(posed, shot.clip, "FRINGE")
        ctx.blend_func = gl.ONE, gl.SRC_ALPHA
        for drawn in lenses:
            drawn.draw(posed, shot.clip, "BLENDED")
        ctx.disable(gl.BLEND)
        target.write_only(radiance=False)
        figure.draw_lashes("WORDS")
        for drawn in lenses:
            drawn.draw(posed, shot.clip, "WORDS")
        target.write_all()

    def _draw_outside(self, shot: _Shot) -> None:
        ctx, gl = self._gl.ctx, self._gl.module
        ctx.disable(gl.CULL_FACE)
        ctx.depth_func = "<="
        rays = tuple(ray_matrix(shot.camera, shot.pose).T.ravel())
        self._outside.draw(self._programs.key("outside", "outside"), rays=rays)
        ctx.depth_func = "<"

    def _sun_shadow(self, person: _Person | None, light: Light) -> Array:
        """Draw what the sun sees; gives its clip matrix."""
        sun = sun_matrix(np.asarray(light.sun_direction, float), self._middle, _SHADOW_REACH_MM)
        self._frame.write(uniforms.shadow_frame(sun))
        self._frame.bind_to_uniform_block(0)
        still = tuple(light.sun_direction)
        if still != self._shadow.still:
            self._shadow.start()
            for drawn in self._interior:
                drawn.draw_shadow(None)
            if self._passenger is not None:
                self._passenger.draw_shadow()
            self._shadow.keep(still)
        self._shadow.restart()
        if person is not None:
            person.draw_shadow()
        return sun


def _is_small(camera: Camera) -> bool:
    width, height = size_of(camera)
    return width * height < _SMALL_PX


def _roughly(direction: Vector) -> Vector:
    """A direction to about two degrees: that often the still layers follow the sun."""
    x, y, z = (round(v / _SUN_STEP) * _SUN_STEP for v in direction)
    return x, y, z if (x, y, z) != (0.0, 0.0, 0.0) else 1.0
