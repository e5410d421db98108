"""Glasses: rims, lenses, bridge, pads and temples, fitted to this identity's eyes, nose and ears."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.families import EyewearModel
from hil.driver.look.fitting import mesh
from hil.driver.look.geometry import Floats, Sheet, curve, merge, sheet, smooth, tube, unit
from hil.driver.look.headwear import DRAPED
from hil.driver.look.look import Eyewear, Lens, Look
from hil.driver.look.person import Person
from hil.driver.render.drawable import Material, Mesh

_AROUND = 44
_SCARF_DEG = 63.0
"""From this azimuth on a scarf covers the side of the head."""
_NEAREST, _FARTHEST = 17.0, 28.5
"""Lens before the middle of the eyeball, mm: the cornea ends at 12, brows and lashes need their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model of glasses, mm.

    Attributes:
        width, height: of one lens; ``gap``: between the lenses; ``low``: lens centre below the eye.
        square: 2 ellipse .. 6 box; ``drop``: how far the outer lower part hangs (aviator); ``lift``: outer upper corner raised.
        taper: width below as a share of the width above; ``sides``: corners of a polygon, 0 for a curve.
        rim: ``full``, ``upper`` (nothing but a thread below), ``brow`` (thick above, thin below), ``none``.
        thick, deep: rim across and along the gaze; ``temple``: half height of the temple at the hinge.
        wrap: radius of the frame around the face; ``pads``: nose pads on wires; ``double``: second bar above the nose.
    """

    width: float
    height: float
    gap: float = 17.0
    low: float = 2.0
    square: float = 2.4
    drop: float = 0.0
    lift: float = 0.0
    taper: float = 0.94
    sides: int = 0
    rim: Literal["full", "upper", "brow", "none"] = "full"
    thick: float = 1.1
    deep: float = 1.5
    temple: float = 1.8
    wrap: float = 260.0
    pads: bool = False
    double: bool = False


MODELS: Mapping[EyewearModel, Model] = {
    "round": Model(width=46, height=43, gap=20, square=2.0, taper=1, thick=0.8, deep=0.9, temple=1.1, pads=True),
    "square": Model(width=53, height=38, square=4.2, thick=1.7, deep=1.9, temple=2.6),
    "aviator": Model(width=57, height=48, gap=15, low=5, square=2.5, drop=5, taper=0.74, thick=0.7, deep=0.8, temple=1.0,
                     pads=True,
                     double=True),
    "rimless": Model(width=50, height=31, gap=18, square=3.0, rim="none", thick=0.6, deep=0.7, temple=1.0, pads=True),
    "half_rim": Model(width=52, height=33, gap=18, square=3.2, rim="upper", thick=1.1, deep=1.2, temple=1.8, pads=True),
    "thick": Model(width=50, height=37, gap=17, square=3.4, thick=2.7, deep=2.6, temple=3.8),
    "sports_wrap": Model(width=64, height=38, gap=12, low=1, square=3.0, drop=2, taper=0.8, thick=1.3, deep=1.5, temple=4.2,
                     wrap=92),
    "reading": Model(width=48, height=25, gap=19, low=9, square=3.4, thick=1.0, deep=1.1, temple=1.4, pads=True),
    "oversized": Model(width=59, height=50, gap=16, low=3, square=2.9, thick=2.2, deep=2.0, temple=3.4, wrap=190),
    "cat_eye": Model(width=54, height=39, gap=16, square=2.9, lift=9, taper=0.78, thick=1.9, deep=2.0, temple=2.4),
    "panto": Model(width=48, height=43, gap=20, square=2.3, taper=0.82, thick=1.5, deep=1.7, temple=2.0),
    "wayfarer": Model(width=52, height=42, gap=18, square=3.6, lift=2.5, taper=0.8, thick=2.2, deep=2.3, temple=3.2),
    "browline": Model(width=51, height=40, gap=19, square=3.0, taper=0.85, rim="brow", thick=0.8, deep=1.0, temple=2.6,
                     pads=True),
    "hexagon": Model(width=51, height=44, gap=19, sides=6, taper=1, thick=0.8, deep=0.9, temple=1.1, pads=True),
    "oval": Model(width=50, height=32, gap=18, square=2.0, taper=1, thick=0.9, deep=1.0, temple=1.3, pads=True),
}  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """Where one model sits on one face.

    ``middle``: y = 0 point of the frame's plane; ``lenses``: centres (y, z) of left and right; ``slope``: tilt.
    """

    model: Model
    size: float
    middle: float
    lenses: Floats
    slope: float

    def plane(self, y: Floats, z: Floats) -> Floats:
        """x of the frame at y and z."""
        return np.asarray(self.middle - y**2 / (2 * self.model.wrap) + self.slope * (z - self.lenses[0, 1]), np.float32)

    def at(self, y: Floats, z: Floats, ahead: float = 0.0) -> Floats:
        """Points of the frame's plane, ... x 3."""
        return np.stack([self.plane(y, z) + ahead, y, z], axis=-1)


def outline(model: Model, count: int = _AROUND) -> Floats:
    """Edge of the left lens (count x 2: outwards, up, mm from its centre), from the outer end upwards round."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    if model.sides:
        corner = np.pi / model.sides
        radius = np.cos(corner) / np.cos((angle + corner * 0) % (2 * corner) - corner)
        a, b = c * radius, s * radius
    else:
        power = 2 / model.square
        a, b = np.sign(c) * np.abs(c) ** power, np.sign(s) * np.abs(s) ** power
    wide = 1 - (1 - model.taper) * smooth(b, 0.6, -1.0)
    a = a * wide * model.width / 2
    b = b * model.height / 2
    outer = smooth(a, -0.2 * model.width, 0.5 * model.width)
    b = b - model.drop * outer * smooth(s, 0.2, -0.7) + model.lift * outer**2 * smooth(s, -0.2, 0.8)
    return np.asarray(np.stack([a, b], axis=1), np.float32)


def fit(look: Eyewear, person: Person) -> Fit:
    """The place of the glasses: before the lids, on the nose, clear of brows and cheeks."""
    model = MODELS[look.model]
    eyes = person.eyes
    out = (model.gap + model.width) / 2 * look.size
    z = float(eyes[:, 2].mean()) - model.low - look.slide_mm
    lenses = np.array([[out, z], [-out, z]], np.float32)
    slope = float(np.tan(np.radians(look.tilt_deg)))
    ahead = float(eyes[:, 0].mean())
    bow = float(np.abs(eyes[:, 1]).mean()) ** 2 / (2 * model.wrap)
    start = Fit(model, look.size, ahead + 21.5 + bow + 0.5 * look.slide_mm, lenses, slope)
    need = 0.0
    for sign, centre in ((1, lenses[0]), (-1, lenses[1])):
        edge = outline(model, 20) * look.size
        y, height = centre[0] + sign * edge[:, 0], centre[1] + edge[:, 1]
        close = (np.abs(y) > 15) & (np.abs(y) < 56)
        gap = start.plane(y, height) - person.surface(y, height) - model.deep - 1.2
        need = max(need, float(-gap[close].min()))
    at_eye = start.middle - bow + slope * (float(eyes[:, 2].mean()) - z) - ahead
    moved = float(np.clip(at_eye + need, _NEAREST, _FARTHEST)) - at_eye
    return Fit(model, look.size, start.middle + moved, lenses, slope)


def eyewear(look: Look, person: Person) -> list[Mesh]:
    """Meshes of the glasses; none without. Under a scarf over the ears the temples end where it begins."""
    if look.eyewear.model == "none":
        return []
    place = fit(look.eyewear, person)
    frame = Material(
        id=Id.GLASSES_FRAME, albedo=look.eyewear.frame, specular=look.eyewear.shine, gloss=40, wrap=0.45, noise=0.0,
    )  # fmt: skip
    parts = [_rims(place), _bridge(place, person), *(_temple(place, person, sign) for sign in (1, -1))]
    whole = merge(parts)
    if look.worn.headwear in DRAPED:
        away = whole.points - person.centre
        shown = np.abs(np.arctan2(away[:, 1], away[:, 0])) < np.radians(_SCARF_DEG)
        whole = replace(whole, triangles=whole.triangles[shown[whole.triangles].any(axis=1)])
    return [_lenses(place, look.eyewear.lens), mesh(whole, frame, "glasses_frame")]


def _edge(place: Fit, sign: int, grow: float = 0.0) -> Floats:
    """Edge of one lens as points on the frame."""
    centre = place.lenses[0 if sign > 0 else 1]
    flat = outline(place.model) * place.size
    flat = flat + grow * unit(flat)
    return place.at(centre[0] + sign * flat[:, 0], centre[1] + flat[:, 1])


def _rims(place: Fit) -> Sheet:
    model, made = place.model, []
    normal = np.array([1, 0, 0], np.float32)
    rows = np.arange(_AROUND // 2 + 5) - 2
    for sign in (1, -1):
        edge = _edge(place, sign, 0.4)
        if model.rim == "full":
            made.append(tube(edge, model.thick, model.deep, normal, 8, closed=True))
        elif model.rim == "brow":
            made.append(tube(edge, model.thick * 0.7, model.deep, normal, 6, closed=True))
            made.append(tube(edge[rows] + np.array([0.3, 0, 0.8]), 2.7, 2.1, normal, 8))
        elif model.rim == "upper":
            made.append(tube(edge[rows], model.thick, model.deep, normal, 8))
            made.append(tube(edge, 0.35, 0.5, normal, 4, closed=True))
        else:
            hinge = edge[0] + np.array([[-0.5, -sign * 5.0, 0], [0.3, -sign * 2.0, 0], [0.0, sign * 2.5, 0]])
            made.append(tube(hinge, 1.3, 0.9, normal, 6))
    return merge(made)


def _bridge(place: Fit, person: Person) -> Sheet:
    model = place.model
    inner = int(np.argmin(np.abs(np.linspace(0, 360, _AROUND, endpoint=False) - (155 if model.rim != "none" else 172))))
    left, right = _edge(place, 1)[inner], _edge(place, -1)[inner]
    height = float(left[2]) + 1.5
    nose = float(person.surface(np.zeros(1), np.array([height]))[0])
    top = np.array([max(nose + model.deep + 0.4, float(place.plane(np.zeros(1), np.array([height]))[0])), 0, height + 1.0])
    knots = np.stack(
        [
            left,
            0.55 * left + 0.45 * top + np.array([0.6, 0, 0.8]),
            top,
            0.55 * right + 0.45 * top + np.array([0.6, 0, 0.8]),
            right,
        ]
    )
    made = [tube(curve(knots, 13), model.thick * 1.05, model.deep, (1, 0, 0), 8)]
    if model.double:
        up = int(np.argmin(np.abs(np.linspace(0, 360, _AROUND, endpoint=False) - 122)))
        bar = np.linspace(_edge(place, 1)[up], _edge(place, -1)[up], 7) + np.array([0.8, 0, 0.5])
        made.append(tube(bar, model.thick, model.deep, (1, 0, 0)))
    if model.pads:
        made += [_pad(place, person, sign) for sign in (1, -1)]
    return merge(made)


def _pad(place: Fit, person: Person, sign: int) -> Sheet:
    """A nose pad and its wire."""
    edge = _edge(place, sign)[int(_AROUND * 188 / 360)]
    z = float(np.clip(edge[2] - 1.0, *(person.place("nasion")[2] + np.array([-13.0, 1.0]))))
    y = np.array([sign * 8.5])
    x = float(person.surface(y, np.array([z]))[0])
    rest = np.array([x + 0.6, sign * 8.5, z])
    turn = np.linspace(0, 2 * np.pi, 12, endpoint=False)[:, None]
    side = unit(np.array([-0.75, sign * 0.65, 0.0]))
    ring = rest + 1.9 * np.cos(turn) * side + 3.4 * np.sin(turn) * np.array([0.2, 0, 0.98])
    disc = np.concatenate([ring, rest[None] + unit(np.array([[0.65, sign * 0.75, 0]])) * 0.8])
    fan = np.array([[i, (i + 1) % 12, 12] if sign < 0 else [(i + 1) % 12, i, 12] for i in range(12)])
    wire = curve(np.stack([edge, edge + np.array([-2.0, -sign * 1.0, 1.0]), rest + np.array([0.4, sign * 1.2, 0])]), 7)
    return merge([sheet(disc, np.zeros((13, 2)), fan), tube(wire, 0.5, sides=5)])


def _temple(place: Fit, person: Person, sign: int) -> Sheet:
    """From the hinge straight to the ear, over its root, down behind it."""
    model = place.model
    hinge = _edge(place, sign, 1.0)[2 if model.rim != "none" else 0] + np.array([-0.5, sign * 1.5, 0.0])
    ear = person.place("left_ear_tip" if sign > 0 else "right_ear_tip")
    over = np.array([ear[0] + 13, ear[1], ear[2] - 2.5])
    knots: list[Floats] = [
        hinge,
        hinge + np.array([-6, sign * 1.5, 0.3]),
        0.6 * hinge + 0.4 * over + np.array([0, sign * 2.0, 0.5]),
        over,
    ]
    knots += [over + np.array([-11, 0, -1.5]), over + np.array([-22, 0, -13]), over + np.array([-28, 0, -30])]
    path = curve(np.array(knots, np.float32), 34)
    rest = smooth(path[:, 0], hinge[0] - 22, hinge[0] - 60)
    head = person.pushed_off_head(np.stack([path[:, 0], path[:, 1] * 0.5, path[:, 2]], axis=1), model.deep * 0.6 + 1.0)
    beside = np.abs(head[:, 1]) + model.deep * 0.5
    path[:, 1] = sign * np.where(path[:, 0] < ear[0] + 16, beside, np.maximum(np.abs(path[:, 1]), beside * rest))
    high = model.temple * (1 - 0.35 * smooth(np.arange(34), 2, 14)) * (1 + 0.25 * smooth(np.arange(34), 26, 33))
    wide = np.minimum(np.full(34, max(0.8, 0.55 * model.deep)), 1.3)
    return tube(path, wide, high, (0, 0, 1), 8)


def _lens_sheet(place: Fit, sign: int) -> Sheet:
    """One curved lens: rings around its centre; v is its height."""
    centre = place.lenses[0 if sign > 0 else 1]
    flat = outline(place.model) * place.size
    rings = np.array([0.001, 0.4, 0.75, 1.0])[:, None, None]
    flat = np.concatenate([flat, flat[:1]])[None] * rings
    y, z = centre[0] + sign * flat[..., 0], centre[1] + flat[..., 1]
    bulge = 2.2 * (1 - (flat**2).sum(axis=-1) / (0.5 * place.model.width) ** 2)
    points = place.at(y, z) + np.array([1, 0, 0]) * bulge[..., None]
    rows, columns = points.shape[:2]
    at = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = at[:-1, :-1].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel(), at[:-1, 1:].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    v = 0.5 + flat[..., 1] / place.model.height / place.size
    made = sheet(
        points,
        np.stack([0.5 + sign * flat[..., 0] / place.model.width, v], axis=-1),
        triangles[:, ::-1] if sign < 0 else triangles,
    )
    return made


_KEPT: Mapping[Lens, float] = {
    "clear_coated": 0.97, "clear": 0.91, "sun_opaque": 0.0, "sun_clear": 0.82, "graded": 0.93, "photochromic": 0.86,
}  # fmt: skip
"""Share of the light from behind that a lens lets through twice, of a graded one at its lower edge."""


def _glass(lens: Lens) -> Material:
    if lens == "sun_opaque":
        return Material(id=Id.LENS_OPAQUE, kind="glass", albedo=0.025, specular=0.05, gloss=120, reflect=0.09, noise=0.0)
    reflect = {"clear_coated": 0.008, "clear": 0.045, "sun_clear": 0.06, "graded": 0.04, "photochromic": 0.03}[lens]
    fade = np.linspace(1.0, 0.5, 64)[:, None] * 255
    graded = np.asarray(np.repeat(fade, 4, axis=1), np.uint8) if lens == "graded" else None
    return Material(
        id=Id.GLARE, kind="lens", albedo=0.03, specular=0.04, gloss=120, alpha=_KEPT[lens], reflect=reflect, noise=0.0,
        texture=graded,
    )  # fmt: skip


def _lenses(place: Fit, lens: Lens) -> Mesh:
    """Both lenses."""
    return mesh(merge([_lens_sheet(place, 1), _lens_sheet(place, -1)]), _glass(lens), "lenses", two_sided=True)
