"""What clothes, hair and glasses are fitted to: one identity's skin, landmarks, and how far its head reaches each way."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dms.records.base import Vector
from hil.driver.body.asset import Asset
from hil.driver.look.geometry import Floats, Ints, smooth, unit, vertex_normals

_AZIMUTHS, _HEIGHTS = 144, 72
_HEAD_BONE = "head"


@dataclass(frozen=True, eq=False)
class Person:
    """One identity at rest, face neutral. Rest frame, mm.

    Attributes:
        asset: the packed body.
        coarse: its coarse vertices (``Identity.coarse``).
    """

    asset: Asset
    coarse: Floats

    def __post_init__(self) -> None:
        """Refuse a shape of another asset."""
        if self.coarse.shape != (self.asset.vertices, 3):
            raise ValueError(f"the shape is {self.coarse.shape}, must be ({self.asset.vertices}, 3): pass Identity.coarse")

    def part(self, name: str) -> Floats:
        """Vertices of a part, m x 3."""
        return self.asset.parts[name].refine(self.coarse)

    @cached_property
    def skin(self) -> Floats:
        """Vertices of the head part, m x 3."""
        return self.asset.parts["head"].refine(self.coarse)

    @cached_property
    def faces(self) -> Ints:
        """Triangles of the head part over ``skin``."""
        part = self.asset.parts["head"]
        return np.asarray(part.place[part.triangles], np.int64)

    @cached_property
    def skin_normals(self) -> Floats:
        """Unit normals to ``skin``."""
        return vertex_normals(self.skin, self.faces)

    @cached_property
    def masks(self) -> Floats:
        """Masks of the head part for each vertex of ``skin``, m x 6."""
        part = self.asset.parts["head"]
        out = np.zeros((len(part.weights), part.masks.shape[1]), np.float32)
        out[part.place] = part.masks
        return out

    @cached_property
    def head_weight(self) -> Floats:
        """Share of the head bone for each vertex of ``skin``."""
        part = self.asset.parts["head"]
        return np.asarray((part.weights * (part.bones == self.asset.bones.index(_HEAD_BONE))).sum(axis=1), np.float32)

    @cached_property
    def eyes(self) -> Floats:
        """Eyeball centres, left and right, 2 x 3: behind the corners of the lids as on the mean head."""
        corners = [(self.place(f"{side}_inner_corner") + self.place(f"{side}_outer_corner")) / 2 for side in ("left", "right")]
        back = np.array([[-13.0, 0.25, 2.85], [-13.0, -0.25, 2.85]], np.float32)
        return np.asarray(np.stack(corners) + back, np.float32)

    def place(self, name: str) -> Floats:
        """One named landmark (mean of its rows)."""
        part, rows = self.asset.landmarks[name]
        if part == "head":
            return np.asarray(self.skin[rows].mean(axis=0), np.float32)
        return np.asarray(self.asset.parts[part].refine(self.coarse)[rows].mean(axis=0), np.float32)

    @cached_property
    def centre(self) -> Floats:
        """Middle of the skull, from which ``reach`` is measured: above the ears, on the middle plane."""
        ears = (self.place("left_tragus") + self.place("right_tragus")) / 2
        return np.array([ears[0] - 14, 0, self.eyes[:, 2].mean() + 15], np.float32)

    @cached_property
    def _bare(self) -> Floats:
        """How far the head without its ears reaches, heights x azimuths."""
        return self._reach_map(self.masks[:, 3] < 0.3)

    @cached_property
    def _eared(self) -> Floats:
        table = self._reach_map(np.ones(len(self.skin), bool))
        # Ears are thin: a cloth that spans whole cells must clear the highest of the neighbouring ones.
        for _ in range(2):
            table = np.maximum(table, np.maximum(np.roll(table, 1, axis=1), np.roll(table, -1, axis=1)))
        table[1:-1] = np.maximum(table[1:-1], np.maximum(table[:-2], table[2:]))
        return table

    def _reach_map(self, counted: np.ndarray) -> Floats:
        import cv2

        use = counted & (self.head_weight > 0.5) & (self.masks[:, 2] < 0.3)
        faces = self.faces[use[self.faces].all(axis=1)]
        corners = self.skin[faces]
        mix = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [1 / 3] * 3], np.float32)
        points = (mix @ corners).reshape(-1, 3) - self.centre
        radius = np.linalg.norm(points, axis=1)
        row, column = _cells(points / radius[:, None])
        found = np.zeros((_HEIGHTS, _AZIMUTHS), np.float32)
        np.maximum.at(found, (row.round().astype(int).clip(0, _HEIGHTS - 1), column.round().astype(int) % _AZIMUTHS), radius)
        return _filled(found, cv2)

    def reach(self, directions: Floats, ears: bool = False) -> Floats:
        """Distance from ``centre`` to the skin along unit vectors (... x 3)."""
        table = self._eared if ears else self._bare
        row, column = _cells(directions)
        r0, c0 = np.floor(row).astype(int).clip(0, _HEIGHTS - 2), np.floor(column).astype(int)
        fr, fc = np.clip(row - r0, 0, 1), column - c0
        c0, c1 = c0 % _AZIMUTHS, (c0 + 1) % _AZIMUTHS
        low = table[r0, c0] * (1 - fc) + table[r0, c1] * fc
        high = table[r0 + 1, c0] * (1 - fc) + table[r0 + 1, c1] * fc
        return np.asarray(low * (1 - fr) + high * fr, np.float32)

    def on_head(self, azimuth: Floats, height: Floats, lift: Floats | float = 0.0, ears: bool = False) -> Floats:
        """Points ``lift`` mm off the head at azimuth (0 front, + left) and height (0 level, + up) in degrees."""
        a, e = np.radians(azimuth), np.radians(height)
        d = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=-1).astype(np.float32)
        return np.asarray(self.centre + d * (self.reach(d, ears) + np.asarray(lift, np.float32))[..., None], np.float32)

    def pushed_off_head(self, points: Floats, gap: Floats | float, ears: bool = False) -> Floats:
        """Points no nearer to the head than ``gap`` mm (along the line from its middle)."""
        away = points - self.centre
        far = np.linalg.norm(away, axis=-1)
        d = away / np.maximum(far, 1e-6)[..., None]
        # Under the jaw and behind the nape the neck goes on: there the head's own reach says nothing.
        sure = smooth(d[..., 2], -0.9, -0.75)
        need = np.maximum(self.reach(d, ears) + gap - far, 0) * sure
        return np.asarray(points + d * need[..., None], np.float32)

    @cached_property
    def trunk(self) -> tuple[Floats, Floats]:
        """Points and outward normals of neck, shoulders, chest and back, thinned out."""
        part = self.asset.parts["body"]
        body = part.refine(self.coarse)
        normals = vertex_normals(body, np.asarray(part.place[part.triangles], np.int64))
        keep = (np.abs(body[:, 1]) < 240) & (body[:, 2] > -460)
        neck = (self.head_weight < 0.5) & (self.skin[:, 2] < self.eyes[:, 2].mean() - 60) & (np.arange(len(self.skin)) % 4 == 0)
        points = np.concatenate([body[keep], self.skin[neck]])
        return np.asarray(points, np.float32), np.concatenate([normals[keep], self.skin_normals[neck]])

    def pushed_off_trunk(self, points: Floats, gap: Floats | float) -> Floats:
        """Points no nearer to neck and shoulders than ``gap`` mm, by the nearest vertex's tangent plane."""
        flat = points.reshape(-1, 3)
        near = np.flatnonzero(flat[:, 2] < self.eyes[:, 2].mean() - 45)
        out = flat.copy()
        body, normals = self.trunk
        square = (body**2).sum(axis=1)
        for rows in np.array_split(near, max(1, len(near) // 2048)):
            nearest = np.argmin(square - 2 * flat[rows] @ body.T, axis=1)
            depth = ((flat[rows] - body[nearest]) * normals[nearest]).sum(axis=1)
            wanted = np.broadcast_to(np.asarray(gap, np.float32), points.shape[:-1]).reshape(-1)[rows]
            out[rows] += normals[nearest] * np.maximum(wanted - depth, 0).clip(0, 60)[:, None]
        return np.asarray(out.reshape(points.shape), np.float32)

    @cached_property
    def forearm(self) -> tuple[Vector, float]:
        """Unit vector along the left fore-arm, and how far along it (from the origin) the wrist is, mm."""
        part = self.asset.parts["body"]
        points = part.refine(self.coarse)
        bones = self.asset.bones
        means = []
        for name in ("lowerarm01.L", "lowerarm02.L"):
            share = (part.weights * (part.bones == bones.index(name))).sum(axis=1)
            means.append((points * share[:, None]).sum(axis=0) / share.sum())
        axis = unit(means[1] - means[0])
        hands = self.part("hands")
        x, y, z = (float(v) for v in axis)
        return (x, y, z), float((hands[hands[:, 1] > 0] @ axis).min())

    def nearest_skin(self, points: Floats) -> Ints:
        """For each point (k x 3) the nearest vertex of ``skin``."""
        square = (self.skin**2).sum(axis=1)
        rows = [np.argmin(square - 2 * part @ self.skin.T, axis=1) for part in np.array_split(points, max(1, len(points) // 512))]
        return np.asarray(np.concatenate(rows), np.int64)

    def surface(self, y: Floats, z: Floats) -> Floats:
        """x of the front of the face where it has this y and z (mean of the nearest vertices, by distance)."""
        at = self._front
        flat = np.stack([y.ravel(), z.ravel()], axis=1)
        square = (at[:, 1] - flat[:, :1]) ** 2 + (at[:, 2] - flat[:, 1:]) ** 2
        rows = np.argpartition(square, 6, axis=1)[:, :6]
        weight = 1 / (np.take_along_axis(square, rows, axis=1) + 0.3)
        return np.asarray((weight * at[rows, 0]).sum(axis=1) / weight.sum(axis=1), np.float32).reshape(y.shape)

    @cached_property
    def _front(self) -> Floats:
        """Vertices of the front of the face."""
        front = (self.skin_normals[:, 0] > 0.05) & (self.head_weight > 0.3) & (self.masks[:, 2] < 0.3)
        return np.asarray(self.skin[front & (self.skin[:, 0] > -60)], np.float32)


def _cells(directions: Floats) -> tuple[Floats, Floats]:
    d = unit(directions)
    azimuth = np.arctan2(d[..., 1], d[..., 0])
    height = np.arcsin(np.clip(d[..., 2], -1, 1))
    row = (height / np.pi + 0.5) * _HEIGHTS - 0.5
    column = (azimuth / (2 * np.pi) + 0.5) * _AZIMUTHS - 0.5
    return np.asarray(row, np.float32), np.asarray(column, np.float32)


def _filled(found: Floats, cv2: object) -> Floats:
    """Empty cells from their neighbours, then a light blur; the map is round in azimuth."""
    blur = cv2.GaussianBlur  # type: ignore[attr-defined]
    weight = (found > 0).astype(np.float32)
    wide = np.concatenate([found] * 3, axis=1)
    known = np.concatenate([weight] * 3, axis=1)
    filled, sure = wide.copy(), known.copy()
    for sigma in (1.0, 2.0, 4.0, 9.0):
        total = blur(known, (0, 0), sigma)
        value = blur(wide * known, (0, 0), sigma) / np.maximum(total, 1e-6)
        new = (sure == 0) & (total > 0.02)
        filled[new], sure[new] = value[new], 1
    filled[sure == 0] = found[found > 0].mean()
    filled = blur(filled, (0, 0), 0.7)
    return np.asarray(filled[:, found.shape[1] : 2 * found.shape[1]], np.float32)
