"""Statistics of real near-infrared pictures beside those of the synthetic driver, each with a two-sample distance.

    python tools/compare_realism.py --real FOLDER [FOLDER ...] [--count 24] [--place mirror] [--preset good] [--sheet out.png]

The real pictures are only measured: nothing of them is kept but the table (and the sheet, if asked for). A face must be found in
a picture, by our own face mesh, for it to count.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from judges import statistics  # noqa: E402
from judges.varied import renders  # noqa: E402

KINDS = {".png", ".jpg", ".jpeg", ".bmp"}


def main() -> int:
    import cv2

    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", type=Path, nargs="+", required=True, help="folders with near-infrared pictures")
    parser.add_argument("--count", type=int, default=24, help="pictures to render")
    parser.add_argument("--preset", default="mixed", help="of the camera: clean, good, cheap, old, or mixed (three in turn)")
    parser.add_argument("--sheet", type=Path, help="write both kinds side by side here; keep it to yourself")
    args = parser.parse_args()
    files = sorted(p for folder in args.real for p in folder.iterdir() if p.suffix.lower() in KINDS)
    if not files:
        parser.error("no pictures in " + ", ".join(map(str, args.real)))
    real = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in files]
    drawn = list(renders(args.count, args.preset))
    rows = {"real": list(measured(real)), "rendered": list(measured(drawn))}
    print(f"faces measured: {len(rows['real'])} of {len(real)} real, {len(rows['rendered'])} of {len(drawn)} rendered\n")
    print(table(*(statistics.columns(r) for r in rows.values())))
    if args.sheet:
        cv2.imwrite(str(args.sheet), sheet(real, drawn))
    return 0


def measured(pictures: Iterable[np.ndarray]) -> Iterator[dict[str, float]]:
    """Figures of each picture with a face."""
    from dms.inference.engine_set import EngineSet
    from dms.perception.pipeline import Perception
    from dms.records import Frame

    with EngineSet(("face_detector", "face_mesh")) as engines:
        for grey in pictures:
            frame = Frame(grey=np.ascontiguousarray(grey), t=0.0, index=0, counter=0, source="picture")
            mesh = Perception(engines).see(frame, independent=True).mesh
            if mesh is not None:
                yield statistics.measure(frame.grey, mesh.points)


def table(real: Mapping[str, list[float]], drawn: Mapping[str, list[float]]) -> str:
    """One line a figure: 10th, 50th and 90th percentile of both, and their distance."""
    lines = [f"{'':28} {'real p10 / p50 / p90':>28}   {'rendered p10 / p50 / p90':>28}   distance"]
    for name, values in real.items():
        other = drawn.get(name, [])
        if values and other:
            both = "   ".join(f"{' / '.join(f'{v:.2f}' for v in np.percentile(x, (10, 50, 90))):>28}" for x in (values, other))
            lines.append(f"{name:28} {both}   {statistics.distance(values, other):.2f}")
    return "\n".join(lines)


def sheet(real: list[np.ndarray], drawn: list[np.ndarray]) -> np.ndarray:
    """Real on the left, rendered on the right."""
    import cv2

    def column(pictures: list[np.ndarray], rows: int) -> np.ndarray:
        shown = [cv2.resize(p, (480, 360), interpolation=cv2.INTER_AREA) for p in pictures[: 2 * rows]]
        shown += [np.zeros((360, 480), np.uint8)] * (2 * rows - len(shown))
        return np.vstack([np.hstack(shown[i : i + 2]) for i in range(0, 2 * rows, 2)])

    rows = (max(len(real), len(drawn)) + 1) // 2
    return np.hstack([column(real, rows), np.full((360 * rows, 12), 255, np.uint8), column(drawn, rows)])


if __name__ == "__main__":
    sys.exit(main())
