"""Small things worn at the ears: earrings, headphones, hearing aid, earbud."""

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.fitting import mesh
from hil.driver.look.geometry import Floats, Sheet, curve, merge, tube, unit
from hil.driver.look.headwear import DRAPED
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.render.drawable import Material, Mesh

_METAL = Material(id=Id.HAT, albedo=0.5, specular=0.4, gloss=60, noise=0.0)
_PLASTIC = Material(id=Id.HAT, albedo=0.12, specular=0.05, gloss=30, noise=0.0)


def extras(look: Look, person: Person) -> list[Mesh]:
    """Meshes of everything small at the ears."""
    makers = {"earrings": _earrings, "headphones": _headphones, "hearing_aid": _hearing_aid, "earbud": _earbud}
    hidden = look.worn.headwear in DRAPED
    return [] if hidden else [makers[name](look, person) for name in look.worn.extras]


def _ear(person: Person, sign: int) -> Floats:
    return np.asarray(person.skin[(person.masks[:, 3] > 0.5) & (person.skin[:, 1] * sign > 0)], np.float32)


def _ball(centre: Floats, radius: float, sides: int = 10) -> Sheet:
    t = np.linspace(-0.99, 0.99, 9)
    line = centre + radius * t[:, None] * np.array([0, 0, 1.0])
    return tube(line, radius * np.sqrt(1 - t**2), up=(1, 0, 0), sides=sides)


def _earrings(look: Look, person: Person) -> Mesh:
    rng, made = look.stream(7), []
    hoop, size = rng.random() < 0.5, rng.uniform(7, 20)
    for sign in (1, -1):
        ear = _ear(person, sign)
        lobe = ear[np.argmin(ear[:, 2])] + np.array([1.0, sign * 1.5, 4.0])
        if hoop:
            t = np.linspace(0, 2 * np.pi, 25)[:-1, None]
            ring = (
                lobe
                + np.array([0, sign * 1.0, -size])
                + size * (np.cos(t) * np.array([0, 0, 1]) + np.sin(t) * np.array([1, 0, 0]))
            )
            made.append(tube(ring, 0.9, up=(0, 1, 0), sides=6, closed=True))
        else:
            made.append(_ball(lobe + np.array([0, sign * 2.0, 0]), 2.4 + 0.1 * size))
    return mesh(merge(made), _METAL, "earrings")


def _headphones(look: Look, person: Person) -> Mesh:
    made = []
    for sign in (1, -1):
        ear = _ear(person, sign)
        middle = ear.mean(axis=0)
        out = float(np.abs(ear[:, 1]).max())
        line = np.array([[middle[0], sign * y, middle[2]] for y in (out - 13, out - 12, out + 4, out + 12, out + 13)])
        made.append(tube(line, np.array([30, 36, 36, 30, 24.0]), np.array([34, 41, 41, 34, 28.0]), (0, 0, 1), 20))
    angle = np.linspace(-86, 86, 41)
    d = np.stack([np.zeros(41), np.sin(np.radians(angle)), np.cos(np.radians(angle))], axis=1)
    wide = person.reach(np.asarray(d, np.float32)) + 16 + 6 * np.abs(angle) / 86
    path = person.centre + d * wide[:, None]
    made.append(tube(path, 13, 4, d, 10))
    return mesh(merge(made), _PLASTIC, "headphones")


def _hearing_aid(look: Look, person: Person) -> Mesh:
    sign = 1 if look.seed % 2 else -1
    ear = _ear(person, sign)
    tip, tragus = (
        person.place("left_ear_tip" if sign > 0 else "right_ear_tip"),
        person.place("left_tragus" if sign > 0 else "right_tragus"),
    )
    back = ear[np.argmin(ear[:, 0])]
    behind = np.stack(
        [tip + np.array([6, -sign * 2, 2]), tip + np.array([-8, -sign * 3, 0]), [back[0] + 4, back[1] - sign * 4, tip[2] - 20]]
    )
    body = tube(curve(behind, 12), np.linspace(2.0, 5.0, 12), np.linspace(2.5, 6.0, 12), (0, 1, 0), 10)
    wire = curve(
        np.stack(
            [
                tip + np.array([6, -sign * 1, 2]),
                tip + np.array([14, sign * 1, -6]),
                tragus + np.array([2, sign * 3, 6]),
                tragus + np.array([-6, sign * 1, 0]),
            ]
        ),
        14,
    )
    shell = Material(id=Id.HAT, albedo=0.45, specular=0.05, noise=0.0)
    return mesh(merge([body, tube(wire, 0.8, sides=6), _ball(tragus + np.array([-6, sign * 1.0, 0]), 4.0)]), shell, "hearing_aid")


def _earbud(look: Look, person: Person) -> Mesh:
    made = []
    for sign in (1, -1):
        tragus = person.place("left_tragus" if sign > 0 else "right_tragus")
        centre = tragus + np.array([-7, sign * 2.5, 1.0])
        stem = np.stack([centre, centre + np.array([5, sign * 2.5, -9]), centre + np.array([8, sign * 3, -26])])
        made += [_ball(centre, 6.5), tube(curve(stem, 8), 2.6, up=unit([0, 1.0, 0.2]), sides=8)]
    white = Material(id=Id.HAT, albedo=0.75, specular=0.05, noise=0.0)
    return mesh(merge(made), white, "earbuds")
