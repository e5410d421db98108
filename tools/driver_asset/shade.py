"""Ambient occlusion of the template: how much of the sky each vertex sees, by depth pictures from many sides."""

import moderngl
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SIZE = 768
_VERTEX = "#version 330\nin vec3 place; uniform mat4 m; void main() { gl_Position = m * vec4(place, 1.0); }"
_FRAGMENT = "#version 330\nvoid main() {}"


def directions(count: int) -> Floats:
    """Unit vectors spread evenly over the sphere (Fibonacci)."""
    i = np.arange(count) + 0.5
    z, angle = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    r = np.sqrt(1 - z * z)
    return np.stack([r * np.cos(angle), r * np.sin(angle), z], axis=1)


def openness(points: Floats, normals: Floats, triangles: NDArray[np.int64], count: int = 192, bias_mm: float = 1.5) -> Floats:
    """Share 0..1 of the cosine-weighted hemisphere each point sees past the triangles (over the same points)."""
    context = moderngl.create_context(standalone=True, backend="egl")
    program = context.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
    depth = context.depth_texture((_SIZE, _SIZE))
    target = context.framebuffer(depth_attachment=depth)
    mesh = context.vertex_array(
        program,
        [(context.buffer(points.astype("f4").tobytes()), "3f", "place")],
        context.buffer(triangles.astype("i4").tobytes()),
    )
    centre, radius = points.mean(axis=0), np.linalg.norm(points - points.mean(axis=0), axis=1).max() + 1
    seen, total = np.zeros(len(points)), np.zeros(len(points))
    for towards in directions(count):
        side = np.cross(towards, [0.0, 0.0, 1.0] if abs(towards[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        axes = np.stack([side, np.cross(towards, side), -towards])
        local = (points - centre) @ axes.T / radius
        matrix = np.eye(4)
        matrix[:3, :3] = axes / radius
        matrix[:3, 3] = -axes @ centre / radius
        target.use()
        target.clear(depth=1.0)
        context.enable_only(moderngl.DEPTH_TEST)
        program["m"].write(matrix.T.astype("f4").tobytes())
        mesh.render()
        picture = np.frombuffer(depth.read(alignment=1), "f4").reshape(_SIZE, _SIZE)
        x, y = ((local[:, :2] * 0.5 + 0.5) * _SIZE).astype(int).clip(0, _SIZE - 1).T
        free = local[:, 2] * 0.5 + 0.5 <= picture[y, x] + bias_mm / (2 * radius)
        cosine = (normals @ towards).clip(0)
        seen += cosine * free
        total += cosine
    return seen / np.maximum(total, 1e-9)
