"""Beards with volume: a closed layer on the skin and ribbons of hair on it. Stubble is paint only (``skin``)."""

from dataclasses import replace

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.canvas import mean_person
from hil.driver.look.fitting import follow, hung, square_to
from hil.driver.look.geometry import Floats, Ints, Sheet, merge, ribbons, smooth, unit, vertex_normals
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.look.regions import beard as area
from hil.driver.look.strands import flat_across
from hil.driver.render.drawable import Material, Mesh, Strands

_LENGTH = {"moustache": (8.5, 8.5), "goatee": (13.0, 24.0), "full": (12.0, 22.0), "long": (15.0, 78.0)}
"""Length of the hairs, mm: on the lip and cheeks, on the chin."""
_COUNT = {"moustache": 420, "goatee": 800, "full": 1300, "long": 1300}


def beard(look: Look, person: Person) -> list[Mesh]:
    """Meshes of the beard; none for shaven faces and stubble."""
    style = look.beard.style
    if style not in _LENGTH:
        return []
    rng = look.stream(4)
    strands = Strands(across=130, root=0.96, tip=0.25, wave=1.3, ragged=0.4, clump=0.6, shine=0.06)
    material = Material(
        id=Id.HAIR, kind="hair", albedo=look.beard.albedo, specular=0.02, wrap=0.25, noise=0.15, noise_mm=30, strands=strands
    )
    parts = [_layer(look, person)]
    if look.worn.mask == "none":  # under a mask hairs lie flat
        parts.append(_hairs(look, person, rng))
    made = hung(merge(part for part, _ in parts), person, material, "beard")
    return [replace(made, follow=follow(person, np.concatenate([rows for _, rows in parts])))]


def _layer(look: Look, person: Person) -> tuple[Sheet, Ints]:
    """The skin under the beard, lifted, thin at its edge; and the vertices of the head it stands on."""
    inside = area(mean_person().skin, look.beard.style) * (person.masks[:, 2] < 0.2) * (person.masks[:, 0] < 0.35)
    faces = person.faces[(inside > 0.12)[person.faces].all(axis=1)]
    rows, index = np.unique(faces, return_inverse=True)
    share = inside[rows]
    full = 0.5 if look.worn.mask != "none" else 3.2 if look.beard.style in ("full", "long") else 2.0
    thick = 0.4 + full * smooth(share, 0.2, 1.0) * look.beard.density * look.beard.length
    points = person.skin[rows] + person.skin_normals[rows] * thick[:, None]
    faces = index.reshape(-1, 3)
    uv = np.stack([(points[:, 1] + 0.4 * points[:, 0]) / 80, 0.95 - 0.9 * smooth(share, 0.0, 0.75)], axis=1)
    return Sheet(points, vertex_normals(points, faces), uv, faces), rows


def _hairs(look: Look, person: Person, rng: np.random.Generator) -> tuple[Sheet, Ints]:
    """Ribbons of hair, and for each of their vertices the vertex of the head nearest to its root."""
    style, count = look.beard.style, int(_COUNT[look.beard.style] * look.beard.density)
    mean, faces = mean_person().skin, person.faces
    middle = mean[faces].mean(axis=1)
    share = area(middle, style) * (person.masks[faces, 2].max(axis=1) < 0.2) * (person.masks[faces, 0].max(axis=1) < 0.3)
    a, b, c = (mean[faces[:, i]] for i in range(3))
    weight = np.linalg.norm(np.cross(b - a, c - a), axis=1) * share
    chosen = rng.choice(len(faces), count, p=weight / weight.sum())
    mix = rng.dirichlet([1, 1, 1], count)[:, :, None]
    root = faces[chosen][np.arange(count), mix[:, :, 0].argmax(axis=1)]
    points, normals = (person.skin[faces[chosen]] * mix).sum(axis=1), unit((person.skin_normals[faces[chosen]] * mix).sum(axis=1))
    at = middle[chosen]
    short, full = _LENGTH[style]
    chin = smooth(at[:, 2], -82, -98) * smooth(np.abs(at[:, 1]), 55, 25)
    length = (short + (full - short) * chin) * look.beard.length * rng.uniform(0.75, 1.1, count)
    paths = _grown(points, normals, at, length, rng)
    across, normal = flat_across(paths, person)
    v = np.linspace(0, 1, paths.shape[1])[None]
    widths = rng.uniform(1.3, 3.2, (count, 1)) * (1 - 0.7 * v**2)
    begin = rng.random(count) * 30
    columns = np.stack([begin, begin + 0.03], axis=1)
    return ribbons(paths, widths, across, normal, columns), np.repeat(root, 2 * paths.shape[1])


def _grown(points: Floats, normals: Floats, at: Floats, length: Floats, rng: np.random.Generator) -> Floats:
    """Paths k x 5 x 3: down, on the upper lip also outwards."""
    n, count = 5, len(points)
    lip = (at[:, 2] > -72) & (np.abs(at[:, 1]) < 30) & (at[:, 0] > 8)
    out = np.sign(at[:, 1:2]) * np.array([0, 1, 0]) * np.where(lip, 0.9, 0.12)[:, None]
    down = np.array([0.05, 0, -1]) + out
    lift = np.where(lip, 0.42, 0.6)[:, None]
    going = unit(unit(square_to(down + np.zeros((count, 3)), normals)) + lift * normals + 0.2 * rng.normal(0, 1, (count, 3)))
    here, path = points + normals * 0.3, [points + normals * 0.3]
    for _ in range(n - 1):
        going = unit(going + 0.22 * np.array([0, 0, -1]))
        here = here + going * (length / (n - 1))[:, None]
        path.append(here)
    return np.asarray(np.stack(path, axis=1), np.float32)
