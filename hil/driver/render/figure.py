"""A figure's own parts on the GPU: skin, mouth, eyes and lashes. Only what a pose changed is uploaded again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import Asset, Ints, Part, load
from hil.driver.body.posed import Posed
from hil.driver.ids import Id
from hil.driver.render import textures, uniforms
from hil.driver.render.chunks import Chunks
from hil.driver.render.context import Gl
from hil.driver.render.drawable import Floats, Skin
from hil.driver.render.drawn import dense_weights, texture_of
from hil.driver.render.shaders import UNIT, Buffers, Programs

_NO_CLOTH = -1e4
View = tuple[NDArray[np.float64], Floats]
"""Clip matrix (vehicle frame) and bones."""


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
        fixed = np.concatenate([part.uv, part.masks[:, 5:6]], axis=1)
        content = [
            (self._moving, "3f 3f", "in_position", "in_normal"),
            (ctx.buffer(np.ascontiguousarray(fixed, np.float32)), "2f 1f", "in_uv", "in_ambient"),
            (ctx.buffer(np.ascontiguousarray(np.round(masks * 255), np.uint8)), "4f1", "in_masks"),
            (ctx.buffer(part.bones[part.place].astype(np.uint8)), "4u1", "in_bones"),
            (ctx.buffer(np.round(part.weights[part.place] * 255).astype(np.uint8)), "4f1", "in_weights"),
        ]
        if name == "lashes":
            content.append((ctx.buffer(np.ascontiguousarray(asset.lash, np.float32)), "4f", "in_strip"))
        meshes = [part.triangles, coarser(part)] if name == "head" else [part.triangles]
        shape = part.refine(asset.mean[: asset.vertices])[part.place]
        weights = dense_weights(part.bones[part.place], part.weights[part.place])
        self._chunks = [Chunks(shape, t, weights) for t in meshes]
        self._levels = [Buffers(gl, programs, content, chunks.triangles) for chunks in self._chunks]

    def update(self, posed: Posed) -> None:
        """Upload the rest shape unless it is the one already there."""
        now = (posed.rest[self.name], posed.normals[self.name])
        if now[0] is self._last[0] and now[1] is self._last[1]:
            return
        self._rows[:, :3] = now[0][self._place]
        self._rows[:, 3:] = now[1][self._place]
        self._moving.write(self._rows)
        for chunks in self._chunks:
            chunks.follow(self._rows[:, :3])
        self._last = now

    def draw(
        self, key: tuple[str, ...], view: View | None = None, coarse: bool = False, low: float = -np.inf, high: float = np.inf,
        **values: Any,
    ) -> None:  # fmt: skip
        """With the bound bones and light.

        Args:
            key: the program.
            view: clip matrix and bones, to leave out what cannot show; ``None``: draw all.
            coarse: without the subdivision, for large pixels.
            low, high: only groups of triangles whose lowest point (z of the mean rest shape) lies there.
            values: uniforms.
        """
        level = -1 if coarse else 0
        chunks = self._chunks[level]
        allowed = (chunks.lowest >= low) & (chunks.lowest < high)
        mask = allowed if view is None else allowed & chunks.seen(*view)
        runs = chunks.runs(mask, allowed)
        if runs:
            self._levels[level].draw(key, runs, **values)


class GpuFigure:
    """One person: the parts of the asset with this person's skin."""

    def __init__(self, gl: Gl, programs: Programs, skin: Skin, passenger: bool = False) -> None:
        self._gl, self._programs, self.skin, self._passenger = gl, programs, skin, passenger
        asset = load()
        self._parts = {name: GpuPart(gl, programs, part, name, asset) for name, part in asset.parts.items()}
        self._bones = gl.ctx.buffer(reserve=len(asset.bones) * 48, dynamic=True)
        self._eyes = gl.ctx.buffer(reserve=uniforms.EYE_BYTES, dynamic=True)
        rows, triangles = shell_patch()
        self._shell = Buffers(gl, programs, [(gl.ctx.buffer(np.ascontiguousarray(rows)), "3f", "in_position")], triangles)
        self.dress(skin)

    def dress(self, skin: Skin) -> None:
        """Take another skin."""
        gl, self.skin = self._gl, skin
        height = np.zeros((4, 4), np.float32) if skin.height is None else skin.height
        gloss = np.full((4, 4), 255, np.uint8) if skin.gloss_map is None else skin.gloss_map
        self._maps = {
            "albedo_map": texture_of(gl, skin.albedo), "height_map": texture_of(gl, height), "gloss_map": texture_of(gl, gloss),
            "neckline_map": texture_of(gl, skin.neckline[None].astype(np.float32), mipmaps=False),
            "iris_map": texture_of(gl, textures.iris(skin.iris_seed)),
        }  # fmt: skip
        pattern = skin.cloth.texture
        self._dressed = ("DRESSED",) if pattern is None else ("DRESSED", "PATTERN")
        if pattern is not None:
            self._maps["cloth_map"] = texture_of(gl, pattern)
        self._long_sleeves = _reaches_hands(skin)
        self._cloth_top = float(skin.neckline.max()) + 8.0

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

    def draw(self, posed: Posed, clip: NDArray[np.float64] | None) -> None:
        """The opaque parts; ``update`` and ``bind`` come first. ``clip``: to clip space, to leave out what cannot show."""
        gl, programs, view = self._gl, self._programs, None if clip is None else (clip, posed.bones)
        gl.ctx.enable(gl.module.CULL_FACE)
        bare = programs.key("mesh", "skin", "SKINNED", "PART")
        dressed = programs.key("mesh", "skin", "SKINNED", "PART", *self._dressed)
        coarse = "DENSE" not in programs.switches
        head = self._parts["head"]
        top = self._cloth_top
        head.draw(bare, view, coarse, low=top, **self._settings(head))
        head.draw(dressed, view, coarse, high=top, **self._settings(head))
        self._parts["body"].draw(dressed, view, **self._settings(self._parts["body"]))
        if _has_hands(posed):
            hands = self._parts["hands"]
            self._parts["hands"].draw(dressed if self._long_sleeves else bare, view, **self._settings(hands))
        if posed.mouth_opening_mm > 0.5:
            self._parts["mouth"].draw(bare, view, **self._settings(self._parts["mouth"]))
        for side in (0, 1):
            self._shell.draw(programs.key("eye", "eye", f"SIDE {side}"))

    def draw_lashes(self, *switches: str) -> None:
        """The lashes' light, to be blended; with WORDS: their words where they cover more than half a pixel."""
        gl, skin = self._gl, self.skin
        gl.ctx.disable(gl.module.CULL_FACE)
        word = Id.PASSENGER if self._passenger else Id.LASH
        key = self._programs.key("mesh", "lash", "SKINNED", "STRIP", *switches)
        self._parts["lashes"].draw(key, lash=(skin.lash, skin.lash_density, skin.lash_cover, float(word)))

    def draw_shadow(self, posed: Posed) -> None:
        """Depth only, for the sun."""
        key = self._programs.key("mesh", "depth", "SKINNED", "PART")
        self._gl.ctx.disable(self._gl.module.CULL_FACE)
        for name in ("head", "body", "hands"):
            if name != "hands" or _has_hands(posed):
                part = self._parts[name]
                part.draw(key, coarse=True, **self._settings(part))

    def _settings(self, part: GpuPart) -> dict[str, Any]:
        skin, cloth = self.skin, self.skin.cloth
        base, nails, covered = skin.base, skin.nails, part.name in ("head", "body")
        sleeved = covered or (part.name == "hands" and self._long_sleeves)
        words = [Id.HAND if part.name == "hands" else Id.SKIN, Id.CLOTH, Id.BELT, Id.MOUTH]
        if part.name == "mouth":
            base, nails, words[0] = skin.tongue, skin.teeth / skin.tongue, Id.MOUTH
        if self._passenger:
            words = [Id.PASSENGER] * 4
        height = 0.0 if skin.height is None or not covered else 1.0
        finish = (0.05, 45.0, 0.15, 0.0) if part.name == "mouth" else (skin.specular, skin.gloss, skin.wrap, height)
        return {
            "tone": (base, skin.lips, skin.lids, nails), "finish": finish, "cavity": 0.8 if part.name == "mouth" else 0.0,
            "cloth_look": (cloth.albedo, cloth.folds, cloth.weave, cloth.wrap), "word": tuple(float(w) for w in words),
            "belt": (float(skin.belt), skin.belt_mm, 0.0, -1.0 if self._passenger else 1.0), "cloth_mm": 5.0 if sleeved else 0.0,
            "sleeve": (*skin.sleeve_axis, skin.sleeve_mm if sleeved else _NO_CLOTH),
        }  # fmt: skip


def _reaches_hands(skin: Skin) -> bool:
    """Whether the sleeves may cover the beginning of the part with the hands, too (by the mean body, generously)."""
    asset = load()
    hands = asset.parts["hands"].refine(asset.mean[: asset.vertices])
    hands[:, 1] = np.abs(hands[:, 1])
    return skin.sleeve_mm > 0.85 * float((hands @ np.asarray(skin.sleeve_axis)).min())


def _has_hands(posed: Posed) -> bool:
    return any(hand is not None for hand in posed.hands.values())


def coarser(part: Part) -> Ints:
    """Triangles of a subdivided part before its subdivision, over the same drawn vertices.

    Four new quads of an old one stand together, each beginning with an old corner.
    """
    quads = len(part.triangles) // 2
    corners = part.triangles[:quads, 0].reshape(-1, 4)
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])


def shell_patch(rings: int = 10, around: int = 32, reach_deg: float = 75.0) -> tuple[Floats, Ints]:
    """The front of the unit sphere round the x axis: vertices and triangles, counter-clockwise from outside."""
    t = np.radians(np.linspace(0, reach_deg, rings + 1))[:, None]
    p = np.linspace(0, 2 * np.pi, around, endpoint=False)[None]
    rows = np.stack([np.cos(t) + 0 * p, np.sin(t) * np.cos(p), np.sin(t) * np.sin(p)], axis=2).reshape(-1, 3)
    i, j = (g.ravel() for g in np.meshgrid(np.arange(rings), np.arange(around), indexing="ij"))
    a, b = i * around + j, i * around + (j + 1) % around
    quads = np.stack([a, a + around, b + around, b], axis=1)
    return rows.astype(np.float32), np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int64)
