"""Measures the whole chain, through ``dms observe``, on labelled real pictures: n, 95 % spread and slices of every figure.

    python tools/measure_real.py DATA [--out DIR] [--topics a,b] [--limit N] [--score SCORE.py] [--brief] [--json]

DATA is a folder of topics, each with ``pictures/`` and ``truth.jsonl`` (one JSON object a picture, key ``file``). Known kinds:
``headpose`` (forward_camera, up_camera, yaw_deg ..., face_box_px), ``gaze`` (direction_camera, target_camera_mm, camera, set),
``eyes_face``, ``eyes_crop`` and ``nir_face`` (eyes: open or closed), ``yawn`` and ``nir_cabin`` (yawn), ``hands`` (boxes and
fingers shown), ``no_face``. Topics that are not there are left out. Colour topics are measured again as simulated near-infrared
(``tools/simulated_infrared.py``), and eyes of whole faces are covered to see whether they are still called visible.

Observation records go to DIR/observations (for ``tools/worst_cases.py``), changed pictures to DIR/infrared and DIR/covered, the
figures to DIR/figures.json; without --out all is thrown away. --score also runs a scoring program on the same records, called
with ``--truth FOLDER --topics NAME RECORDS``; it prints JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from tools.training.answer import answered, needs  # noqa: E402

needs("cv2", "onnxruntime", extra="cpu")

from measuring.aims import aim_of  # noqa: E402
from measuring.chain import Record, Topic, observe, read_topic  # noqa: E402
from measuring.covered_eyes import choose, covered_eyes  # noqa: E402
from measuring.figures import KINDS, measure  # noqa: E402
from measuring.spread import HEAD, Figure  # noqa: E402
from simulated_infrared import copies  # noqa: E402

INFRARED = ("headpose", "gaze", "eyes_face", "eyes_crop", "yawn", "hands", "no_face")
"""Measured in simulated near-infrared, too."""
FACES = ("eyes_face", "headpose")
"""Whole faces whose eyes are covered."""
COVERED = "covered_eyes"


def main() -> int:
    """Prints the table (or JSON) of all figures."""
    args = parsed()
    with tempfile.TemporaryDirectory() as scratch:
        out = args.out or Path(scratch)
        figures: list[Figure] = []
        scores: dict[str, Any] = {}
        for topic in topics(args, out):
            print(f"{topic.name}: {len(topic.rows)} pictures", file=sys.stderr)
            records = out / "observations" / f"{topic.name}.jsonl"
            figures += measure(topic, observe(topic, records))
            if args.score:
                scores |= scored(args.score, topic, records, out / "truth")
        if COVERED in args.topics:
            figures += covered_eyes(faces(args), out / "covered")
        report = {"figures": [f.as_json() for f in figures]} | ({"score": scores} if args.score else {})
        if args.out:
            (out / "figures.json").write_text(json.dumps(report, indent=1))
    shown = aimed(figures) if args.brief else table(figures)
    print(json.dumps(report) if args.json else "\n".join([*shown, *score_lines(scores)]))
    return 0 if figures else 1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="folder of topics")
    parser.add_argument("--out", type=Path, help="keep records and changed pictures here; they show real people")
    parser.add_argument("--topics", help=f"comma-separated, {COVERED} among them; default: all that are there")
    parser.add_argument("--limit", type=int, help="only the first N pictures of each topic")
    parser.add_argument("--covered", type=int, default=100, help="pictures whose eyes are covered (default 100)")
    parser.add_argument("--light", choices=("both", "as-is", "infrared"), default="both", help="which copies to measure")
    parser.add_argument("--score", type=Path, help="also run this scoring program on the records")
    parser.add_argument("--brief", action="store_true", help="only the figures with an aim, each beside its aim")
    parser.add_argument("--json", action="store_true", help="for machines")
    args = parser.parse_args()
    if not args.data.is_dir():
        parser.error(f"{args.data}: no such folder")
    there = [name for name in KINDS if (args.data / name / "truth.jsonl").is_file()]
    args.topics = args.topics.split(",") if args.topics else [*there, COVERED]
    if missing := set(args.topics) - set(there) - {COVERED}:
        parser.error(f"no such topic in {args.data}: {', '.join(sorted(missing))}")
    return args


def topics(args: argparse.Namespace, out: Path) -> Iterator[Topic]:
    """Each topic as it is and, where that makes sense, in simulated near-infrared."""
    for name in args.topics:
        if name == COVERED:
            continue
        topic = read_topic(args.data, name, args.limit)
        if args.light != "infrared":
            yield topic
        if args.light != "as-is" and name in INFRARED:
            yield infrared(topic, out / "infrared" / name)


def infrared(topic: Topic, folder: Path) -> Topic:
    """A copy of the topic's colour pictures as near-infrared."""
    rows = tuple(row for row in topic.rows if row.get("light", "colour") == "colour")
    copies(topic.pictures, folder, [row["file"] for row in rows])
    return Topic(f"{topic.name}_nir", folder, rows)


def faces(args: argparse.Namespace) -> list[Path]:
    """Pictures of whole faces, the same number of each topic that is there."""
    there = [name for name in FACES if (args.data / name / "truth.jsonl").is_file()]
    chosen: list[Path] = []
    for name in there:
        topic = read_topic(args.data, name, args.limit)
        chosen += choose([topic.pictures / f for f in topic.files()], -(-args.covered // len(there)))
    return chosen


def scored(program: Path, topic: Topic, records: Path, truth: Path) -> dict[str, Any]:
    """What the scoring program says about the topic; ``truth`` gets the labels of just the pictures that were measured."""
    (truth / topic.name).mkdir(parents=True, exist_ok=True)
    (truth / topic.name / "truth.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in topic.rows), encoding="utf-8")
    command = [sys.executable, str(program), "--truth", str(truth), "--topics", topic.name, str(records)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{program}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {}
    answer: Record = json.loads(done.stdout)
    return {topic.name: answer.get(topic.name)}


def table(figures: Sequence[Figure]) -> Iterator[str]:
    yield HEAD
    yield from (figure.line() for figure in figures)


def aimed(figures: Sequence[Figure]) -> Iterator[str]:
    """The figures that something is asked of."""
    yield HEAD
    for figure in figures:
        aim = aim_of(figure)
        if aim is not None:
            judged = "not measured" if figure.value is None else "met" if aim.met(figure.value) else "NOT MET"
            yield f"{figure.line():115} aim {aim} {judged}"


def score_lines(scores: Any, path: str = "score") -> Iterator[str]:
    """The scoring program's answer, one line a value."""
    if isinstance(scores, dict):
        for key, value in scores.items():
            yield from score_lines(value, f"{path} {key}")
    else:
        yield f"{path} {scores}"


if __name__ == "__main__":
    sys.exit(answered(main))
