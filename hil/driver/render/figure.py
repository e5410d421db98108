"""A figure's own parts on the GPU: skin, mouth, eyes and lashes. Only what a pose changed is uploaded again."""

from typing import TYPE_CHECKING

import numpy as np

from hil.driver.body.asset import Asset, Part, load
from hil.driver.body.posed import Posed
from hil.driver.ids import Id
from hil.driver.render import textures, uniforms
from hil.driver.render.context import Gl
from hil.driver.render.drawable import Floats, Skin
from hil.driver.render.drawn import texture_of
from hil.driver.render.shaders import UNIT, Programs, put

if TYPE_CHECKING:
    import moderngl

_SKINNED = ("head", "body", "hands", "mouth")
_NO_CLOTH = -1e4


class GpuPart:
    """Vertices of one part: what never changes, and what each pose may change."""

    def __init__(self, gl: Gl, programs: Programs, part: Part, name: str, asset: Asset) -> None:
        ctx = gl.ctx
        self._place, self.name = part.place, name
        self._last: tuple[object, object] = (None, None)
        self._moving = ctx.buffer(reserve=len(part.place) * 24, dynamic=True)
        self._rows = np.empty((len(part.place), 6), np.float32)
        masks = part.masks[:, [0, 1, 2, 4]]
        if name == "mouth":
            masks = np.stack([0 * asset.tooth, 0 * asset.tooth, 0 * asset.tooth, asset.tooth], axis=1)
        fixed = np.concatenate([part.uv, part.masks[:, 5:6]], axis=1).astype(np.float32)
        vertex = part.place
        content = [
            (self._moving, "3f 3f", "in_position", "in_normal"),
            (ctx.buffer(fixed), "2f 1f", "in_uv", "in_ambient"),
            (ctx.buffer(np.ascontiguousarray(np.round(masks * 255), np.uint8)), "4f1", "in_masks"),
            (ctx.buffer(part.bones[vertex].astype(np.uint8)), "4u1", "in_bones"),
            (ctx.buffer(np.round(part.weights[vertex] * 255).astype(np.uint8)), "4f1", "in_weights"),
        ]
        fragment, switches = "skin", ("SKINNED", "PART")
        if name == "lashes":
            fragment, switches = "lash", ("SKINNED", "STRIP")
            content.append((ctx.buffer(asset.lash.astype(np.float32)), "4f", "in_strip"))
        self.program = programs.get("mesh", fragment, *switches)
        dark = programs.get("mesh", "depth", "SKINNED", "PART")
        index = ctx.buffer(np.ascontiguousarray(part.triangles, np.int32))
        self._array = ctx.vertex_array(self.program, content, index, skip_errors=True)
        self._shadow = ctx.vertex_array(dark, content, index, skip_errors=True)

    def update(self, posed: Posed) -> None:
        """Upload the rest shape unless it is the one already there."""
        now = (posed.rest[self.name], posed.normals[self.name])
        if now[0] is self._last[0] and now[1] is self._last[1]:
            return
        self._rows[:, :3] = now[0][self._place]
        self._rows[:, 3:] = now[1][self._place]
        self._moving.write(self._rows)
        self._last = now

    def draw(self) -> None:
        """With the bound bones and light."""
        self._array.render()

    def draw_shadow(self) -> None:
        """Depth only."""
        self._shadow.render()


class GpuFigure:
    """One person: the parts of the asset with this person's skin."""

    def __init__(self, gl: Gl, programs: Programs, skin: Skin, passenger: bool = False) -> None:
        self._gl, self.skin, self._passenger = gl, skin, passenger
        asset = load()
        self._parts = {name: GpuPart(gl, programs, part, name, asset) for name, part in asset.parts.items()}
        self._bones = gl.ctx.buffer(reserve=len(asset.bones) * 48, dynamic=True)
        self._eyes = gl.ctx.buffer(reserve=uniforms.EYE_BYTES, dynamic=True)
        self._eye_program = programs.get("eye", "eye")
        rows, triangles = shell_patch()
        index = gl.ctx.buffer(np.ascontiguousarray(triangles))
        self._shell = gl.ctx.vertex_array(self._eye_program, [(gl.ctx.buffer(np.ascontiguousarray(rows)), "3f", "in_position")], index)
        self._iris = texture_of(gl, textures.iris(skin.iris_seed))
        self.dress(skin)

    def dress(self, skin: Skin) -> None:
        """Take another skin."""
        gl = self._gl
        if skin.iris_seed != self.skin.iris_seed:
            self._iris = texture_of(gl, textures.iris(skin.iris_seed))
        self.skin = skin
        height = np.zeros((4, 4), np.float32) if skin.height is None else skin.height
        gloss = np.full((4, 4), 128, np.uint8) if skin.gloss_map is None else skin.gloss_map
        self._maps = {
            "albedo_map": texture_of(gl, skin.albedo), "height_map": texture_of(gl, height), "gloss_map": texture_of(gl, gloss),
            "neckline_map": texture_of(gl, skin.neckline[None].astype(np.float32), mipmaps=False),
        }  # fmt: skip

    def update(self, posed: Posed) -> None:
        """Upload what this pose changed."""
        for part in self._parts.values():
            part.update(posed)
        self._bones.write(np.ascontiguousarray(posed.bones, np.float32))
        self._eyes.write(uniforms.eyes(posed, self.skin, self._passenger))

    def bind(self) -> None:
        """Bones, eyes and textures for what is drawn next."""
        self._bones.bind_to_uniform_block(1)
        self._eyes.bind_to_uniform_block(3)
        for name, texture in self._maps.items():
            texture.use(UNIT[name])

    def draw(self, posed: Posed) -> None:
        """The opaque parts; ``update`` and ``bind`` come first."""
        gl = self._gl
        gl.ctx.enable(gl.module.CULL_FACE)
        for name in _SKINNED:
            if name != "hands" or any(hand is not None for hand in posed.hands.values()):
                self._settings(self._parts[name])
                self._parts[name].draw()
        self._iris.use(UNIT["iris_map"])
        for side in (0, 1):
            put(self._eye_program, side=side)
            self._shell.render()

    def draw_lashes(self, words: bool) -> None:
        """The lashes: their light (blended), or their words where they cover more than half a pixel."""
        gl, skin, part = self._gl, self.skin, self._parts["lashes"]
        gl.ctx.disable(gl.module.CULL_FACE)
        word = Id.PASSENGER if self._passenger else Id.LASH
        put(part.program, lash=(skin.lash, skin.lash_density, skin.lash_cover, float(word)), mode=float(words))
        part.draw()

    def draw_shadow(self, posed: Posed) -> None:
        """Depth only, for the sun."""
        self._gl.ctx.disable(self._gl.module.CULL_FACE)
        for name in ("head", "body", "hands"):
            if name != "hands" or any(hand is not None for hand in posed.hands.values()):
                self._parts[name].draw_shadow()

    def _settings(self, part: GpuPart) -> None:
        skin, cloth = self.skin, self.skin.cloth
        base, nails, covered = skin.base, skin.nails, part.name in ("head", "body")
        words = [Id.HAND if part.name == "hands" else Id.SKIN, Id.CLOTH, Id.BELT, Id.MOUTH]
        if part.name == "mouth":
            base, nails, words[0] = skin.tongue, skin.teeth / skin.tongue, Id.MOUTH
        if self._passenger:
            words = [Id.PASSENGER] * 4
        height = 0.0 if skin.height is None or not covered else 1.0
        put(
            part.program, tone=(base, skin.lips, skin.lids, nails), finish=(skin.specular, skin.gloss, skin.wrap, height),
            cloth_look=(cloth.albedo, cloth.folds, cloth.weave, cloth.wrap), word=tuple(float(w) for w in words),
            belt=(float(skin.belt), skin.belt_mm, 0.12, 0.0), cloth_mm=5.0 if covered else 0.0,
            sleeve_mm=skin.sleeve_mm if covered else _NO_CLOTH,
        )  # fmt: skip


def shell_patch(
    rings: int = 10, around: int = 32, reach_deg: float = 75.0
) -> tuple[Floats, "np.ndarray[tuple[int, ...], np.dtype[np.int32]]"]:
    """The front of the unit sphere round the x axis: vertices and triangles, counter-clockwise from outside."""
    t = np.radians(np.linspace(0, reach_deg, rings + 1))[:, None]
    p = np.linspace(0, 2 * np.pi, around, endpoint=False)[None]
    rows = np.stack([np.cos(t) + 0 * p, np.sin(t) * np.cos(p), np.sin(t) * np.sin(p)], axis=2).reshape(-1, 3)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rings), np.arange(around), indexing="ij"))
    a, b = i * around + j, i * around + (j + 1) % around
    quads = np.stack([a, a + around, b + around, b], axis=1)
    return rows.astype(np.float32), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
