"""The worst real cases of a topic as one contact sheet: cut-out, truth (green), answer (orange), error.

    python tools/worst_cases.py OBS.jsonl... --data DATA --topic headpose --out sheet.png [--pictures DIR] [--answered]

OBS are observation records (``tools/measure_real.py --out``), DATA the folder of topics. A missing answer is worse than any
wrong one; ``--answered`` leaves it out. For records of changed pictures ``--pictures`` names their folder (OUT/infrared/TOPIC).
The sheet shows real people: keep it to yourself.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from measuring import answers  # noqa: E402
from measuring.chain import Record, Topic, by_file, read_lines, read_topic  # noqa: E402
from measuring.tiles import Picture, tile  # noqa: E402

COLUMNS = 5


def main() -> int:
    """Writes the sheet and lists its cases."""
    import cv2

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("observations", type=Path, nargs="+", metavar="OBS", help="observation records")
    parser.add_argument("--data", type=Path, required=True, help="folder of topics")
    parser.add_argument("--topic", required=True, help="folder in DATA")
    parser.add_argument("--out", type=Path, required=True, help="picture to write")
    parser.add_argument("--pictures", type=Path, help="where the observed pictures are, if not in DATA")
    parser.add_argument("--answered", action="store_true", help="without the pictures that have no answer")
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    topic = read_topic(args.data, args.topic)
    records = by_file(line for path in args.observations for line in read_lines(path))
    cases = worst(topic, records, args.count, args.answered)
    if not cases:
        parser.error(f"no record of a picture of {args.topic} in {', '.join(map(str, args.observations))}")
    cv2.imwrite(str(args.out), sheet(topic, records, cases, args.pictures or topic.pictures))
    for row, wrong in cases:
        print(f"{row['file']}  {'no answer' if math.isinf(wrong) else f'{wrong:.3g}'}")
    return 0


def worst(topic: Topic, records: Mapping[str, Record], most: int, answered: bool = False) -> list[tuple[Record, float]]:
    """Labels and errors of the worst cases, worst first; pictures that were not observed are left out."""
    found = []
    for row in topic.rows:
        if row["file"] in records:
            wrong = answers.error(topic.kind, records[row["file"]], row)
            found.append((row, math.inf if wrong is None else wrong))
    found = [case for case in found if not (answered and math.isinf(case[1]))]
    return sorted(found, key=lambda case: (-case[1], case[0]["file"]))[:most]


def sheet(topic: Topic, records: Mapping[str, Record], cases: Sequence[tuple[Record, float]], pictures: Path) -> Picture:
    """All tiles, a few in a row."""
    import cv2

    tiles = []
    for row, _ in cases:
        picture = cv2.imread(str(pictures / row["file"]), cv2.IMREAD_COLOR)
        if picture is None:
            raise SystemExit(f"{pictures / row['file']}: cannot be read; name the folder with --pictures")
        tiles.append(tile(picture, topic.kind, records[row["file"]], row))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)])


if __name__ == "__main__":
    sys.exit(main())
