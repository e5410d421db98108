"""Figures of each kind of topic. A missing answer is wrong in every rate; degree errors are over the answered pictures.

The share of all pictures that was answered stands beside every error in degrees.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from measuring import answers
from measuring.answers import Record
from measuring.chain import Topic
from measuring.gaze_figures import gaze
from measuring.hand_figures import hands, hands_reported
from measuring.lens_figures import lens
from measuring.spread import Figure, Statistic, Values, area_under_curve, mean, p95, spread
from numpy.typing import NDArray

from dms.errors import InputError

Records = Mapping[str, Record]
Measure = Callable[[Topic, Records], Iterator[Figure]]
SLICES = ("set", "light", "glasses", "subject", "changed", "augmented")
"""Fields of the labels that divide a topic, where they have a few values."""
MOST_SLICES = 6
BANDS = {
    "yaw to 30": (0.0, 30.0),
    "yaw to 60": (0.0, 60.0),
    "yaw 30 to 60": (30.0, 60.0),
    "yaw 45 to 60": (45.0, 60.0),
    "yaw over 60": (60.0, 360.0),
}


def measure(topic: Topic, records: Records) -> list[Figure]:
    """All figures of a topic; none for an unknown kind.

    Raises:
        InputError: a label lacks what its kind of topic needs.
    """
    try:
        return list(KINDS[topic.kind](topic, records)) if topic.kind in KINDS and topic.rows else []
    except KeyError as error:
        raise InputError(f"{topic.name}/truth.jsonl: a label lacks {error}") from None


def parts(topic: Topic) -> Iterator[tuple[str, Sequence[Record]]]:
    """The whole topic, then its slices: by each field that all labels have and that has a few values."""
    yield "all", topic.rows
    for key in SLICES:
        values = sorted({str(row[key]) for row in topic.rows if key in row})
        if 1 < len(values) <= MOST_SLICES and all(key in row for row in topic.rows):
            yield from ((f"{key} {v}", [row for row in topic.rows if str(row[key]) == v]) for v in values)


def rate(topic: Topic, part: str, name: str, hits: Sequence[object]) -> Figure:
    """A share of pictures with its spread."""
    values = np.array(hits, float)
    return Figure(topic.name, part, name, mean(values) if len(values) else None, len(values), *spread(values))


def overall(topic: Topic, part: str, name: str, pairs: Values, statistic: Statistic) -> Figure:
    """A figure of (result, true class) pairs; its spread keeps the number of each class."""
    return Figure(topic.name, part, name, statistic(pairs), len(pairs), *spread(pairs, statistic, [str(t) for t in pairs[:, 1]]))


def ranking(topic: Topic, part: str, name: str, said: Values, true: NDArray[np.bool_]) -> Figure:
    return Figure(topic.name, part, name, area_under_curve(said[true], said[~true]), len(said))


def degrees(topic: Topic, part: str, name: str, errors: Values) -> Figure:
    return Figure(topic.name, part, name, mean(errors) if len(errors) else None, len(errors), *spread(errors))


def faces(topic: Topic, part: str, rows: Sequence[Record], records: Records) -> Figure:
    found = [answers.present(records.get(r["file"])) for r in rows]
    return rate(topic, part, "face found", found)


def headpose(topic: Topic, records: Records) -> Iterator[Figure]:
    """Whole turn, axes and shares per band of true yaw; the side for heads that are turned away."""
    yield faces(topic, "all", topic.rows, records)
    for part, (low, high) in {"all": (0.0, 360.0), **BANDS}.items():
        rows = [r for r in topic.rows if low <= abs(answers.true_yaw(r)) <= high]
        yield from head_band(topic, part, rows, records)
    turned = [r for r in topic.rows if abs(answers.true_yaw(r)) > 60.0]
    yield rate(topic, "yaw over 60", "side right, of all", [side_right(records.get(r["file"]), r) for r in turned])
    yield from lens(topic.name, topic.rows, records)
    yield from hands_reported(topic, records)


def head_band(topic: Topic, part: str, rows: Sequence[Record], records: Records) -> Iterator[Figure]:
    found = [answers.head_error(records.get(r["file"]), r) for r in rows]
    errors = np.array([e for e in found if e is not None], float).reshape(-1, 4)
    yield rate(topic, part, "answered", [e is not None for e in found])
    yield rate(topic, part, "within 5 deg, of all", [e is not None and e[0] <= 5 for e in found])
    yield rate(topic, part, "within 10 deg, of all", [e is not None and e[0] <= 10 for e in found])
    if not len(errors):
        return
    yield degrees(topic, part, "whole turn, deg", errors[:, 0])
    yield Figure(topic.name, part, "whole turn p95, deg", p95(errors[:, 0]), len(errors), *spread(errors[:, 0], p95))
    for axis, name in enumerate(("yaw", "pitch", "roll"), 1):
        yield degrees(topic, part, f"{name}, deg", np.abs(errors[:, axis]))
        yield Figure(topic.name, part, f"{name} bias (median), deg", float(np.median(errors[:, axis])), len(errors))
    yield stated_spread(topic, part, rows, records)


def stated_spread(topic: Topic, part: str, rows: Sequence[Record], records: Records) -> Figure:
    """Share of answers whose whole turn is within twice the stated ``std_deg``: is the uncertainty honest?"""
    found = [records.get(r["file"]) for r in rows]
    pairs = [(answers.head_error(o, r), answers.get(o, "head", "std_deg")) for o, r in zip(found, rows, strict=True)]
    honest = [error[0] <= 2 * std for error, std in pairs if error is not None and std is not None]
    return rate(topic, part, "within 2 stated std, of answered", honest)


def side_right(record: Record | None, row: Record) -> bool:
    """Is the head said to be turned to the side it is turned to?"""
    answer = answers.head(record, row)
    return answer is not None and -answer[0][0] * row["yaw_deg"] > 0


def eyes(topic: Topic, records: Records) -> Iterator[Figure]:
    """Closed or open, balanced, with the ranking of what was answered."""
    for part, rows in parts(topic):
        yield from eyes_part(topic, part, rows, records)
    yield from lens(topic.name, [row for row in topic.rows if row["eyes"] == "open"], records)


def eyes_part(topic: Topic, part: str, rows: Sequence[Record], records: Records) -> Iterator[Figure]:
    true = np.array([r["eyes"] == "closed" for r in rows])
    said = np.array([_number(answers.closed(records.get(r["file"]))) for r in rows])
    has = ~np.isnan(said)
    right = (has & ((said > 0.5) == true)).astype(float)
    if topic.kind != "eyes_crop":
        yield faces(topic, part, rows, records)
    yield rate(topic, part, "answered", has)
    if true.any() and not true.all():
        yield overall(topic, part, "balanced accuracy", np.stack([right, true], axis=1), balanced)
        yield ranking(topic, part, "area under curve, answered", said[has], true[has])
    for name, chosen in (("closed", true), ("open", ~true)):
        if chosen.any():
            yield rate(topic, part, f"{name} right", right[chosen])


def balanced(rows: Values) -> float:
    """Mean of the two shares right; columns: right, true class."""
    right, true = rows[:, 0], rows[:, 1] > 0.5
    return float((right[true].mean() + right[~true].mean()) / 2)


def yawn(topic: Topic, records: Records) -> Iterator[Figure]:
    """Yawn alarms above one half against the label; no answer is no alarm."""
    for part, rows in parts(topic):
        said = np.array([_number(answers.yawn(records.get(r["file"])), -1.0) for r in rows])
        pairs = np.stack([said > 0.5, np.array([r["yawn"] for r in rows])], axis=1).astype(float)
        true = pairs[:, 1] > 0.5
        yield faces(topic, part, rows, records)
        yield rate(topic, part, "answered", said >= 0)
        if true.any() and not true.all():
            yield overall(topic, part, "F1", pairs, f1)
            yield overall(topic, part, "precision", pairs, precision)
            yield ranking(topic, part, "area under curve, missing lowest", said, true)
        yield rate(topic, part, "recall", pairs[true, 0])
        yield rate(topic, part, "false alarms", pairs[~true, 0])


def f1(pairs: Values) -> float:
    """Columns: alarm, true."""
    hits = float((pairs[:, 0] * pairs[:, 1]).sum())
    return 2 * hits / max(float(pairs.sum()), 1.0)


def precision(pairs: Values) -> float:
    return float((pairs[:, 0] * pairs[:, 1]).sum()) / max(float(pairs[:, 0].sum()), 1.0)


def cabin(topic: Topic, records: Records) -> Iterator[Figure]:
    """Real driver cameras: is there an answer at all, and yawns."""
    for part, rows in parts(topic):
        found = [records.get(r["file"]) for r in rows]
        heads = [answers.vector(answers.get(o, "head", "forward_camera")) for o in found]
        yield rate(topic, part, "head answered", [forward is not None for forward in heads])
        yield rate(topic, part, "eyes answered", [answers.closed(o) is not None for o in found])
    yield from yawn(topic, records)


def no_face(topic: Topic, records: Records) -> Iterator[Figure]:
    found = [records.get(r["file"]) for r in topic.rows]
    yield rate(topic, "all", "rightly no face", [o is not None and not answers.present(o) for o in found])
    yield from hands_reported(topic, records)


def _number(value: float | None, missing: float = float("nan")) -> float:
    return missing if value is None else value


KINDS: dict[str, Measure] = {
    "headpose": headpose,
    "gaze": gaze,
    "eyes_face": eyes,
    "eyes_crop": eyes,
    "nir_face": eyes,
    "yawn": yawn,
    "nir_cabin": cabin,
    "no_face": no_face,
    "hands": hands,
}
