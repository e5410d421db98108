"""How often an eye that was covered is still called visible, beside how often the same eye is called visible uncovered."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from measuring.answers import get, holds, present
from measuring.chain import Record, by_file, run_observe
from measuring.covers import COVERS, EyePlace, Places, covered
from measuring.spread import Figure, mean, spread

Records = Mapping[str, Record]
Sides = Mapping[str, Sequence[str]]
"""Which eyes of a picture are meant."""
VISIBLE = 0.5
LID_POINTS = 16
"""The first points of a mesh's eye contour are the lids, its corners among them."""


def covered_eyes(pictures: Sequence[Path], out: Path) -> list[Figure]:
    """Covers the eyes our own mesh finds, observes again, and counts; the covered pictures are left in ``out``."""
    places = dict(find_eyes(pictures))
    used = [p for p in pictures if p.name in places]
    if not used:
        return []
    plain = by_file(_records(used, out / "plain.jsonl"))
    figures = []
    for kind, cover in COVERS.items():
        folder = out / kind.replace(", ", "_").replace(" ", "_")
        sides = dict(_write(used, places, kind, folder))
        after = by_file(_records([folder / p.name for p in used], folder.with_suffix(".jsonl")))
        figures += count(kind, sides, plain, after)
        if cover.one_eye:
            others = {name: tuple(s for s in places[name] if s not in hidden) for name, hidden in sides.items()}
            figures.append(_share(kind, "other eye still visible", _visible(others, plain, after)))
    return figures


def choose(pictures: Sequence[Path], most: int) -> list[Path]:
    """At most so many, spread by name: a choice that is the same every time."""
    return sorted(sorted(pictures, key=lambda p: zlib.crc32(p.name.encode()))[:most])


def find_eyes(pictures: Sequence[Path]) -> Iterator[tuple[str, Places]]:
    """Where our face mesh sees the eyes of each picture; pictures without a face are left out."""
    from dms.camera.pictures import Pictures
    from dms.inference.engine_set import EngineSet
    from dms.perception.pipeline import Perception

    with EngineSet(("face_detector", "face_mesh")) as engines:
        chain = Perception(engines)
        for path in pictures:
            for frame in Pictures(path).frames():
                mesh = chain.see(frame, independent=True).mesh
                if mesh is not None:
                    yield path.name, eye_places(mesh.eye_contours)


def eye_places(contours: Mapping[str, Any]) -> Places:
    """Both eyes with the width of the wider one: in a turned face the far eye looks narrow, but its lens is not."""
    lids = {side: np.asarray(points)[:LID_POINTS, :2] for side, points in contours.items()}
    middles = {side: points.mean(axis=0) for side, points in lids.items()}
    width = max(float(np.linalg.norm(p[:, None] - p[None], axis=2).max()) for p in lids.values())
    x, y = middles["left"] - middles["right"]  # the driver's left is on the picture's right
    turn = float(np.degrees(np.arctan2(y, x)))
    return {side: EyePlace(float(m[0]), float(m[1]), width, turn) for side, m in middles.items()}


def count(kind: str, sides: Sides, plain: Records, after: Records) -> Iterator[Figure]:
    """The covered eyes before and after, and the faces lost to the cover."""
    yield _share(kind, "uncovered, called visible", [_is_visible(plain.get(n), s) for n, eyes in sides.items() for s in eyes])
    yield _share(kind, "covered, called visible", _visible(sides, plain, after))
    yield _share(kind, "face found, eyes covered", [same_face(plain.get(n), after.get(n)) for n in sides])


def same_face(before: Record | None, after: Record | None) -> bool:
    """Still the person whose eyes were covered, not another one in the picture."""
    return present(after) and holds(get(before, "face", "box_px"), get(after, "face", "box_px"))


def _visible(sides: Sides, plain: Records, after: Records) -> list[bool]:
    return [
        same_face(plain.get(name), after.get(name)) and _is_visible(after.get(name), side)
        for name, eyes in sides.items()
        for side in eyes
    ]


def _is_visible(record: Record | None, side: str) -> bool:
    value = get(record, "eyes", side, "visible")
    return isinstance(value, int | float) and value >= VISIBLE


def _share(kind: str, name: str, hits: Sequence[bool]) -> Figure:
    values = np.array(hits, float)
    return Figure("covered_eyes", kind, name, mean(values) if len(values) else None, len(values), *spread(values))


def _write(used: Sequence[Path], places: Mapping[str, Places], kind: str, folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    folder.mkdir(parents=True, exist_ok=True)
    for path in used:
        picture, sides = covered(cv2.imread(str(path), cv2.IMREAD_COLOR), places[path.name], kind, path.name)
        cv2.imencode(".png", picture)[1].tofile(folder / path.name)
        yield path.name, sides


def _records(pictures: Sequence[Path], out: Path) -> list[Record]:
    lines = run_observe(pictures)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [json.loads(line) for line in lines]
