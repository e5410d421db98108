"""The shader files, put together and compiled once a context."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import load
from hil.driver.render.chunks import Runs
from hil.driver.render.context import Gl

if TYPE_CHECKING:
    import moderngl

FOLDER = Path(__file__).resolve().parent / "shaders"
_BLOCKS = {"Frame": 0, "Bones": 1, "Surface": 2, "Eyes": 3}
_SAMPLERS = (
    "noise_map", "shadow_map", "albedo_map", "height_map", "gloss_map", "neckline_map", "iris_map", "strand_map", "landscape_map",
    "cloth_map",
)  # fmt: skip
_INCLUDES = {
    "skin.frag": ("light", "cover", "relief", "fabric"),
    "plain.frag": ("light", "surface", "relief", "fabric"),
    "hair.frag": ("light", "surface"),
    "lens.frag": ("light", "surface"),
    "lash.frag": ("light",),
    "eye.frag": ("light", "eyes"),
    "eye.vert": ("eyes",),
}
_LIT = ("COUNT", "SUN", "PAIR")
_WANTS = {
    "skin": (*_LIT, "FINE"), "plain": _LIT, "hair": _LIT, "lens": _LIT, "lash": _LIT, "eye": _LIT, "outside": ("LAMPS",),
}  # fmt: skip
UNIT = {name: place for place, name in enumerate(_SAMPLERS)}
"""Texture unit of each sampler, the same in all programs."""


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def source(name: str, defines: tuple[str, ...] = ()) -> str:
    """The whole GLSL text of a shader file with what it includes."""
    includes = [f"{include}.glsl" for include in ("frame", *_INCLUDES.get(name, ()))]
    if name == "mesh.vert" and "PART" in defines:
        includes.append("cover.glsl")
    lines = ["#version 330", *(f"#define {d}" for d in defines), f"#define BONES {len(load().bones)}"]
    return "\n".join([*lines, *(_text(include) for include in includes), _text(name)])


class Programs:
    """Compiled programs of one context.

    Attributes:
        switches: ``COUNT n`` (LEDs), ``SUN``, ``PAIR``, ``FINE``, ``LAMPS``: what this frame needs. llvmpipe runs both sides
            of every branch and is slow at counted loops, so what a frame does not need must not be in its programs.
    """

    def __init__(self, gl: Gl) -> None:
        self._ctx = gl.ctx
        self.switches: tuple[str, ...] = ()
        self._known: dict[tuple[str, ...], moderngl.Program] = {}

    def key(self, vertex: str, fragment: str, *own: str) -> tuple[str, ...]:
        """Names the program of two shader files (``mesh``, ``skin``), their own switches and this frame's."""
        wanted = _WANTS.get(fragment, ())
        return (vertex, fragment, *own, *(s for s in self.switches if s.split()[0] in wanted))

    def get(self, key: tuple[str, ...]) -> "moderngl.Program":
        """The program, compiled at the first call."""
        if key not in self._known:
            vertex, fragment, *switches = key
            program = self._ctx.program(source(f"{vertex}.vert", tuple(switches)), source(f"{fragment}.frag", tuple(switches)))
            for name, binding in _BLOCKS.items():
                if name in program:
                    member: Any = program[name]
                    member.binding = binding
            put(program, **UNIT)
            self._known[key] = program
        return self._known[key]


class Buffers:
    """Vertex buffers and triangles, drawn by whatever program is asked for."""

    def __init__(self, gl: Gl, programs: Programs, content: list[tuple[Any, ...]], triangles: NDArray[np.int64]) -> None:
        self._ctx, self._programs, self._content = gl.ctx, programs, content
        self._index = gl.ctx.buffer(np.ascontiguousarray(triangles, np.int32))
        self._arrays: dict[tuple[str, ...], tuple[moderngl.Program, moderngl.VertexArray]] = {}

    def draw(self, key: tuple[str, ...], runs: Runs | None = None, **values: object) -> None:
        """Draw stretches of triangles (``None``: all) with the program of ``Programs.key`` and these uniforms."""
        if key not in self._arrays:
            program = self._programs.get(key)
            self._arrays[key] = program, self._ctx.vertex_array(program, self._content, self._index, skip_errors=True)
        program, array = self._arrays[key]
        put(program, **values)
        if runs is None:
            array.render()
        for first, count in runs or ():
            array.render(vertices=count * 3, first=first * 3)


def put(program: "moderngl.Program", **values: object) -> None:
    """Set those uniforms that the compiler left in."""
    for name, value in values.items():
        if name in program:
            member: Any = program[name]
            member.value = value
