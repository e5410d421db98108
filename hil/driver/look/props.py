"""What a hand holds, in the palm's axes (x along the fingers, y out of the palm), and a phone on its mount."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from hil.driver.ids import Id
from hil.driver.look.fitting import mesh
from hil.driver.look.geometry import Floats, Sheet, box, grid, merge, tube
from hil.driver.look.look import Look
from hil.driver.pose import Prop, Side
from hil.driver.render.drawable import Attach, Material, Mesh
from hil.driver.truth.from_body import PROP_FROM_PALM_MM, PROP_HALF_MM

_PHONE = (74.0, 36.0, 4.0)
"""Half length, width, thickness, mm."""


def held(prop: Prop, side: Side, look: Look) -> list[Mesh]:
    """Meshes of a held thing; the same objects for the same arguments."""
    return list(_held(prop, side, look.seed % 8, round(look.phone_albedo, 3)))


@cache
def _held(prop: Prop, side: Side, kind: int, albedo: float) -> tuple[Mesh, ...]:
    attach: Attach = "hand_left" if side == "left" else "hand_right"
    centre, thumb = np.array(PROP_FROM_PALM_MM[prop]), 1.0 if side == "right" else -1.0
    if prop == "phone":
        return tuple(_phone(np.array([[1.0, 0, 0], [0, 0, thumb], [0, 1.0, 0]]), centre, albedo, attach))
    if prop == "cup":
        return tuple(_drink(kind, centre, thumb, attach))
    if prop == "cigarette":
        return tuple(_cigarette(centre, attach))
    return tuple(_sandwich(centre, kind, attach))


def mounted_phone(place: ArrayLike, look: Look) -> list[Mesh]:
    """A phone in a holder; ``place``: 4 x 4, vehicle frame; columns: its upper end, its side, its screen's normal."""
    at = np.asarray(place, float)
    axes, centre = at[:3, :3].T, at[:3, 3]
    black = Material(id=Id.CABIN, albedo=0.06, specular=0.04, noise=0.05)
    parts = [
        box([-20, -30, -17], [20, 30, -5], 4.0),
        box([-58, -41, -8], [-42, 41, 6], 3.0),
        tube([[0, 0, -16], [-25, 0, -45], [-70, 0, -60]], 9),
    ]
    holder = merge(Sheet(_placed(p.points, axes, centre), p.normals @ axes, p.uv, p.triangles) for p in parts)
    return [*_phone(axes, centre, look.phone_albedo, "vehicle"), mesh(holder, black, "phone_holder", attach="vehicle")]


def _placed(points: Floats, axes: Floats, centre: Floats) -> Floats:
    return np.asarray(points @ axes + centre, np.float32)


def _phone(axes: Floats, centre: Floats, albedo: float, attach: Attach) -> list[Mesh]:
    """Slab, dark screen, camera bump. ``axes``: rows are its length (top last), width and screen normal."""
    a, b, c = _PHONE
    slab = merge([box([-a, -b, -c], [a, b, c - 0.3], 3.6), box([a - 34, -b + 3, -c - 2.2], [a - 4, -b + 33, -c + 1], 2.0)])
    x, y = np.meshgrid(np.linspace(-a + 2.5, a - 2.5, 6), np.linspace(-b + 2.5, b - 2.5, 4), indexing="ij")
    screen = grid(np.stack([x, y, np.full_like(x, c + 0.05)], axis=-1))
    rings = [tube([[x, y, -c - 2.0], [x, y, -c - 3.2]], 6.5, sides=12) for x, y in ((a - 12, -b + 11), (a - 26, -b + 25))]
    plastic = Material(id=Id.PHONE, albedo=albedo, specular=0.05, gloss=30, noise=0.0)
    glass = Material(id=Id.PHONE, kind="glass", albedo=0.035, specular=0.04, gloss=200, reflect=0.05, noise=0.0)
    turned = "mirrored" if np.linalg.det(axes) < 0 else ""
    out = []
    for name, part, material in (
        ("phone", slab, plastic),
        ("phone_screen", screen, glass),
        ("phone_lenses", merge(rings), glass),
    ):
        triangles = part.triangles[:, ::-1] if turned else part.triangles
        made = Sheet(_placed(part.points, axes, centre), np.asarray(part.normals @ axes, np.float32), part.uv, triangles)
        out.append(mesh(made, material, name, attach=attach, two_sided=name == "phone_screen"))
    return out


def _turned(profile: list[tuple[float, float]], centre: Floats, thumb: float) -> Sheet:
    """A body of revolution around the palm's z through ``centre``; (height, radius) from below."""
    angle = np.linspace(0, 2 * np.pi, 29)
    rows = [
        np.stack([centre[0] + r * np.cos(angle), centre[1] + r * np.sin(angle), np.full(29, centre[2] + thumb * h)], axis=1)
        for h, r in profile
    ]
    return grid(np.stack(rows), flip=thumb > 0)


def _drink(kind: int, centre: Floats, thumb: float, attach: Attach) -> list[Mesh]:
    """Paper cup with a lid, can, or bottle."""
    high = PROP_HALF_MM["cup"][2]
    if kind % 3 == 0:
        body = [(-high, 0.0), (-high, 27), (high - 12, 37), (high - 12, 0.0)]
        top = [(high - 13, 38.5), (high - 9, 39), (high - 8, 36), (high - 1, 33), (high, 30), (high - 2, 28), (high - 2, 0.0)]
        look, second = Material(id=Id.PROP, albedo=0.65, specular=0.02), Material(id=Id.PROP, albedo=0.75, specular=0.05)
    elif kind % 3 == 1:
        body = [(-high, 0.0), (-high, 24), (-high + 6, 31), (high - 9, 31), (high - 1, 26)]
        top = [(high - 1, 26), (high, 25.5), (high - 2, 24), (high - 2, 0.0)]
        look = Material(id=Id.PROP, albedo=0.5, specular=0.35, gloss=50)
        second = Material(id=Id.PROP, albedo=0.6, specular=0.5, gloss=60)
    else:
        body = [(-high, 0.0), (-high, 26), (-high + 8, 31), (15, 31), (32, 22), (high - 16, 13), (high - 12, 13)]
        top = [(high - 15, 15), (high, 15), (high, 0.0)]
        look = Material(id=Id.PROP, kind="glass", albedo=0.35, specular=0.05, gloss=80, reflect=0.04)
        second = Material(id=Id.PROP, albedo=0.6, specular=0.04)
    return [
        mesh(_turned(body, centre, thumb), look, "drink", two_sided=True, attach=attach),
        mesh(_turned(top, centre, thumb), second, "drink_top", two_sided=True, attach=attach),
    ]


def _cigarette(centre: Floats, attach: Attach) -> list[Mesh]:
    half, radius, _ = PROP_HALF_MM["cigarette"]
    x = np.array([-half, -half + 24, -half + 24.1, half - 6, half - 5.9, half])
    line = np.stack([centre[0] + x, np.full(6, centre[1]), np.full(6, centre[2])], axis=1)
    white = Material(id=Id.PROP, albedo=0.8, specular=0.01)
    ash = Material(id=Id.PROP, albedo=0.3, specular=0.0, noise=0.4, noise_mm=8)
    filters = Material(id=Id.PROP, albedo=0.6, specular=0.01)
    pieces = (("filter", line[:2], filters), ("cigarette", line[2:4], white), ("ash", line[4:], ash))
    return [mesh(tube(path, radius, sides=10), material, name, attach=attach) for name, path, material in pieces]


def _sandwich(centre: Floats, kind: int, attach: Attach) -> list[Mesh]:
    """Two slices with something between, bitten at the far end."""
    a, b, c = PROP_HALF_MM["food"]
    x, z = np.meshgrid(np.linspace(-1, 1, 15), np.linspace(-1, 1, 15), indexing="ij")
    bite = 0.35 * np.exp(-((z / 0.45) ** 2)) * (kind % 2)
    out = []
    for name, low, high, albedo in (("bread", -1.0, -0.3, 0.62), ("filling", -0.32, 0.32, 0.35), ("bread", 0.3, 1.0, 0.62)):
        size = 0.94 if name == "filling" else 1.0
        round_ = np.sqrt(np.clip(1 - np.maximum(np.abs(x), np.abs(z)) ** 6, 0, 1))
        spread = np.where(x > 0, x * (1 - bite), x)
        sides = []
        for level, lid in ((high, 1), (low, -1)):
            y = 0.5 * (low + high) + (level - 0.5 * (low + high)) * round_
            rows = np.stack([centre[0] + a * size * spread, centre[1] + b * y, centre[2] + c * size * z], axis=-1)
            sides.append(grid(rows, flip=lid > 0))
        out.append(
            mesh(
                merge(sides),
                Material(id=Id.PROP, albedo=albedo, specular=0.01, noise=0.3, noise_mm=25),
                name,
                two_sided=True,
                attach=attach,
            )
        )
    return out
