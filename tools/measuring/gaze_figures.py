"""Figures of gaze on pictures of a person who looks at known points, before and after a calibration on some of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from measuring import answers
from measuring.answers import Record
from measuring.chain import Topic
from measuring.spread import Figure, Values, clustered, mean, p95

from dms.records.angles import direction_from, yaw_pitch_deg

FEWEST_TARGETS = 4
"""Calibration targets that an affine map needs, with one to spare."""


@dataclass(frozen=True)
class Looks:
    """Answered pictures of one kind: said and true (yaw, pitch) in degrees, what was looked at, and all pictures there were."""

    said: Values
    true: Values
    targets: list[tuple[float, ...]]
    pictures: int


def gaze(topic: Topic, records: Mapping[str, Record]) -> Iterator[Figure]:
    """The test targets plain, then after an affine map fitted on the calibration targets; a constant answer beside them."""
    test, calibration = looks(topic.rows, records, "test"), looks(topic.rows, records, "calibration")
    name = topic.name
    yield Figure(name, "all", "answered", len(test.said) / max(test.pictures, 1), test.pictures)
    if not len(test.said):
        return
    yield from errors(name, "as it comes", test.said, test)
    yield from shape(name, test)
    centre = np.tile(test.true.mean(axis=0), (len(test.true), 1))
    yield angle(name, "constant answer", centre, test)
    if len(set(calibration.targets)) >= FEWEST_TARGETS:
        yield from errors(name, "after calibration", calibrated(test.said, calibration), test)


def looks(rows: Sequence[Record], records: Mapping[str, Record], kind: str) -> Looks:
    chosen = [r for r in rows if r.get("set", "test") == kind]
    found = [(answers.gaze(records.get(r["file"])), r) for r in chosen]
    known = [(v, r) for v, r in found if v is not None]
    said = np.array([yaw_pitch_deg(v) for v, _ in known]).reshape(-1, 2)
    true = np.array([yaw_pitch_deg(np.array(r["direction_camera"])) for _, r in known]).reshape(-1, 2)
    return Looks(said, true, [tuple(r["target_camera_mm"]) for _, r in known], len(chosen))


def errors(topic: str, part: str, said: Values, test: Looks) -> Iterator[Figure]:
    """Angle and both axes."""
    yield angle(topic, part, said, test)
    found = angles(said, test.true)
    yield Figure(topic, part, "error p95, deg", p95(found), len(found))
    for axis, name in enumerate(("yaw", "pitch")):
        off = np.abs(said - test.true)[:, axis]
        yield Figure(topic, part, f"{name}, deg", mean(off), len(off), *clustered(off, test.targets))


def angle(topic: str, part: str, said: Values, test: Looks) -> Figure:
    found = angles(said, test.true)
    return Figure(topic, part, "error, deg", mean(found), len(found), *clustered(found, test.targets))


def angles(said: Values, true: Values) -> Values:
    pairs = zip(said, true, strict=True)
    return np.array([answers.angle_deg(direction_from(*a), direction_from(*b)) for a, b in pairs])


def shape(topic: str, test: Looks) -> Iterator[Figure]:
    """What kind of error it is: a constant one, or one that grows with the angle."""
    for axis, name in enumerate(("yaw", "pitch")):
        said, true = test.said[:, axis], test.true[:, axis]
        yield Figure(topic, "as it comes", f"{name} bias (median), deg", float(np.median(said - true)), len(said))
        if len(said) > 2 and np.ptp(true) > 0:
            pairs = np.stack([said, true], axis=1)
            yield Figure(topic, "as it comes", f"{name} slope", slope(pairs), len(said), *clustered(pairs, test.targets, slope))


def slope(pairs: Values) -> float:
    """Said over true; 0 where one target was drawn over and over."""
    said, true = (pairs - pairs.mean(axis=0)).T
    return float((said * true).sum() / max(float((true * true).sum()), 1e-9))


def calibrated(said: Values, calibration: Looks) -> Values:
    """An affine map of yaw and pitch, least squares on the calibration pictures."""
    design = np.c_[calibration.said, np.ones(len(calibration.said))]
    answer: Values = np.c_[said, np.ones(len(said))] @ np.linalg.lstsq(design, calibration.true, rcond=None)[0]
    return answer
