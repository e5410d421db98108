"""Named places of the asset: lid margins, eye corners, nose, mouth, chin, ears; and how the lash strips run."""

import numpy as np
from mesh import Floats, Ints

Place = tuple[str, list[int]]
"""Part and numbers of its vertices (before the split at UV seams); several form a row or are averaged."""


def lash_attributes(template: Floats, vertices: Ints, group: dict[str, Ints], eyes: Floats) -> np.ndarray:
    """Per lash vertex, 0..255: root to tip, inner to outer, side (0 left, 1 right), upper lid (1) or lower (0)."""
    out = np.zeros((len(vertices), 4), np.uint8)
    for side, key in enumerate("lr"):
        for strip in (1, 2):
            rows = np.isin(vertices, np.unique(group[f"helper-{key}-eyelashes-{strip}"]))
            points = template[vertices[rows]] - eyes[side, :3]
            away = np.linalg.norm(points, axis=1)
            along = points[:, 1] * (1 if side == 0 else -1)
            out[rows, 0] = np.round(255 * (away - away.min()) / np.ptp(away))
            out[rows, 1] = np.round(255 * (along - along.min()) / np.ptp(along))
            out[rows, 2], out[rows, 3] = side, int(points[:, 2].mean() > 0)
    return out


def lid_margins(attributes: np.ndarray) -> dict[str, Place]:
    """Roots of the lashes, inner to outer, and the outer corner. They stay within 1 mm of the lid's skin."""
    found = {}
    for side, name in enumerate(("left", "right")):
        for upper, lid in ((1, "upper"), (0, "lower")):
            rows = np.flatnonzero((attributes[:, 2] == side) & (attributes[:, 3] == upper) & (attributes[:, 0] < 90))
            order = rows[np.argsort(attributes[rows, 1])]
            found[f"{name}_{lid}_lid"] = ("lashes", [int(v) for v in order])
        upper_lid, lower_lid = found[f"{name}_upper_lid"][1], found[f"{name}_lower_lid"][1]
        found[f"{name}_outer_corner"] = ("lashes", [upper_lid[-1], lower_lid[-1]])
    return found


def face_places(points: Floats, masks: np.ndarray, jaw: Floats) -> dict[str, Place]:
    """Single places on the skin of the head.

    Args:
        points: vertices of the head part, mm.
        masks: lips, eyelids, inside of the mouth, ears, nails, ambient; 0..255 for each vertex.
        jaw: what ``jawOpen`` moves.
    """
    x, y, z = points.T
    front = x > 0
    middle = (np.abs(y) < 3) & front & (masks[:, 2] < 60)
    lips = (masks[:, 0] > 128) & front
    falls = -jaw[:, 2] > 0.5 * (-jaw[lips, 2]).max()

    def best(rows: np.ndarray, score: Floats) -> Place:
        options = np.flatnonzero(rows)
        return "head", [int(options[np.argmax(score[options])])]

    found = {
        "nose_tip": best(middle & (z > -60) & (z < -15), x),
        "nasion": best(middle & (np.abs(z) < 12), -x),
        "pogonion": best(middle & (z > -125) & (z < -85), x),
        "chin_bottom": best(middle & (z > -140) & (z < -90) & (x > 0), -z),
        "mouth_left": best(lips, y),
        "mouth_right": best(lips, -y),
        "upper_lip": best(lips & middle & ~falls, -z + 0.5 * x),
        "lower_lip": best(lips & middle & falls, z + 0.5 * x),
    }
    lids = (masks[:, 1] > 190) & front & (np.abs(z + 3.5) < 0.8)
    for name, sign in (("left", 1), ("right", -1)):
        rows = np.flatnonzero(lids & (y * sign > 0))  # the inner corner lies beyond the caruncle, where no lashes grow
        found[f"{name}_inner_corner"] = "head", [int(row) for row in rows[np.argsort(y[rows] * sign)][:6]]
        ear = (masks[:, 3] > 128) & (y * sign > 40)
        found[f"{name}_tragus"] = best(ear & (np.abs(z + 15) < 20), x)
        found[f"{name}_ear_tip"] = best(ear, z)
    return found
