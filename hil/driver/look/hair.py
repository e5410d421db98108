"""Hair of the head: a closed layer over the scalp, ribbons of strands on it, tails, buns, braids, a lock over the forehead."""

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.canvas import mean_person
from hil.driver.look.fitting import hung, mesh
from hil.driver.look.geometry import Floats, Sheet, merge, ribbons, smooth, tube, unit, vertex_normals
from hil.driver.look.headwear import Cover
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.look.regions import scalp
from hil.driver.look.strands import Roots, before_eyes, flat_across, grown, on_top, roots, wrapped
from hil.driver.look.styles import STYLES, Style
from hil.driver.render.drawable import Material, Mesh, Strands

_STRIP_MM = 80.0
"""Millimetres of one unit of u."""


def hair(look: Look, person: Person, cover: Cover | None = None) -> list[Mesh]:
    """Meshes of the hair, pressed or hidden under a head cover. At most 15 000 triangles."""
    style = STYLES[look.hair.style]
    if (style.flow == "none" and style.shell_mm == 0) or (cover is not None and cover.hides_all):
        return []
    rng = look.stream(2)
    made = [mesh(_shell(look, person, style, cover), _material(look, style, shell=True), "hair_shell")]
    if style.strands and not (cover is not None and cover.hides_long):
        locks = _tied(look, person, style, rng) if style.flow == "tied" else _loose(look, person, style, rng)
        made.append(hung(_pressed(locks, person, cover), person, _material(look, style, shell=False), "hair"))
    return made


def _material(look: Look, style: Style, shell: bool) -> Material:
    curly = style.curl_mm > 2
    if shell:
        strands = Strands(
            across=190, root=1.0, tip=0.3, wave=1.4 if curly else 0.5, ragged=0.4, clump=0.35, shine=look.hair.shine
        )
    else:
        strands = Strands(
            across=190, root=0.9, tip=0.3, wave=1.2 if curly else 0.6, ragged=0.35, clump=0.3,
            shine=look.hair.shine * (0.4 if curly else 1.0),
        )  # fmt: skip
    return Material(
        id=Id.HAIR, kind="hair", albedo=look.hair.albedo, specular=0.03, wrap=0.25, noise=0.12, noise_mm=40, strands=strands
    )


def thickness(look: Look, person: Person, style: Style, inside: Floats, normals: Floats) -> Floats:
    """Thickness of the closed layer, mm: thin at the hairline."""
    top = on_top(normals)
    full = (style.shell_side_mm * (1 - top) + style.shell_mm * top) * look.hair.volume
    return np.asarray(full * smooth(inside, -2, 6 + 1.6 * style.shell_mm) + 0.35, np.float32)


def _shell(look: Look, person: Person, style: Style, cover: Cover | None) -> Sheet:
    mean = mean_person().skin
    ends = (4.0, 16.0) if style.flow == "none" else (-2.0, 12.0)
    inside = scalp(mean, style.hairline_deg + look.hair.hairline_deg, style.temples_deg, style.crown)
    usable = (person.masks[:, 3] < 0.25) & (person.head_weight > 0.4) & (inside > ends[0] - 1)
    faces = person.faces[usable[person.faces].all(axis=1)]
    thick = thickness(look, person, style, inside, person.skin_normals)
    lumps = 1 + (0.05 + 0.22 * style.messy) * _lumps(mean, 9.0 if style.flow == "out" else 16.0)
    outward = unit(person.skin_normals * 0.75 + 0.25 * unit(person.skin - person.centre))
    points = person.skin + outward * (thick * lumps)[:, None]
    u = _across(mean - mean_person().centre, style) / _STRIP_MM
    rows, index = np.unique(faces, return_inverse=True)
    faces = index.reshape(-1, 3)
    kept, uv = points[rows], np.stack([u, 0.9 - 0.9 * smooth(inside, *ends)], axis=1)[rows]
    made = Sheet(kept, vertex_normals(kept, faces), np.asarray(uv, np.float32), faces)
    return _pressed(made, person, cover)


def _lumps(points: Floats, size: float) -> Floats:
    """Cheap smooth noise -1..1 over the head."""
    p = points / size
    a = np.sin(p[:, 0] * 1.3 + 2.1 * np.sin(p[:, 1] * 0.7)) + np.sin(p[:, 1] * 1.7 + 1.3 * np.sin(p[:, 2] * 0.9))
    return np.asarray((a + np.sin(p[:, 2] * 1.9 + p[:, 0] * 0.8)) / 3, np.float32)


def _across(away: Floats, style: Style) -> Floats:
    """Millimetres across the way the hair is combed."""
    x, y, z = away.T
    if style.flow in ("back", "forward", "tied", "none"):
        return np.asarray(80 * np.arctan2(y, np.maximum(z + 40, 5)), np.float32)
    if style.flow == "side":
        return np.asarray(x + 0.3 * z, np.float32)
    return np.asarray(75 * np.arctan2(y, x + 1e-3) * smooth(np.hypot(x, y), 2, 30), np.float32)


def _strips(paths: Floats, person: Person, wide: Floats, rng: np.random.Generator) -> Sheet:
    """Ribbons along paths, narrower at the tip; ``wide`` k, mm."""
    k, n = paths.shape[:2]
    across, normal = flat_across(paths, person)
    v = np.linspace(0, 1, n)[None]
    widths = wide[:, None] * (0.3 + 0.7 * smooth(v, 0, 0.2) + 0.3 * v - 1.05 * v**3)
    begin = rng.random(k) * 40
    columns = np.stack([begin, begin + wide / _STRIP_MM], axis=1).astype(np.float32)
    return ribbons(paths, np.asarray(widths, np.float32), across, normal, columns)


def _loose(look: Look, person: Person, style: Style, rng: np.random.Generator) -> Sheet:
    start = roots(person, look, style, style.strands, rng)
    shell = thickness(look, person, style, start.inside, start.normals)
    if style.flow == "out":
        start = _raised(start, shell)
    paths = grown(person, look, style, start, shell, rng)
    free = ~before_eyes(person, paths)
    paths, wide = paths[free], (np.minimum(style.wide_mm, 0.22 * start.length + 1.2) * rng.uniform(0.6, 1.3, len(paths)))[free]
    made = [_strips(paths, person, wide, rng)]
    if look.hair.forelock > 0.45 and style.fringe > 30 and style.flow != "out" and style.curl_mm < 5:
        made.append(_forelock(look, person, style, rng))
    return merge(made)


def _raised(start: Roots, shell: Floats) -> Roots:
    """Roots of a full head of curls lie just under the surface of the closed layer."""
    return Roots(start.points + start.normals * (0.8 * shell)[:, None], start.normals, start.inside, start.length * 0.6)


def _forelock(look: Look, person: Person, style: Style, rng: np.random.Generator) -> Sheet:
    """Strands from the front hairline that fall over the forehead; the longest reach an eye."""
    count, n = 34, 10
    side = -np.sign(look.hair.part)
    azimuth = side * rng.normal(16, 9, count)
    begin = person.on_head(azimuth, rng.uniform(31, 40, count), 4.0)
    reach = np.clip(look.hair.forelock, 0, 1) * min(1.0, style.fringe * look.hair.length / 55)
    length = (28 + 62 * reach * rng.uniform(0.55, 1.05, count))[:, None]
    going = unit(np.stack([np.full(count, 0.8), side * rng.uniform(0.0, 0.7, count), rng.uniform(0.1, 0.5, count)], axis=1))
    path, here = [begin], begin
    for _ in range(n - 1):
        going = unit(going + np.array([0.02, 0, -0.45], np.float32) + rng.normal(0, 0.05, (count, 3)))
        here = person.pushed_off_head(here + going * length / (n - 1), 2.0)
        path.append(here)
    paths = np.asarray(np.stack(path, axis=1), np.float32)
    return _strips(paths, person, rng.uniform(3, 6, count), rng)


def _tied(look: Look, person: Person, style: Style, rng: np.random.Generator) -> Sheet:
    """Hair drawn over the head to a knot at the back, and what hangs from there."""
    low = style.tail == "braids"
    knot = person.on_head(np.array(180.0), np.array(-16.0 if low else 22.0 * look.hair.volume - 8), 6.0)
    start = roots(person, look, style, style.strands, rng)
    gap = thickness(look, person, style, start.inside, start.normals) * rng.uniform(0.5, 1.1, style.strands)
    if low:
        return _braids(look, person, style, rng)
    laid = wrapped(person, start.points, knot, style.points, gap)
    made = [_strips(laid, person, style.wide_mm * rng.uniform(0.7, 1.2, style.strands), rng)]
    if style.tail == "bun":
        made.append(_bun(person, knot, 24 * look.hair.volume, rng))
    else:
        made.append(_tail(look, person, style, knot, rng))
    return merge(made)


def _tail(look: Look, person: Person, style: Style, knot: Floats, rng: np.random.Generator) -> Sheet:
    count, n = 90, 13
    length = 250 * look.hair.length * rng.uniform(0.75, 1.05, (count, 1))
    here = knot + rng.normal(0, 4, (count, 3)).astype(np.float32)
    going = unit(np.array([-1, 0, 0.35]) + rng.normal(0, 0.2, (count, 3)))
    path = [here]
    for _ in range(n - 1):
        going = unit(going + np.array([0, 0, -0.5], np.float32))
        here = person.pushed_off_trunk(person.pushed_off_head(here + going * length / (n - 1), 5.0), 6.0)
        path.append(here)
    return _strips(np.asarray(np.stack(path, axis=1), np.float32), person, rng.uniform(7, 13, count), rng)


def _bun(person: Person, knot: Floats, size: float, rng: np.random.Generator) -> Sheet:
    """A coil of thick strands around the knot."""
    out = unit(knot - person.centre)
    side = unit(np.cross(out, np.array([0, 0, 1], np.float32)))
    up = np.cross(side, out)
    coils = []
    for k in range(4):
        t = np.linspace(0, 2 * np.pi, 22)[:-1, None] + rng.random() * 6
        radius = size * (0.66 - 0.16 * k)
        ring = knot + out * (4 + 5.0 * k) + radius * (np.cos(t) * side + np.sin(t) * up) + 2 * out * np.sin(2 * t + k)
        made = tube(ring, size * 0.3, up=out, sides=9, closed=True)
        coils.append(Sheet(made.points, made.normals, made.uv * np.array([1.2, 0.5], np.float32), made.triangles))
    return merge(coils)


def _braids(look: Look, person: Person, style: Style, rng: np.random.Generator) -> Sheet:
    """Rows of braids over the head that hang down behind and beside the neck."""
    made = []
    for row in np.linspace(-1, 1, 17):
        front = person.on_head(np.array(row * 72.0), np.array(33 - 14 * abs(row) ** 2), 2.0)
        nape = person.on_head(np.array(180 - row * 62.0), np.array(-24.0), 4.0)
        laid = wrapped(person, front[None], nape, 13, np.array([5.0], np.float32))[0]
        here, going, hanging = nape, np.array([-0.6, 0, -1], np.float32), []
        for _ in range(9):
            going = unit(going + np.array([0, 0.05 * row, -0.4], np.float32))
            here = person.pushed_off_trunk((here + going * 24 * look.hair.length)[None], 7.0)[0]
            hanging.append(here)
        path = np.concatenate([laid, np.array(hanging, np.float32)])
        thick = 4.2 * (1 + 0.14 * np.sin(np.arange(len(path)) * 2.4 + rng.random())) * np.linspace(1, 0.7, len(path))
        one = tube(path, thick, up=unit(path - person.centre), sides=6)
        made.append(Sheet(one.points, one.normals, one.uv * np.array([0.4, 0.5], np.float32), one.triangles))
    return merge(made)


def _pressed(made: Sheet, person: Person, cover: Cover | None) -> Sheet:
    """The same hair with what is under a head cover pressed to the scalp."""
    if cover is None:
        return made
    points = cover.pressed(person, made.points)
    return Sheet(points, made.normals, made.uv, made.triangles)
