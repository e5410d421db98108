"""Meshes of a car's inside from its vehicle file: what a driver camera has behind and around the driver.

Built in a local frame from the driver's eyes (x forward, y to the driver's own door, z up, mm) and mirrored for right-hand drive.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dms.records.cabin import Cabin
from hil.driver.car import Wheel, wheel_of
from hil.driver.ids import Id
from hil.driver.look.geometry import Floats, Sheet, box, grid, merge, tube
from hil.driver.render.drawable import Material, Mesh
from hil.driver.render.interior import Interior, interior_of
from hil.driver.render.seats import front_seat, rear_bench

_SILL, _ROOF = -235.0, 262.0
_WIDE, _NARROW = 770.0, 575.0
"""Half inner width of the car at the window sill and at the roof."""


def interior_meshes(cabin: Cabin, seed: int = 0, look: Interior | None = None) -> list[Mesh]:
    """The cabin as static meshes in the vehicle frame, one a material; ``look`` overrides the one drawn from ``seed``."""
    style = look or interior_of(seed)
    middle = -abs(cabin.ocular_point_mm[1])
    parts: dict[str, list[Sheet]] = {}
    groups = [
        _shell(style, middle),
        front_seat(style, 0.0),
        front_seat(style, 2 * middle),
        rear_bench(style, middle),
        _belts(style),
    ]
    for group in groups:
        for name, sheet in group.items():
            parts.setdefault(name, []).append(sheet)
    materials = _materials(style)
    place = _placer(cabin)
    meshes = [place(merge(sheets), materials[name], name) for name, sheets in parts.items()]
    return [*meshes, _wheel(wheel_of(cabin), style)]


def _materials(look: Interior) -> dict[str, Material]:
    def cloth(albedo: float, word: Id = Id.CABIN, noise: float = 0.15) -> Material:
        return Material(id=word, kind="cloth", albedo=albedo, wrap=0.15, specular=0.01, noise=noise, noise_mm=90, weave=0.5)

    def plastic(albedo: float, specular: float = 0.03, word: Id = Id.CABIN) -> Material:
        return Material(id=word, albedo=albedo, specular=specular, gloss=18, noise=0.12, noise_mm=70)

    leather = lambda albedo: replace(plastic(albedo, 0.04), gloss=12.0, noise=0.18, noise_mm=45.0)  # noqa: E731
    seat = leather if look.leather else cloth
    return {
        "liner": cloth(look.liner, noise=0.12), "trim": plastic(look.trim), "dark": plastic(look.dark),
        "rubber": plastic(0.04, 0.02),
        "seat": seat(look.seat), "seat_centre": seat(look.seat_centre),
        "metal": Material(id=Id.CABIN, albedo=0.12, specular=0.12, gloss=40),
        "pattern": cloth(0.45, noise=0.5), "bag": cloth(0.3, noise=0.3), "belt": cloth(look.belt, Id.BELT, 0.05),
    }  # fmt: skip


def _placer(cabin: Cabin) -> Callable[[Sheet, Material, str], Mesh]:
    """Moves local sheets to the vehicle frame and shades their corners from the ambient light."""
    side = 1.0 if cabin.drive == "lhd" else -1.0
    eyes = np.asarray(cabin.ocular_point_mm, np.float32)

    def place(sheet: Sheet, material: Material, name: str) -> Mesh:
        mirror = np.array([1.0, side, 1.0], np.float32)
        return Mesh(
            vertices=np.asarray(sheet.points * mirror + eyes, np.float32), normals=np.asarray(sheet.normals * mirror, np.float32),
            uv=np.asarray(sheet.uv, np.float32), triangles=sheet.triangles if side > 0 else sheet.triangles[:, ::-1],
            material=material, attach="vehicle", ambient=_reach(sheet.points), two_sided=True, name=name,
        )  # fmt: skip

    return place


def _reach(points: Floats) -> Floats:
    """Ambient light by place: little near the floor and in the far back."""
    up = np.clip((points[:, 2] + 620.0) / 620.0, 0.0, 1.0)
    back = np.clip((points[:, 0] + 1700.0) / 1000.0, 0.4, 1.0)
    return np.asarray((0.2 + 0.8 * up) * back, np.float32)


def _wall(z: Floats) -> Floats:
    """Half width of the car at a height."""
    share = np.clip((np.asarray(z) - _SILL) / (_ROOF - _SILL), 0, 1)
    return np.asarray(_WIDE - (_WIDE - _NARROW) * share**1.3, np.float32)


def _shell(look: Interior, middle: float) -> dict[str, Sheet]:
    """Roof, pillars, doors, floor, dash; ``middle`` is the car's middle line."""
    trim, dark, rubber = [], [], []
    for side in (-1.0, 1.0):
        for low_x, high_x, wide in ((790.0, 300.0, 48.0), (-150.0, -215.0, 62.0), (-1010.0, -860.0, 100.0)):
            trim.append(_pillar(low_x, high_x, wide, side, middle))
        trim.append(tube(_rail(side, middle, _ROOF - 18, 420, -1250), 40, 26, sides=10))
        rubber += [_seal(x, side, middle) for x in (-75.0, -285.0, -760.0)]
        rubber.append(tube(_rail(side, middle, _ROOF - 48, 300, -860), 9, 9, sides=6))
        dark += [_door(side, middle), tube(_rail(side, middle, _SILL, 800, -1050), 38, 22, sides=10)]
        trim.append(_quarter(look, side, middle))
    trim.append(tube([(-1215, middle - 560, 205), (-1240, middle, 228), (-1215, middle + 560, 205)], 60, 30, sides=10))
    trim.append(tube([(395, middle - 560, 235), (420, middle, 258), (395, middle + 560, 235)], 50, 26, sides=10))
    dark.append(box((-1500, middle - 900, -1020), (1300, middle + 900, -1000)))
    dark.append(box((640, middle - 720, -560), (1200, middle + 720, -268), 60))
    dark.append(box((-1500, middle - 700, -900), (-1440, middle + 700, -200)))
    return {"liner": _roof(middle), "trim": merge(trim), "dark": merge(dark), "rubber": merge(rubber)}


def _rail(side: float, middle: float, z: float, front: float, back: float) -> Floats:
    x = np.linspace(front, back, 12)
    bow = 30.0 * ((x - 100.0) / 1200.0) ** 2
    return np.stack([x, middle + side * (_wall(np.full(12, z)) - bow), np.full(12, z) - bow], axis=1).astype(np.float32)


def _pillar(low_x: float, high_x: float, wide: float, side: float, middle: float) -> Sheet:
    """A pillar from the sill to the roof, flat oval, wider at its foot."""
    z = np.linspace(_SILL - 40, _ROOF, 10)
    share = (z - z[0]) / (z[-1] - z[0])
    path = np.stack([low_x + (high_x - low_x) * share, middle + side * (_wall(z) + 8), z], axis=1)
    return tube(path, wide * (1.25 - 0.35 * share), 24, up=(0, 1, 0), sides=16)


def _seal(x: float, side: float, middle: float) -> Sheet:
    """The dark rubber along a window's edge."""
    z = np.linspace(_SILL, _ROOF - 40, 8)
    return tube(np.stack([x - 0.13 * (z - _SILL), middle + side * (_wall(z) + 4), z], axis=1), 9, 9, up=(0, 1, 0), sides=6)


def _door(side: float, middle: float) -> Sheet:
    x, z = np.meshgrid(np.linspace(-1080, 820, 20), np.linspace(-1000, _SILL, 8), indexing="ij")
    bulge = 45 * np.exp(-(((z + 420) / 60) ** 2))  # arm rest
    y = middle + side * (_WIDE + 20 - bulge)
    return grid(np.stack([x, y, z], axis=-1), flip=side > 0)


def _quarter(look: Interior, side: float, middle: float) -> Sheet:
    """The side behind the rear door: closed, or with a small window left open."""
    low = _SILL - 20 if not look.third_window else 110.0
    x, z = np.meshgrid(np.linspace(-900, -1480, 8), np.linspace(low, _ROOF, 6), indexing="ij")
    y = middle + side * (_wall(z) + 10 + 0.12 * (x + 900))
    return grid(np.stack([x, y, z], axis=-1), flip=side < 0)


def _roof(middle: float) -> Sheet:
    x, t = np.meshgrid(np.linspace(-1260, 430, 24), np.linspace(-1, 1, 18), indexing="ij")
    z = _ROOF + 34 * (1 - t**2) - 55 * ((x - 100) / 1300) ** 2 - 26 * np.abs(t) ** 6
    return grid(np.stack([x, middle + t * (_NARROW + 8), z], axis=-1), flip=True)


def _belts(look: Interior) -> dict[str, Sheet]:
    """The belt from its upper end to the driver's shoulder; what lies on the chest is drawn with the body."""
    shoulder = np.array([-95.0, 142.0, -168.0])
    upper = np.array([-175.0, 268.0, -20.0]) if look.door_belt else np.array([-232.0, 150.0, -150.0])
    share = np.linspace(0, 1, 8)[:, None]
    path = upper + (shoulder - upper) * share - np.array([0, 0, 14.0]) * np.sin(np.pi * share)
    across = np.array([0.86, -0.5, 0.0])
    strip = grid(np.stack([path - 23 * across, path + 23 * across], axis=1))
    parts = {"belt": strip}
    if look.door_belt:
        parts["dark"] = box(upper - np.array([32, 4, 18]), upper + np.array([32, 22, 34]), 10)
    return parts


def _wheel(wheel: Wheel, look: Interior) -> Mesh:
    """Rim, hub and spokes."""
    axes, centre = wheel.axes, np.asarray(wheel.centre_mm)
    clocks = {2: (3.0, 9.0), 3: (3.0, 6.0, 9.0), 4: (2.8, 5.0, 7.0, 9.2)}[look.spokes]
    rim = np.stack([wheel.rim(c)[0] for c in np.linspace(0, 12, 48, endpoint=False)])
    parts = [tube(rim, wheel.rim_mm, up=axes[:, 0], sides=12, closed=True)]
    for clock in clocks:
        out = wheel.rim(clock)[1]
        path = [centre - 30 * axes[:, 0] + out * r for r in (40.0, 110.0, wheel.radius_mm - 4)]
        path[-1] = path[-1] + 30 * axes[:, 0]
        parts.append(tube(path, (34, 24, 17), 9, up=axes[:, 0], sides=10))
    turn = np.eye(4)
    turn[:3, :3], turn[:3, 3] = axes, centre
    parts.append(box((-60, -70, -58), (2, 70, 62), 28).moved(turn))
    made = merge(parts)
    leather = Material(id=Id.WHEEL, albedo=look.wheel, specular=0.04, gloss=14, noise=0.1)
    return Mesh(
        vertices=np.asarray(made.points, np.float32), normals=np.asarray(made.normals, np.float32), triangles=made.triangles,
        material=leather, attach="vehicle", two_sided=True, name="wheel", ambient=np.full(len(made.points), 0.7, np.float32),
    )  # fmt: skip
