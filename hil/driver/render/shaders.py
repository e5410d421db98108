"""The shader files, put together and compiled once a context."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hil.driver.body.asset import load
from hil.driver.render.context import Gl

if TYPE_CHECKING:
    import moderngl

FOLDER = Path(__file__).resolve().parent / "shaders"
_BLOCKS = {"Frame": 0, "Bones": 1, "Surface": 2, "Eyes": 3}
_SAMPLERS = (
    "noise_map", "shadow_map", "albedo_map", "height_map", "gloss_map", "neckline_map", "iris_map", "strand_map", "landscape_map",
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
    """Compiled programs of one context."""

    def __init__(self, gl: Gl) -> None:
        self._ctx = gl.ctx
        self._known: dict[tuple[str, ...], moderngl.Program] = {}

    def get(self, vertex: str, fragment: str, *defines: str) -> "moderngl.Program":
        """The program of two shader files (``mesh``, ``skin``) and switches (``SKINNED``, ``PART``, ``STRIP``)."""
        key = (vertex, fragment, *defines)
        if key not in self._known:
            program = self._ctx.program(source(f"{vertex}.vert", defines), source(f"{fragment}.frag", defines))
            for name, binding in _BLOCKS.items():
                if name in program:
                    program[name].binding = binding
            for name, unit in UNIT.items():
                if name in program:
                    program[name].value = unit
            self._known[key] = program
        return self._known[key]


def put(program: "moderngl.Program", **values: object) -> None:
    """Set those uniforms that the compiler left in."""
    for name, value in values.items():
        if name in program:
            program[name].value = value
