"""Worn and held things, and the cabin, on the GPU: one buffer set a mesh, uploaded once."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import load
from hil.driver.body.posed import Posed
from hil.driver.ids import Id
from hil.driver.render import uniforms
from hil.driver.render.chunks import Chunks
from hil.driver.render.context import Gl
from hil.driver.render.drawable import Attach, Floats, Material, Mesh, smooth_normals
from hil.driver.render.shaders import UNIT, Buffers, Programs

if TYPE_CHECKING:
    import moderngl

Array = NDArray[np.float64]
_STILL_MM = 0.02
_FRAGMENT = {"skin": "plain", "cloth": "plain", "plain": "plain", "hair": "hair", "lens": "lens", "glass": "lens"}


def texture_of(gl: Gl, picture: NDArray[np.generic], mipmaps: bool = True, repeat: bool = True) -> "moderngl.Texture":
    """A picture (h x w or h x w x c, uint8 or float) as a texture; first row is v = 0."""
    rows = np.ascontiguousarray(picture if picture.dtype == np.uint8 else picture.astype(np.float32))
    channels = rows.shape[2] if rows.ndim == 3 else 1
    texture = gl.ctx.texture(
        (rows.shape[1], rows.shape[0]), channels, rows, alignment=1, dtype="f1" if rows.dtype == np.uint8 else "f4"
    )
    texture.repeat_x = texture.repeat_y = repeat
    if mipmaps:
        texture.build_mipmaps()
        texture.filter = (gl.module.LINEAR_MIPMAP_NEAREST, gl.module.LINEAR)
    return texture


class Drawn:
    """One mesh on the GPU."""

    def __init__(self, gl: Gl, programs: Programs, mesh: Mesh, passenger: bool = False) -> None:
        self._gl, self._programs, self.mesh = gl, programs, mesh
        self.material = material = mesh.material
        self._last: object = None
        self.skinned = mesh.attach == "bones"
        self._own = ("SKINNED",) if self.skinned else ()
        features = {"TEXTURE": material.texture is not None, "HEIGHT": material.height is not None}
        features["FABRIC"] = material.folds + material.weave > 0
        self._features = tuple(name for name, there in features.items() if there)
        words = uniforms.surface(material)
        if passenger:
            words[2, 0] = Id.PASSENGER
        self._surface = gl.ctx.buffer(words)
        self._maps = self._textures(material)
        self._chunks = Chunks(mesh.vertices, mesh.triangles, _dense(mesh))
        self._buffers = Buffers(gl, programs, self._content(), self._chunks.triangles)

    def _textures(self, material: Material) -> "list[tuple[moderngl.Texture, int]]":
        maps = []
        if material.texture is not None:
            maps.append((texture_of(self._gl, material.texture), UNIT["albedo_map"]))
        if material.height is not None:
            scale = max(float(np.abs(material.height).max()), 1e-6)
            maps.append((texture_of(self._gl, material.height / scale), UNIT["height_map"]))
        return maps

    def _content(self) -> list[tuple[Any, ...]]:
        mesh, ctx = self.mesh, self._gl.ctx
        k = len(mesh.vertices)
        normals = smooth_normals(mesh.vertices, mesh.triangles) if mesh.normals is None else mesh.normals
        uv = np.zeros((k, 2)) if mesh.uv is None else mesh.uv
        ambient = np.ones(k) if mesh.ambient is None else mesh.ambient
        self._rows = np.ascontiguousarray(np.concatenate([mesh.vertices, normals, uv, ambient[:, None]], axis=1), np.float32)
        self._moving = ctx.buffer(self._rows, dynamic=mesh.follow is not None)
        content: list[tuple[Any, ...]] = [(self._moving, "3f 3f 2f 1f", "in_position", "in_normal", "in_uv", "in_ambient")]
        if mesh.bones is not None and mesh.weights is not None and self.skinned:
            content.append((ctx.buffer(np.ascontiguousarray(mesh.bones, np.uint8)), "4u1", "in_bones"))
            content.append((ctx.buffer(np.ascontiguousarray(np.round(mesh.weights * 255), np.uint8)), "4f1", "in_weights"))
        return content

    def update(self, posed: Posed) -> None:
        """Go with the face, where the mesh does."""
        follow = self.mesh.follow
        if follow is None or posed.rest["head"] is self._last:
            return
        self._last = head = posed.rest["head"]
        at = self.mesh.vertices + follow.shift(head)
        if np.abs(at - self._rows[:, :3]).max() > _STILL_MM:
            self._rows[:, :3] = at
            self._moving.write(self._rows)
            self._chunks.follow(at)

    def draw(self, posed: Posed | None, clip: Array | None, *switches: str) -> None:
        """Draw with the bound lights and bones; ``clip``: vehicle frame to clip space, to leave out what cannot show."""
        at = placed(self.mesh.attach, posed)
        if at is None:
            return
        runs = None
        if clip is not None:
            runs = self._chunks.runs(self._chunks.seen(clip @ at, posed.bones if posed is not None else None))
            if not runs:
                return
        self._surface.bind_to_uniform_block(2)
        for texture, unit in self._maps:
            texture.use(unit)
        ctx, flag = self._gl.ctx, self._gl.module.CULL_FACE
        (ctx.disable if self.mesh.two_sided else ctx.enable)(flag)
        key = self._programs.key("mesh", _FRAGMENT[self.material.kind], *self._own, *self._features, *switches)
        self._buffers.draw(key, runs, place=tuple(at.T.ravel()))

    def draw_opaque(self, posed: Posed | None, clip: Array | None) -> None:
        """Draw what hides things behind it: nothing of a see-through lens, the closed part of hair."""
        if self.material.kind != "lens":
            self.draw(posed, clip)

    def draw_shadow(self, posed: Posed | None) -> None:
        """Draw depth only."""
        at = placed(self.mesh.attach, posed)
        if at is not None and self.material.kind != "lens":
            self._buffers.draw(self._programs.key("mesh", "depth", *self._own), place=tuple(at.T.ravel()))


def _dense(mesh: Mesh) -> Array | None:
    """Weights over all bones, k x b."""
    if mesh.attach != "bones" or mesh.bones is None or mesh.weights is None:
        return None
    return dense_weights(mesh.bones, mesh.weights)


def dense_weights(bones: NDArray[np.int64], weights: Floats) -> Array:
    """Four bones and weights a vertex (k x 4 each) as k x b."""
    out = np.zeros((len(bones), len(load().bones)))
    np.add.at(out, (np.arange(len(bones))[:, None], bones), weights)
    return out


def placed(attach: Attach, posed: Posed | None) -> Array | None:
    """Matrix (4 x 4) of a mesh's frame; ``None`` when what it hangs on is not there."""
    if attach == "vehicle":
        return np.eye(4)
    if posed is None:
        return None
    if attach == "head":
        return posed.head_frame
    if attach == "bones":
        return np.eye(4)
    hand = posed.hands.get("left" if attach == "hand_left" else "right")
    return None if hand is None else hand.palm
