"""Lets independent landmark networks judge the synthetic driver: a seeded set of pictures, figures with count and spread.

    python tools/judge_synthetic_driver.py [--groups gaze,lids] [--judge-python PYTHON] [--json out.json] [--crops FOLDER]

Judges are our own converted networks and, with ``--judge-python`` (an interpreter that has ``mediapipe==0.10.21``), MediaPipe
itself. Figures say how well pictures and labels agree, on synthetic data. Exit code 1 when one misses its aim. Use
``LP_NUM_THREADS=1`` to leave the machine some room.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from judges import figures, reading  # noqa: E402
from judges.drawn import Drawn, Stage, whole_set  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", default="", help="grid,gaze,lids,jaw,hands,disturbed,zero; all of them without it")
    parser.add_argument("--judge-python", help="interpreter with mediapipe 0.10.21")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--crops", type=Path, help="write eye strips with label and judges' points here")
    args = parser.parse_args()
    wanted = set(args.groups.split(",")) - {""}
    asks = [ask for ask in whole_set() if not wanted or ask.group in wanted]
    if not asks:
        parser.error(f"no such group: {args.groups}")
    pictures = list(Stage().draw(asks))
    print(f"{len(pictures)} pictures", file=sys.stderr)
    seen = {"ours": read_ours(pictures)}
    if args.judge_python:
        seen["MediaPipe 0.10.21"] = reading.mediapipe(args.judge_python, pictures)
    tables = {"labels": [f for measure in figures.DRAWN for f in measure(pictures) if f.n]}
    tables |= {name: figures.all_of(list(zip(pictures, found, strict=True))) for name, found in seen.items()}
    for name, rows in tables.items():
        print(f"\n{name}, on synthetic data\n{figures.table(rows)}")
    if args.json:
        args.json.write_text(json.dumps({name: [asdict(f) for f in rows] for name, rows in tables.items()}, indent=1))
    if args.crops:
        write_crops(args.crops, pictures, list(seen.values()))
    return 0 if all(f.meets for rows in tables.values() for f in rows) else 1


def read_ours(pictures: Sequence[Drawn]) -> list[reading.Reading]:
    """Our own networks on all of them."""
    from dms.inference.build import build
    from dms.inference.engine_set import EngineSet
    from dms.perception.pipeline import SLOTS

    build()
    with EngineSet(SLOTS) as engines:
        return [reading.ours(engines, drawn) for drawn in pictures]


def write_crops(folder: Path, pictures: Sequence[Drawn], judges: Sequence[Sequence[reading.Reading]]) -> None:
    """Pictures at three times their size: label green (iris) and yellow (pupil, lids), judges red and magenta."""
    import cv2
    from judges.crops import marked

    folder.mkdir(parents=True, exist_ok=True)
    for index, drawn in enumerate(pictures):
        name = f"{index:04d}_{drawn.ask.group}_{drawn.ask.label or 'x'}_{drawn.ask.seed}.png".replace(" ", "_")
        cv2.imwrite(str(folder / name), marked(drawn, [judge[index] for judge in judges]))


if __name__ == "__main__":
    sys.exit(main())
