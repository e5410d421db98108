"""Hand signs on labelled landmarks of your own: accuracy on signs, false signs on hands that show none, confusions.

    python tools/measure_gestures.py FILE.jsonl [--precision int8] [--sure 0.5]

One JSON object a line: ``landmarks`` (21 fractions of the picture), ``gesture`` (a word of ours or of HaGRID), where known
``width`` and ``height``. A sign read as none counts as wrong.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dms.errors import DmsError, InputError
from dms.inference.base import Options
from dms.inference.engine_set import EngineSet
from dms.perception.settings import Settings
from dms.perception.signs import SLOT, WORDS, SignReader, proportioned

TWO = ("peace", "peace_inverted", "two_up", "two_up_inverted")
OPEN = ("palm", "stop", "stop_inverted")
MEANT: dict[str, tuple[str, ...]] = {
    **{word: (word,) for word in WORDS}, **dict.fromkeys(TWO, ("victory",)), **dict.fromkeys(OPEN, ("open_palm", "stop")),
    "one": ("point",), "three2": ("three",), "three3": ("three",), "like": ("thumb_up",), "dislike": ("thumb_down",),
    "no_gesture": ("none",),
}  # fmt: skip
"""A label to the words that are right."""


def read(path: Path) -> list[dict[str, Any]]:
    """The labelled hands.

    Raises:
        InputError: the file cannot be read, or a line is no labelled hand.
    """
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            np.array(row["landmarks"], dtype=np.float64).reshape(21, 2)
            MEANT[row["gesture"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} line {number}: not a labelled hand: {error!r}") from None
        rows.append(row)
    return rows


def figures(rows: list[dict[str, Any]], answers: list[tuple[str, float]]) -> dict[str, Any]:
    """Accuracy, recall by label, confusions, calibration."""
    right = np.array([word in MEANT[row["gesture"]] for row, (word, _) in zip(rows, answers, strict=True)])
    signs = np.array([MEANT[row["gesture"]] != ("none",) for row in rows])
    labels = sorted({row["gesture"] for row in rows})
    wrong = Counter(f"{row['gesture']} as {word}" for row, (word, _), ok in zip(rows, answers, right, strict=True) if not ok)
    sure = np.array([confidence for _, confidence in answers])
    return {
        "hands": len(rows), "accuracy_of_signs": _share(right[signs]),
        "false_signs": None if signs.all() else _share(~right[~signs]),
        "accuracy_of_all": _share(right), "mean_confidence": round(float(sure.mean()), 4),
        "recall": {label: _share(right[[row["gesture"] == label for row in rows]]) for label in labels},
        "confusions": dict(wrong.most_common()),
    }  # fmt: skip


def _share(values: np.ndarray) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def main() -> int:
    """Prints one JSON object; 3 for an unreadable file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--precision", default="fp32", choices=("fp32", "fp16", "int8"))
    parser.add_argument("--sure", type=float, default=Settings().sign_sure, help="a sign less likely than this is none")
    args = parser.parse_args()
    try:
        rows = read(args.file)
        with EngineSet((SLOT,), options=Options(precision={SLOT: args.precision})) as engines:
            reader = SignReader(engines, args.sure)
            answers = []
            for row in rows:
                size = (row["width"], row["height"]) if row.get("width") and row.get("height") else None
                answers.append(reader.word(proportioned(np.array(row["landmarks"]), size)) or ("none", 0.0))
    except DmsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(figures(rows, answers), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
