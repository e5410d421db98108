"""Meshes for the renderer out of sheets, and how loose things hang on the figure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.look.geometry import Floats, Ints, Sheet, dot, smooth
from hil.driver.look.person import Person
from hil.driver.render.drawable import Attach, Follow, Material, Mesh


def mesh(made: Sheet, material: Material, name: str, two_sided: bool = False, attach: Attach = "head",
         ambient: NDArray[np.float32] | None = None) -> Mesh:  # fmt: skip
    """A sheet as a mesh that moves with the head (or as ``attach`` says)."""
    return Mesh(
        **_arrays(made), material=material, attach=attach,
        two_sided=two_sided, name=name, ambient=ambient,
    )  # fmt: skip


def hung(made: Sheet, person: Person, material: Material, name: str, two_sided: bool = True) -> Mesh:
    """A mesh on the bones: above the chin it moves with the head, below it more and more with the trunk under it."""
    low = float(person.place("chin_bottom")[2])
    share = smooth(made.points[:, 2], low - 75, low - 10)
    bones, weights = trunk_bones(person, made.points)
    head = person.asset.bones.index("head")
    weights = np.asarray(weights * (1 - share[:, None]), np.float32)
    least = np.argmin(weights, axis=1)
    rows = np.arange(len(weights))
    bones, dropped = bones.copy(), weights[rows, least].copy()
    bones[rows, least], weights[rows, least] = head, share + dropped
    return Mesh(
        **_arrays(made), material=material, attach="bones",
        bones=bones, weights=np.asarray(weights, np.float32), two_sided=two_sided, name=name,
    )  # fmt: skip


def follow(person: Person, rows: Ints, share: Floats | float = 1.0) -> Follow:
    """Going with the face: ``rows`` are vertices of the head part, one for each vertex of the mesh."""
    taken = np.ascontiguousarray(np.broadcast_to(np.asarray(share, np.float32), rows.shape), np.float32)
    return Follow(np.asarray(rows, np.int64), np.asarray(person.skin[rows], np.float32), taken)


def worn(made: Sheet, person: Person, material: Material, name: str, two_sided: bool = True) -> Mesh:
    """A mesh on the bones of the nearest skin of neck and trunk."""
    bones, weights = trunk_bones(person, made.points)
    return Mesh(
        **_arrays(made), material=material, attach="bones",
        bones=bones, weights=weights, two_sided=two_sided, name=name,
    )  # fmt: skip


def trunk_bones(person: Person, points: Floats) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Bones and weights (k x 4) of the nearest vertex of body or neck."""
    head, body = person.asset.parts["head"], person.asset.parts["body"]
    neck = np.flatnonzero(person.head_weight < 0.95)[::3]
    at = np.concatenate([person.part("body"), person.skin[neck]])
    bones = np.concatenate([body.bones, head.bones[neck]])
    weights = np.concatenate([body.weights, head.weights[neck]])
    square = (at**2).sum(axis=1)
    nearest = np.concatenate(
        [np.argmin(square - 2 * p @ at.T, axis=1) for p in np.array_split(points, max(1, len(points) // 512))]
    )
    found = weights[nearest]
    return bones[nearest].copy(), np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-6), np.float32)


def _arrays(made: Sheet) -> dict[str, Any]:
    single = {"vertices": made.points, "normals": made.normals, "uv": made.uv}
    return {**{k: np.ascontiguousarray(v, np.float32) for k, v in single.items()}, "triangles": made.triangles}


def square_to(direction: Floats, normal: Floats) -> Floats:
    """The part of ``direction`` that lies in the plane across ``normal`` (unit)."""
    return np.asarray(direction - normal * dot(direction, normal), np.float32)
