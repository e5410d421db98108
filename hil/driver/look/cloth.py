"""Clothes: neckline, sleeves, collar, pattern. The renderer pushes the body out under the cloth; collars are own meshes."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hil.driver.ids import Id
from hil.driver.look.canvas import mean_person
from hil.driver.look.families import Pattern
from hil.driver.look.fitting import worn
from hil.driver.look.geometry import Floats, Ints, Sheet, curve, grid, merge, smooth, tube, vertex_normals
from hil.driver.look.headwear import DRAPED
from hil.driver.look.look import Cloth, Look
from hil.driver.look.person import Person
from hil.driver.render.drawable import Material, Mesh

_TEXELS = 1024
_AXIS_X = -75.0
"""Around this line (y = 0) the neckline's angles are counted."""
_NECK_AXIS_X = -102.0


def neckline(cloth: Cloth, person: Person) -> NDArray[np.float32]:
    """64 heights around the neck, as ``Skin.neckline`` wants them."""
    angle = np.linspace(-np.pi, np.pi, 64, endpoint=False)
    low = {"tshirt": -154.0, "shirt": -146.0, "hoodie": -150.0, "turtleneck": -122.0, "lapels": -148.0, "vneck": -152.0}[
        cloth.collar
    ]
    height = low - 19 * np.cos(angle)
    if cloth.collar == "vneck":
        height = height - 62 * np.clip(1 - np.abs(angle) / 0.75, 0, 1)
    if cloth.collar in ("shirt", "lapels"):
        height = height - 26 * np.clip(1 - np.abs(angle) / 0.4, 0, 1)
    return np.asarray(height + sunk(person), np.float32)


def sunk(person: Person) -> float:
    """How much higher (+) or lower (-) than on the mean body this identity's shoulders begin."""
    mean = mean_person().part("body")
    rows = (mean[:, 2] > -215) & (mean[:, 2] < -130) & (np.abs(mean[:, 1]) < 110)
    return float((person.part("body")[rows, 2] - mean[rows, 2]).mean())


def material(cloth: Cloth) -> Material:
    """The cloth of the trunk; its texture lies in the asset's atlas."""
    bright = max(cloth.albedo, cloth.second) if cloth.pattern != "plain" else cloth.albedo
    texture = None if cloth.pattern == "plain" else _pattern(cloth)
    return Material(
        id=Id.CLOTH, kind="cloth", albedo=bright, specular=0.01, wrap=0.1, folds=cloth.folds, weave=cloth.weave, texture=texture,
    )  # fmt: skip


def collar(look: Look, person: Person) -> list[Mesh]:
    """Collar, hood, lapels, scarf."""
    cloth = look.cloth
    plain = Material(id=Id.CLOTH, kind="cloth", albedo=cloth.albedo, specular=0.01, wrap=0.12, folds=0.25, weave=cloth.weave)
    makers = {"shirt": _shirt, "hoodie": _hoodie, "turtleneck": _turtleneck, "lapels": _shirt}
    out = []
    draped = look.worn.headwear in DRAPED
    if not draped:
        sewn = makers[cloth.collar](person, look.stream(5)) if cloth.collar in makers else _ribbing(cloth, person)
        out.append(worn(sewn, person, plain, "collar"))
    if cloth.collar == "lapels":
        dark = Material(id=Id.CLOTH, kind="cloth", albedo=cloth.second, specular=0.015, wrap=0.1, folds=0.3, weave=0.3)
        out.append(worn(_jacket(person), person, dark, "jacket"))
    if look.worn.scarf and not draped:
        wool = Material(id=Id.CLOTH, kind="cloth", albedo=look.worn.scarf_albedo, specular=0.005, wrap=0.25, folds=0.6, weave=0.9)
        out.append(worn(_scarf(person, look.stream(6)), person, wool, "scarf"))
    return out


def _ring(person: Person, angle: Floats, height: Floats, gap: Floats | float) -> Floats:
    """Points ``gap`` mm off neck and shoulders at angles around the neck (0 front, + left) and heights (z)."""
    z = height + sunk(person)
    x = np.interp(z - sunk(person), [-200, -150, -100, -60], [-112, -106, -98, -88])
    start = np.stack([x + 46 * np.cos(angle), 44 * np.sin(angle), z], axis=-1)
    for _ in range(3):
        start = person.pushed_off_trunk(start, gap)
    return start


def _turtleneck(person: Person, rng: np.random.Generator) -> Sheet:
    angle = np.linspace(-np.pi, np.pi, 61)
    slope = 13 * np.cos(angle)
    high, fold = rng.uniform(-112, -104), rng.uniform(22, 34)
    rows = [(-165.0, 8.5), (-140.0, 8.5), (high - 4, 7.5), (high, 7.5), (high - 1, 9.5), (high - 6, 11.0), (high - fold, 11.5)]
    points = [_ring(person, angle, z - slope, gap) for z, gap in [*rows, (high - fold - 1, 9.0)]]
    return grid(np.stack(points))


def _shirt(person: Person, rng: np.random.Generator) -> Sheet:
    """Stand and leaf of a shirt collar, open at the front."""
    opening = rng.uniform(0.12, 0.5)
    angle = np.linspace(opening, 2 * np.pi - opening, 61)
    front = smooth(np.cos(angle), 0.1, np.cos(opening))
    base = -148 - 20 * np.cos(angle) - 6 * front
    stand = 27 - 7 * front
    leaf = 36 + 24 * front**2 * rng.uniform(0.6, 1.2)
    rows = []
    for t, gap in ((-0.3, 7.0), (0.0, 6.5), (0.5, 6.0), (1.0, 6.0)):
        rows.append(_ring(person, angle, base + t * stand, gap))
    for t, gap in ((0.03, 9.0), (0.3, 11.0), (0.7, 12.5), (1.0, 13.0)):
        rows.append(_ring(person, angle, base + stand + 1 - t * leaf, gap + 3 * front * t))
    return grid(np.stack(rows))


def _hoodie(person: Person, rng: np.random.Generator) -> Sheet:
    """The hood lying behind the neck, and its strings."""
    angle = np.linspace(-np.pi, np.pi, 49)[:-1]
    behind = smooth(np.cos(angle), 0.5, -0.8)
    full = 9 + 17 * behind * rng.uniform(0.8, 1.2)
    path = _ring(person, angle, -150 - 20 * np.cos(angle) + 10 * behind, full + 3)
    creases = 1 + 0.09 * np.sin(angle * 7 + rng.uniform(0, 6)) + 0.06 * np.sin(angle * 13)
    made = [tube(path, full * 0.8 * creases, full * 0.95 * creases, sides=14, closed=True)]
    for sign in (1, -1):
        knots = _ring(person, np.full(6, sign * 0.24), np.linspace(-176, -176 - rng.uniform(60, 110), 6), 9.0)
        made.append(tube(curve(knots, 12), 1.9, sides=6))
    return merge(made)


def _ribbing(cloth: Cloth, person: Person) -> Sheet:
    """The hem around the neck of a shirt without collar."""
    height = neckline(cloth, person) - sunk(person)
    angle = np.linspace(-np.pi, np.pi, 64, endpoint=False)
    path = _ring(person, angle, height - 3, 5.6)
    return tube(path, 2.2, 6.0, (0, 0, 1), 8, closed=True)


def _scarf(person: Person, rng: np.random.Generator) -> Sheet:
    """Two turns around the neck and an end hanging in front."""
    made = []
    for turn in range(2):
        angle = np.linspace(-np.pi, np.pi, 57)[:-1]
        tilt = rng.uniform(-0.25, 0.25)
        thick = rng.uniform(16, 21) * (1 + 0.05 * np.sin(3 * angle + turn) + 0.03 * np.sin(7 * angle))
        height = -128 - 24 * turn - 16 * np.cos(angle + tilt) + 4 * np.sin(3 * angle + turn)
        path = _ring(person, angle, height, thick * 0.72 + 4 + 5 * turn)
        made.append(tube(path, thick * 0.72, thick, sides=14, closed=True))
    side = float(rng.choice([-1, 1]))
    end = _ring(person, np.full(9, side * 0.3), np.linspace(-150, -390, 9), 14.0)
    made.append(tube(curve(end, 18), 24, 7, (1, 0, 0), 12))
    return merge(made)


def _jacket(person: Person) -> Sheet:
    """A jacket over the body, open in a V, with lapels along it."""
    part = person.asset.parts["body"]
    body, mean = person.part("body"), mean_person().part("body")
    faces = np.asarray(part.place[part.triangles], np.int64)
    normals = vertex_normals(body, faces)
    wide = np.interp(mean[:, 2], [-470, -150, -60], [4, 66, 74])
    open_v = (mean[:, 0] > -95) & (np.abs(mean[:, 1]) < wide)
    neck = mean[:, 2] > -143 - 14 * smooth(mean[:, 0], -120, -60)
    axis, wrist_mm = person.forearm
    folded = np.stack([body[:, 0], np.abs(body[:, 1]), body[:, 2]], axis=1)
    beyond = folded @ np.array(axis, np.float32) - (wrist_mm - 12.0)
    cuff = (np.abs(body[:, 1]) > 215) & (beyond > 0) & (beyond < 25)
    hand = (np.abs(body[:, 1]) > 215) & (beyond >= 25)
    kept = faces[~(open_v | neck | hand)[faces].any(axis=1)]
    rows, index = np.unique(kept, return_inverse=True)
    # The cuff is drawn back to one plane across the arm.
    back = (
        np.where(cuff, beyond, 0)[:, None]
        * np.array(axis, np.float32)
        * np.stack([np.ones(len(body)), np.sign(body[:, 1]), np.ones(len(body))], axis=1)
    )
    points = (body - back)[rows] + normals[rows] * 9.5
    coat = Sheet(points, normals[rows], np.zeros((len(rows), 2)), np.asarray(index.reshape(-1, 3), np.int64))
    return merge([coat, *(_lapel(person, sign) for sign in (1, -1))])


def _lapel(person: Person, sign: int) -> Sheet:
    """From behind the neck down along the V."""
    t = np.linspace(0, 1, 26)
    z = np.interp(t, [0, 0.25, 0.4, 1], [-122, -128, -150, -460])
    inner = np.interp(t, [0, 0.25, 0.4, 1], [2, 50, 58, 2])
    x = np.interp(t, [0, 0.25, 0.4, 1], [-165, -120, -70, 40])
    broad = np.interp(t, [0, 0.25, 0.42, 0.55, 1], [26, 26, 30, 52, 14])
    columns = []
    for s, gap in ((0.0, 11.0), (0.5, 14.0), (1.0, 13.0), (1.02, 10.0)):
        across = np.stack([x - 18 * s * (t < 0.35), sign * (inner + s * broad), z + sunk(person) - 6 * s], axis=1)
        for _ in range(2):
            across = person.pushed_off_trunk(across, gap)
        columns.append(_settled(person, across, gap))
    return grid(np.stack(columns, axis=1), flip=sign > 0)


def _settled(person: Person, points: Floats, gap: float) -> Floats:
    """Points moved onto the surface ``gap`` mm above the nearest trunk vertex's tangent plane, from either side."""
    body, normals = person.trunk
    nearest = np.argmin(((points[:, None] - body[None]) ** 2).sum(axis=2), axis=1)
    depth = ((points - body[nearest]) * normals[nearest]).sum(axis=1)
    return np.asarray(points + normals[nearest] * np.clip(gap - depth, -60, 60)[:, None], np.float32)


@cache
def _atlas_places() -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Rows, columns and places (mean body, mm) of the atlas texels that show cloth."""
    import cv2

    person = mean_person()
    which = np.zeros((_TEXELS, _TEXELS, 3), np.float32)
    hit = np.zeros((_TEXELS, _TEXELS), np.uint8)
    for name in ("body", "head"):
        part, points = person.asset.parts[name], person.part(name)
        chosen = part.triangles if name == "body" else part.triangles[_low(part.uv, part.triangles)]
        texel = np.round((part.uv * _TEXELS - 0.5) * 16).astype(np.int32)
        middle = points[part.place[chosen]].mean(axis=1)
        for triangle, place in zip(texel[chosen], middle, strict=True):
            cv2.fillConvexPoly(which, triangle, place.tolist(), cv2.LINE_8, 4)
            cv2.fillConvexPoly(hit, triangle, 1, cv2.LINE_8, 4)
    smoothed = (
        cv2.GaussianBlur(which * hit[..., None], (0, 0), 6)
        / np.maximum(cv2.GaussianBlur(hit.astype(np.float32), (0, 0), 6), 1e-3)[..., None]
    )
    rows, columns = np.nonzero(hit)
    return rows, columns, smoothed[rows, columns]


def _low(uv: Floats, triangles: Ints) -> NDArray[np.bool_]:
    return np.asarray((uv[triangles, 0] < 0.6).all(axis=1) & (uv[triangles, 1] > 0.7).all(axis=1), np.bool_)


def _pattern(cloth: Cloth) -> NDArray[np.uint8]:
    """Texture over the atlas: 255 is the brighter of the two colours."""
    rows, columns, place = _atlas_places()
    share = _woven(cloth.pattern, place, cloth.pattern_mm)
    bright = max(cloth.albedo, cloth.second)
    out = np.full((_TEXELS, _TEXELS), round(255 * cloth.albedo / bright), np.uint8)
    colour = cloth.albedo * (1 - share) + cloth.second * share
    out[rows, columns] = np.clip(colour / bright * 255, 0, 255)
    return out


def _woven(pattern: Pattern, place: Floats, size: float) -> Floats:
    """Share of the second colour at places on the body."""
    x, y, z = place.T
    along = z + 0.35 * x
    if pattern == "hoops":
        return smooth(np.sin(2 * np.pi * along / size), -0.1, 0.1)
    if pattern == "check":
        return np.asarray(
            0.5 * smooth(np.sin(2 * np.pi * along / size), -0.1, 0.1) + 0.5 * smooth(np.sin(2 * np.pi * y / size), -0.1, 0.1)
        )
    if pattern == "pinstripe":
        return smooth(np.cos(2 * np.pi * y / (0.6 * size)), 0.8, 0.95)
    if pattern == "knit":
        return np.asarray(0.5 + 0.5 * np.sin(2 * np.pi * y / 9) * np.sin(2 * np.pi * along / 14), np.float32) * 0.6
    spots = np.sin(y / size * 5 + 2 * np.sin(z / size * 3.1)) + np.sin(z / size * 4.3 + 1.7 * np.sin(y / size * 2.3))
    return smooth(spots, 0.55, 0.75)
