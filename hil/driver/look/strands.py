"""Paths of hair: grown step by step along a combing field, falling, kept off head and shoulders. All strands at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.look.canvas import mean_person
from hil.driver.look.fitting import square_to
from hil.driver.look.geometry import Floats, along, dot, smooth, unit
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.look.regions import scalp
from hil.driver.look.styles import Style

_DOWN = np.array([0, 0, -1], np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class Roots:
    """Where strands start: points, normals (k x 3), how far inside the hairline (mm), length of each (mm)."""

    points: Floats
    normals: Floats
    inside: Floats
    length: Floats


def roots(person: Person, look: Look, style: Style, count: int, rng: np.random.Generator) -> Roots:
    """``count`` places spread over the scalp by area."""
    mean, faces = mean_person().skin, person.faces
    middle = mean[faces].mean(axis=1)
    usable = (person.masks[faces, 3].max(axis=1) < 0.2) & (person.head_weight[faces].min(axis=1) > 0.5)
    inside = np.where(usable, scalp(middle, style.hairline_deg + look.hair.hairline_deg, style.temples_deg, style.crown), -1)
    a, b, c = (mean[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * (inside > 0) * (1 + 1.5 * smooth(inside, 22, 4))
    area = area * np.clip(_length(person, style, middle, unit(np.cross(b - a, c - a))) / 40, 0.4, 1.0)
    chosen = np.searchsorted(np.cumsum(area) / area.sum(), (np.arange(count) + rng.random(count)) / count).clip(0, len(faces) - 1)
    mix = rng.dirichlet([1, 1, 1], count).astype(np.float32)[:, :, None]
    points = (person.skin[faces[chosen]] * mix).sum(axis=1)
    normals = unit((person.skin_normals[faces[chosen]] * mix).sum(axis=1))
    length = _length(person, style, points, normals) * look.hair.length * rng.uniform(0.85, 1.1, count)
    return Roots(np.asarray(points, np.float32), normals, np.asarray(inside[chosen], np.float32), np.asarray(length, np.float32))


def on_top(normals: Floats) -> Floats:
    """0 at the sides .. 1 on top, by the normal."""
    return smooth(normals[..., 2], 0.15, 0.7)


def _length(person: Person, style: Style, points: Floats, normals: Floats) -> Floats:
    away = points - person.centre
    behind = smooth(away[:, 0], 10, -50)
    front = smooth(away[:, 0], 45, 75) * on_top(normals)
    low = style.side * (1 - behind) + style.back * behind
    top = on_top(normals)
    return np.asarray((low * (1 - top) + style.top * top) * (1 - front) + style.fringe * front, np.float32)


def combed(person: Person, look: Look, style: Style, points: Floats) -> Floats:
    """Unit direction in which hair at these points (k x 3) is combed, along the head."""
    away = points - person.centre
    normal = unit(away)
    top = smooth(normal[:, 2:], 0.2, 0.65)
    side = np.sign(look.hair.part)
    ahead, left = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    across = np.sign(away[:, 1:2] - _parting(look))
    back = smooth(away[:, :1], 30, -40)
    fields = {
        "side": (-side * left + 0.35 * ahead * (1 - back) - 0.5 * ahead * back, _DOWN + 0.25 * ahead * (1 - back) - 0.15 * ahead),
        "forward": (ahead + 0.15 * side * left, _DOWN + 0.55 * ahead * (1 - back)),
        "back": (-ahead + 0.12 * np.sign(away[:, 1:2]) * left, -ahead + 0.75 * _DOWN),
        "down": (across * left - 0.12 * ahead - 0.6 * ahead * back, _DOWN - 0.1 * ahead),
        "tied": (-ahead, -ahead),
    }
    above, beside = fields.get(style.flow, (normal, normal))
    if style.parted and style.flow == "side":
        above = np.where(np.sign(away[:, 1:2] - _parting(look)) == side, side * left + 0.6 * _DOWN, above)
    mixed = np.broadcast_to(above, away.shape) * top + np.broadcast_to(beside, away.shape) * (1 - top)
    return unit(square_to(unit(mixed), normal)) if style.flow not in ("out", "none") else normal


def _parting(look: Look) -> float:
    """y of the parting line, mm."""
    return 38.0 * look.hair.part if look.hair.style != "long_straight" else 12.0 * look.hair.part


def grown(person: Person, look: Look, style: Style, start: Roots, shell: Floats, rng: np.random.Generator) -> Floats:
    """Paths k x n x 3 of strands from their roots.

    Args:
        person: whose head they must not enter; ``look``, ``style``: how they are combed.
        start: the roots.
        shell: k, thickness of the closed hair layer at each root, mm.
        rng: scatter.
    """
    n, k = style.points, len(start.points)
    step = (start.length / (n - 1))[:, None]
    lift = np.clip(style.lift * look.hair.volume * rng.uniform(0.6, 1.3, (k, 1)), 0, 1)
    scatter = unit(rng.normal(0, 1, (k, 3))) * style.messy
    going = unit(combed(person, look, style, start.points) * (1 - lift) + start.normals * lift + scatter * 0.7)
    gap = shell * rng.uniform(0.25, 1.05, k) * 0.9 + 0.6
    here: Floats = start.points + start.normals * (np.minimum(gap, 1.0)[:, None])
    path = [here]
    for i in range(1, n):
        field = combed(person, look, style, here)
        held = _held(person, here)
        fall = style.gravity * (0.4 + 1.6 * i / n) * (1 + 2.0 * (1 - held))
        going = unit(0.72 * going + 0.28 * held * field + fall * _DOWN + 0.16 * scatter)
        ahead = _kept_off(person, style, here + going * step, gap * min(1.0, 0.4 + i / 3))
        going = unit(ahead - here)
        here = here + going * step
        path.append(here)
    paths = np.stack(path, axis=1)
    return _kept_off(person, style, _curled(paths, start, style, rng), 0.5 * gap[:, None])


def _held(person: Person, points: Floats) -> Floats:
    """1 near the scalp .. 0 where hair hangs free."""
    away = points - person.centre
    far = np.linalg.norm(away, axis=1, keepdims=True)
    off = far[:, 0] - person.reach(away / far)
    return np.asarray((smooth(off, 45, 15) * smooth(away[:, 2] / far[:, 0], -0.55, -0.1))[:, None], np.float32)


def _kept_off(person: Person, style: Style, points: Floats, gap: Floats) -> Floats:
    points = person.pushed_off_head(points, gap, ears=style.flow == "down")
    if style.flow == "down":
        points = beside_face(person, points)
    return person.pushed_off_trunk(points, 5.0) if max(style.side, style.back, style.top) > 120 else points


def beside_face(person: Person, points: Floats) -> Floats:
    """Points in front of the face moved sideways until it is free."""
    nose, out = person.place("nasion"), points.copy()
    wide = 0.5 * float(np.linalg.norm(person.place("left_tragus") - person.place("right_tragus"))) - 12
    ahead = smooth(points[..., 0], nose[0] - 75, nose[0] - 45) * smooth(points[..., 2], nose[2] + 46, nose[2] + 18)
    missing = np.maximum(wide - np.abs(points[..., 1]), 0) * ahead
    out[..., 1] += np.where(points[..., 1] >= 0, 1, -1) * missing
    out[..., 0] -= 0.35 * missing
    return np.asarray(out, np.float32)


def before_eyes(person: Person, paths: Floats) -> NDArray[np.bool_]:
    """Which strands (of k) hang before the eyes or the nose; only a forelock may."""
    eyes = person.eyes
    away = paths - eyes.mean(axis=0)
    low = (
        (away[..., 2] < 15) & (away[..., 2] > -75) & (np.abs(away[..., 1]) < np.abs(eyes[:, 1]).mean() + 15) & (away[..., 0] > -8)
    )
    return np.asarray(low.any(axis=1), np.bool_)


def _curled(paths: Floats, start: Roots, style: Style, rng: np.random.Generator) -> Floats:
    if style.curl_mm == 0:
        return paths
    k, n = paths.shape[:2]
    tangent = along(paths)
    side = unit(np.cross(tangent, start.normals[:, None] + 1e-3))
    other = np.cross(side, tangent)
    v = np.linspace(0, 1, n)[None]
    phase = 2 * np.pi * (style.curl_turns * rng.uniform(0.8, 1.2, (k, 1)) * v + rng.random((k, 1)))
    size = style.curl_mm * np.minimum(1, 2.5 * v) * rng.uniform(0.6, 1.2, (k, 1))
    return np.asarray(paths + size[..., None] * (np.cos(phase)[..., None] * side + np.sin(phase)[..., None] * other), np.float32)


def wrapped(person: Person, start: Floats, goal: Floats, count: int, gap: Floats) -> Floats:
    """Paths k x count x 3 that lie on the head from each start (k x 3) to one goal (3), ``gap`` (k) mm above it."""
    a, b = unit(start - person.centre), unit(goal - person.centre)
    angle = np.arccos(np.clip(a @ b, -0.999, 0.999))[:, None, None]
    t = np.linspace(0, 1, count)[None, :, None]
    d = unit((np.sin((1 - t) * angle) * a[:, None] + np.sin(t * angle) * b) / np.sin(angle))
    lift = gap[:, None] * np.minimum(1, 3 * t[..., 0]) + 0.4
    return np.asarray(person.centre + d * (person.reach(d) + lift)[..., None], np.float32)


def flat_across(paths: Floats, person: Person) -> tuple[Floats, Floats]:
    """Directions across ribbons and their normals (k x n x 3), lying flat to the head."""
    tangent = along(paths)
    outward = unit(paths - person.centre)
    normal = unit(outward - tangent * dot(outward, tangent) + 1e-4)
    return unit(np.cross(normal, tangent)), normal
