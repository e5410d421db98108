"""Caps, hats, beanies, turbans and scarves over the head, and what they do to the hair."""

from dataclasses import dataclass

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.families import Headwear
from hil.driver.look.fitting import hung, mesh
from hil.driver.look.geometry import Floats, Sheet, box, curve, grid, merge, smooth, unit
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.render.drawable import Material, Mesh

_BEHIND = {
    "cap": ((0, 40, 90, 180), (21, 17, 7, -8)), "cap_backwards": ((0, 40, 90, 180), (24, 19, 7, -8)),
    "beanie": ((0, 40, 90, 180), (23, 19, 5, -16)), "turban": ((0, 35, 70, 90, 180), (22, 14, 3, -2, -20)),
    "wide_hat": ((0, 40, 90, 180), (22, 18, 9, 0)), "hijab": ((0, 40, 54, 66, 90, 180), (25, 21, 8, -40, -42, -45)),
    "hood": ((0, 40, 56, 70, 90, 180), (36, 30, 8, -40, -42, -45)),
    "shawl": ((0, 40, 58, 74, 90, 180), (42, 38, 18, -40, -42, -45)),
}  # fmt: skip
"""Lower edge of each head cover: azimuth from the front against height over the middle of the skull, degrees."""
DRAPED = ("hijab", "hood", "shawl")
"""Head covers that lie on the shoulders and hide ears and collar."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What a head cover does to hair.

    Attributes:
        azimuths, heights: its lower edge, degrees.
        hides_all: no hair can be seen.
        hides_long: only the closed layer of the hair may be seen, no loose strands.
    """

    azimuths: tuple[float, ...]
    heights: tuple[float, ...]
    hides_all: bool
    hides_long: bool

    def edge(self, azimuth: Floats) -> Floats:
        """Height of the lower edge at azimuths, degrees."""
        return np.asarray(np.interp(np.abs(azimuth), self.azimuths, self.heights), np.float32)

    def pressed(self, person: Person, points: Floats) -> Floats:
        """Points of hair with those under the cover laid on the scalp (at most 1.8 mm above it)."""
        away = points - person.centre
        far = np.linalg.norm(away, axis=-1)
        d = away / np.maximum(far, 1e-6)[..., None]
        azimuth = np.degrees(np.arctan2(d[..., 1], d[..., 0]))
        height = np.degrees(np.arcsin(np.clip(d[..., 2], -1, 1)))
        under = smooth(height - self.edge(azimuth), -9.0, -1.0)
        flat = np.minimum(far, person.reach(d) + 1.8)
        return np.asarray(person.centre + d * (far * (1 - under) + flat * under)[..., None], np.float32)


def cover_of(headwear: Headwear) -> Cover | None:
    """What this head cover hides; ``None`` for none."""
    if headwear == "none":
        return None
    azimuths, heights = _BEHIND[headwear]
    return Cover(azimuths, heights, headwear in ("hijab", "turban"), headwear in DRAPED)


def headwear(look: Look, person: Person) -> list[Mesh]:
    """Meshes of the head cover; none for a bare head."""
    name = look.worn.headwear
    cover = cover_of(name)
    if cover is None:
        return []
    rng = look.stream(3)
    knit = name in ("beanie", "hijab", "shawl", "turban")
    material = Material(
        id=Id.HAT, kind="cloth", albedo=look.worn.headwear_albedo, specular=0.015, wrap=0.15,
        folds=0.4 if name in DRAPED else 0.1, weave=0.6 if knit else 0.25, noise=0.06,
    )  # fmt: skip
    if name in DRAPED:
        return [hung(_draped(person, cover, name, rng), person, material, name)]
    makers = {"cap": _cap, "cap_backwards": _cap, "beanie": _beanie, "turban": _turban, "wide_hat": _wide_hat}
    return [mesh(makers[name](person, cover, rng, name), material, name, two_sided=True)]


def _dome(person: Person, cover: Cover, lift: Floats, columns: int = 97) -> Sheet:
    """A closed cap over the skull from its edge up; ``lift`` rows x columns, mm, first row at the edge, last on top."""
    azimuth = np.linspace(-180, 180, columns)[None]
    t = np.linspace(0, 1, len(lift))[:, None]
    edge = cover.edge(azimuth)
    height = edge + (90 - edge) * t
    return grid(person.on_head(np.broadcast_to(azimuth, height.shape), height, lift), flip=True)


def _hem(person: Person, cover: Cover, low: float, high: float, turn: float, columns: int = 97) -> Sheet:
    """A rolled edge: a flat loop around the lower edge, ``low`` mm below to ``high`` above, out by ``turn``."""
    azimuth = np.linspace(-180, 180, columns)
    angle = np.linspace(0, 2 * np.pi, 9)[:, None]
    middle, half = (high - low) / 2, (high + low) / 2
    up = (middle + half * np.sin(angle)) * 0.62
    lift = 5.2 + turn * (1 + np.cos(angle))
    height = cover.edge(azimuth)[None] + up
    return grid(person.on_head(np.broadcast_to(azimuth, height.shape), height, np.broadcast_to(lift, height.shape)))


def _cap(person: Person, cover: Cover, rng: np.random.Generator, name: str) -> Sheet:
    azimuth = np.linspace(-180, 180, 97)[None]
    t = np.linspace(0, 1, 22)[:, None]
    facing = azimuth if name == "cap" else 180 - np.abs(azimuth)
    panel = np.exp(-((facing / 55) ** 2)) * np.sin(np.pi * np.clip(t * 1.25, 0, 1)) * rng.uniform(7, 15)
    seams = -0.9 * np.exp(-((((azimuth + 180) % 60 - 30) / 2.0) ** 2)) * smooth(t, 1, 0.9)
    dome = _dome(person, cover, 5.0 + 5.5 * np.sin(np.pi * t * 0.62) + panel + seams)
    top = person.on_head(np.array(0.0), np.array(90.0), 10.0)
    button = box(top - np.array([6, 6, 3]), top + np.array([6, 6, 3]), 3.0)
    return merge([dome, _hem(person, cover, 3, 3, 0.8), button, _peak(person, cover, rng, name == "cap")])


def _peak(person: Person, cover: Cover, rng: np.random.Generator, front: bool) -> Sheet:
    """Peak of a cap: two curved faces with a rounded rim."""
    azimuth = np.linspace(-52, 52, 33)
    turned = azimuth if front else 180 + azimuth
    root = person.on_head(turned, cover.edge(np.abs((turned + 180) % 360 - 180)) + 1.5, 5.0)
    reach = rng.uniform(62, 74) * np.sqrt(np.clip(1 - (azimuth / 56) ** 2, 0, 1))[None, :, None]
    s = np.array([0.0, 0.2, 0.45, 0.7, 0.9, 1.0])[:, None, None]
    droop, bend = rng.uniform(0.12, 0.3), rng.uniform(0.05, 0.22)
    sign = 1.0 if front else -1.0
    ahead = np.array([sign, 0, 0]) * reach * s
    sag = np.array([0, 0, -1]) * (reach * s * droop + bend * reach * s * ((azimuth / 52) ** 2)[None, :, None] * 1.6)
    plate = root[None] + ahead + sag
    thick = np.array([0, 0, 1.3]) * np.array([1.0, 1, 1, 1, 0.8, 0.0])[:, None, None]
    rows = np.concatenate([plate + thick, (plate - thick)[::-1]])
    return grid(rows, flip=not front)


def _beanie(person: Person, cover: Cover, rng: np.random.Generator, _: str) -> Sheet:
    azimuth = np.linspace(-180, 180, 145)[None]
    t = np.linspace(0, 1, 22)[:, None]
    slouch = rng.uniform(0, 16) * smooth(t, 0.3, 0.9) * (0.6 + 0.4 * np.cos(np.radians(azimuth - 180)))
    ribs = 0.55 * np.sin(np.radians(azimuth) * 36) * smooth(t, 1, 0.8)
    return merge([
        _dome(person, cover, 5.0 + 3 * np.sin(np.pi * t * 0.6) + slouch + ribs, 145),
        _hem(person, cover, 2, float(rng.uniform(38, 52)), 3.2, 145),
    ])  # fmt: skip


def _turban(person: Person, cover: Cover, rng: np.random.Generator, _: str) -> Sheet:
    azimuth = np.linspace(-180, 180, 121)[None]
    t = np.linspace(0, 1, 40)[:, None]
    full = (
        8
        + rng.uniform(16, 26) * np.sin(np.pi * np.clip(0.12 + 0.75 * t, 0, 1))
        + 7 * np.exp(-(((np.abs(azimuth) - 60) / 45) ** 2)) * (1 - t)
    )
    slant = t * 7.2 + np.abs(azimuth) / 42 * (0.55 - 0.45 * t)
    wraps = 3.2 * (np.abs(np.sin(np.pi * slant)) - 0.6) * smooth(t, 1, 0.85)
    made = _dome(person, cover, full + wraps, 121)
    return merge([made, _hem(person, cover, 2, 6, 2.0, 121)])


def _wide_hat(person: Person, cover: Cover, rng: np.random.Generator, _: str) -> Sheet:
    azimuth = np.linspace(-180, 180, 97)
    t = np.linspace(0, 1, 20)[:, None]
    dent = -8 * np.exp(-((azimuth / 90) ** 2))[None] * smooth(t, 0.8, 1.0) + 14 * np.sin(np.pi * np.clip(t * 0.75, 0, 1))
    dome = _dome(person, cover, 5.0 + dent)
    root = person.on_head(azimuth, cover.edge(azimuth), 4.0)
    out = unit(np.stack([np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth)), np.zeros(97)], axis=1))
    wide = rng.uniform(50, 75)
    s = np.array([0.0, 0.3, 0.6, 0.9, 1.0])[:, None, None]
    wave = 9 * np.cos(2 * np.radians(azimuth))[None, :, None] * -1
    plate = root[None] + out[None] * wide * s + np.array([0, 0, 1.0]) * (s**2) * (wave - 8)
    thick = np.array([0, 0, 1.4]) * np.array([1.0, 1, 1, 0.8, 0.0])[:, None, None]
    band = _hem(person, cover, -2, 26, 1.0)
    return merge([dome, band, grid(np.concatenate([plate + thick, (plate - thick)[::-1]]), flip=True)])


def _draped(person: Person, cover: Cover, name: str, rng: np.random.Generator) -> Sheet:
    """A cloth over head and ears that leaves the face free and lies around the neck."""
    loose = {"hijab": 6.0, "hood": 17.0, "shawl": 10.0}[name]
    azimuth = np.concatenate([np.linspace(-180, -75, 22), np.linspace(-72, 72, 49), np.linspace(75, 180, 22)])
    t = np.linspace(0, 1, 34)[:, None]
    edge = cover.edge(azimuth)[None]
    height = edge + (90 - edge) * t
    creases = (0.9 + 0.12 * loose) * np.sin(np.radians(np.abs(azimuth)) * 7 + 6 * t + rng.uniform(0, 6)) * smooth(t, 1, 0.6)
    lift = loose + 0.5 * loose * smooth(np.abs(azimuth), 60, 150)[None] + 2.5 * smooth(t, 0.06, 0.0)
    upper = person.on_head(np.broadcast_to(azimuth, height.shape), height, lift, ears=True)
    upper = person.pushed_off_head(_relaxed(upper), 4.0, ears=True)
    upper = upper + unit(upper - person.centre) * (creases * smooth(t, 0, 0.1))[..., None]
    top = grid(upper, flip=True)
    return merge([top, _skirt(person, upper[0], azimuth, loose, name, rng)])


def _relaxed(points: Floats) -> Floats:
    """Rows smoothed along the columns: cloth does not follow every dent."""
    out = points.copy()
    for _ in range(12):
        out[1:, 1:-1] = 0.5 * out[1:, 1:-1] + 0.25 * (out[1:, :-2] + out[1:, 2:])
    return np.asarray(out, np.float32)


def _skirt(person: Person, edge: Floats, azimuth: Floats, loose: float, name: str, rng: np.random.Generator) -> Sheet:
    """From the jaw down over the neck to the shoulders."""
    jaw_height = np.interp(np.abs(azimuth), [0, 25, 50, 66, 90, 180], [-50, -47, -41, -40, -42, -45])
    jaw = person.on_head(azimuth, jaw_height, loose + 1.5)
    chin = float(person.place("chin_bottom")[2])
    a = np.radians(azimuth)
    wide = rng.uniform(95, 150) if name != "hood" else 88.0
    axis = np.array([float(person.centre[0]) - 22, 0, 0])
    hem = axis + np.stack([np.cos(a) * wide * 0.95, np.sin(a) * wide, np.full_like(a, chin - 100 - 20 * np.cos(a))], axis=1)
    neck = axis + np.stack([np.cos(a) * (78 + loose), np.sin(a) * (68 + loose), np.full_like(a, chin - 38)], axis=1)
    under = jaw + np.array([0, 0, -14]) - 4 * unit(jaw - person.centre)
    knots = np.stack([jaw, under, neck, 0.5 * (neck + hem) + np.array([0, 0, -12]), hem])
    rows = curve(knots.reshape(5, -1), 18).reshape(18, len(azimuth), 3)
    t = np.linspace(0, 1, 18)[:, None]
    waves = (2.0 + 0.15 * loose) * np.sin(a[None] * 6 + 4.5 * t + rng.uniform(0, 6)) + 1.6 * np.sin(17 * t + 2 * np.cos(a[None]))
    out = unit(np.stack([np.cos(a), np.sin(a), np.zeros_like(a)], axis=1))
    rows = rows + out[None] * (waves * np.sin(np.pi * t * 0.9))[..., None]
    folds = 3.0 * np.sin(a[None] * 5 + 6 * t + rng.uniform(0, 6)) + 2.0 * np.sin(a[None] * 9 - 11 * t)
    for _ in range(3):
        rows = person.pushed_off_trunk(np.asarray(rows, np.float32), 20.0)
        for _ in range(4):
            rows[1:-1] = 0.5 * rows[1:-1] + 0.25 * (rows[:-2] + rows[2:])
            around = np.concatenate([rows[2:, -2:-1], rows[2:], rows[2:, 1:2]], axis=1)
            rows[2:] = 0.5 * rows[2:] + 0.25 * (around[:, :-2] + around[:, 2:])
    rows = rows + out[None] * (folds * np.sin(np.pi * np.clip(1.1 * t, 0, 1)))[..., None]
    return grid(person.pushed_off_trunk(np.asarray(rows, np.float32), 20.0 + 0.5 * folds))
