"""Figures from made-up records: what is missing is wrong in rates, degrees are over the answered."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import eyes_record, head_record, head_row

from dms.records.angles import direction_from

Record = dict[str, Any]


def values(kind: str, rows: Iterable[Record], records: Iterable[Record]) -> dict[tuple[str, str], float | None]:
    from measuring.chain import Topic, by_file
    from measuring.figures import measure

    return {(f.part, f.name): f.value for f in measure(Topic(kind, Path(), tuple(rows)), by_file(records))}


def test_head_errors_bands_and_sides() -> None:
    rows = [head_row("a", 0.0), head_row("b", 40.0), head_row("c", 70.0), head_row("d", -80.0)]
    records = [head_record("a", 3.0), head_record("b", 52.0), head_record("c", 64.0)]
    found = values("headpose", rows, records)
    assert found["yaw to 60", "whole turn, deg"] == pytest.approx(7.5)
    assert found["yaw to 60", "within 10 deg, of all"] == 0.5
    assert found["yaw to 60", "yaw bias (median), deg"] == pytest.approx(7.5)
    assert found["yaw over 60", "within 10 deg, of all"] == 0.5
    assert found["yaw over 60", "side right, of all"] == 0.5
    assert found["all", "answered"] == 0.75
    assert found["yaw to 60", "within 2 stated std, of answered"] == 0.5


def test_a_face_elsewhere_is_another_person() -> None:
    found = values("headpose", [head_row("a", 0.0)], [head_record("a", 0.0, box=(50, 0, 10, 10))])
    assert found["all", "answered"] == 0.0 and found["all", "within 10 deg, of all"] == 0.0


def test_eyes_balanced_with_missing_wrong_and_slices() -> None:
    rows = [{"file": f"{n}", "eyes": "closed" if n < 4 else "open", "set": "xy"[n % 2]} for n in range(12)]
    records = [eyes_record(str(n), 0.9 if n < 4 else 0.1) for n in range(12) if n != 5]
    records[0] = eyes_record("0", 0.2)
    found = values("eyes_face", rows, records)
    assert found["all", "balanced accuracy"] == pytest.approx((3 / 4 + 7 / 8) / 2)
    assert found["all", "answered"] == pytest.approx(11 / 12)
    assert found["all", "area under curve, answered"] == 1.0
    assert found["set x", "open right"] == 1.0 and found["set y", "open right"] == 0.75


def test_no_slice_by_a_field_that_some_labels_lack() -> None:
    rows = [
        {"file": "a", "eyes": "open", "glasses": True},
        {"file": "b", "eyes": "open", "glasses": False},
        {"file": "c", "eyes": "open"},
    ]
    parts = {part for part, _ in values("eyes_face", rows, [])}
    assert parts == {"all"}


def test_yawn_alarms() -> None:
    rows = [{"file": str(n), "yawn": n < 3} for n in range(6)]
    said = {0: 0.9, 1: 0.8, 3: 0.7, 4: 0.1, 5: 0.0}
    records = [{"source": str(n), "face": {"present": True}, "mouth": {"yawn": p}} for n, p in said.items()]
    found = values("yawn", rows, records)
    assert found["all", "recall"] == pytest.approx(2 / 3) and found["all", "false alarms"] == pytest.approx(1 / 3)
    assert found["all", "F1"] == pytest.approx(2 * 2 / 6) and found["all", "precision"] == pytest.approx(2 / 3)


def test_gaze_calibration_takes_out_an_affine_error() -> None:
    rows, records = [], []
    for n, (kind, yaw, pitch) in enumerate((k, y, p) for k in ("calibration", "test") for y in (-10, 0, 12) for p in (-30, -20)):
        name = f"{n}"
        target = [float(yaw), float(pitch), 0.0]
        rows.append({"file": name, "set": kind, "direction_camera": list(direction_from(yaw, pitch)), "target_camera_mm": target})
        records.append({"source": name, "gaze": {"direction_camera": list(direction_from(0.5 * yaw + 3, 0.8 * pitch - 5))}})
    found = values("gaze", rows, records)
    assert found["after calibration", "error, deg"] == pytest.approx(0.0, abs=1e-6)
    assert found["as it comes", "yaw slope"] == pytest.approx(0.5) and found["as it comes", "pitch slope"] == pytest.approx(0.8)
    assert found["as it comes", "error, deg"] > 2


def test_most_portraits_look_into_the_lens() -> None:
    """A biased line of sight shows, though a third of the people looks elsewhere and turned heads are left out."""
    rng, rows, records = np.random.default_rng(1), [], []
    for k in range(90):
        yaw, pitch = (rng.normal(0, 1.5), 6.0 + rng.normal(0, 1.5)) if k % 3 else (rng.uniform(-40, 40), rng.uniform(-30, 30))
        head = head_record(f"{k}", 60.0 if k % 10 == 0 else 5.0)
        gaze = {"direction_camera": list(direction_from(yaw, pitch)), "origin_camera_mm": [0.0, 0.0, 600.0]}
        rows.append(head_row(f"{k}", 5.0))
        records.append(head | {"gaze": gaze})
    found = values("headpose", rows, records)
    assert found["portraits", "most frequent yaw off lens"] == pytest.approx(0.0, abs=1.0)
    assert found["portraits", "most frequent pitch off lens"] == pytest.approx(6.0, abs=1.0)
    assert ("portraits", "most frequent yaw off lens") not in values("headpose", rows[:15], records[:15])


def test_spreads_hold_the_value_and_few_pictures_have_none() -> None:
    from measuring.spread import area_under_curve, clustered, mean, spread

    sample = np.random.default_rng(0).normal(5.0, 1.0, 50)
    low, high = spread(sample)
    assert low is not None and high is not None and low < mean(sample) < high and high - low < 1.0
    assert spread(sample[:3]) == (None, None)
    wide_low, wide_high = clustered(np.repeat(sample[:10], 5), [n // 5 for n in range(50)])
    assert wide_low is not None and wide_high is not None and wide_high - wide_low > high - low
    assert clustered(sample[:0], []) == (None, None)
    assert area_under_curve(np.array([1.0, 0.5]), np.array([0.5, 0.0])) == pytest.approx(0.875)


def test_every_aim_is_of_a_figure_that_is_made() -> None:
    from measuring.aims import AIMS, aim_of
    from measuring.spread import Figure

    rows = {
        "headpose": [head_row("a", 0.0), head_row("b", 70.0)],
        "eyes_face": [{"file": "a", "eyes": "open"}, {"file": "b", "eyes": "closed"}],
        "yawn": [{"file": "a", "yawn": True}, {"file": "b", "yawn": False}],
        "nir_cabin": [{"file": "a", "yawn": True}],
        "hands": [{"file": "a", "hands": [{"fingers": 2, "box_px": [0, 0, 10, 10]}]}],
        "no_face": [{"file": "a"}],
    }
    records = [head_record("a", 0.0), head_record("b", 70.0)]
    for topic, part, name in AIMS:
        if topic in rows and part != "light":
            assert (part, name) in values(topic, rows[topic], records), (topic, part, name)
    aim = aim_of(Figure("covered_eyes", "bar", "covered, called visible", 0.5, 9))
    assert aim is not None and not aim.met(0.5) and aim.met(0.02) and not aim.met(None)


def hand_record(name: str, *hands: tuple[float, float, int]) -> Record:
    """Reported hands by the middle of their points and the fingers counted."""
    found = [{"landmarks_px": [[x, y]] * 21, "fingers": fingers} for x, y, fingers in hands]
    return {"source": name, "face": {"present": False}, "hands": found}


def test_hands_found_counted_and_left_over() -> None:
    two = [{"fingers": 5, "box_px": [0, 0, 20, 20]}, {"fingers": 0, "box_px": [50, 0, 20, 20]}]
    rows = [{"file": "a", "hands": two}, {"file": "b", "hands": two[:1]}, {"file": "c", "hands": two[:1]}]
    records = [hand_record("a", (10, 10, 5), (60, 10, 1), (30, 40, 2)), hand_record("b", (5, 5, 3), (10, 10, 5))]
    found = values("hands", rows, records)
    assert found["all", "found"] == 0.75  # c has no record at all
    assert found["all", "fingers right, of all"] == 0.5  # the nearer one of b counts
    assert found["all", "other hands a picture"] == pytest.approx(2 / 3)
    assert found["fingers 0", "fingers right, of all"] == 0.0 and found["fingers 5", "found"] == pytest.approx(2 / 3)


def test_hands_where_none_are_labelled_are_only_counted() -> None:
    rows = [{"file": "a"}, {"file": "b"}]
    found = values("no_face", rows, [hand_record("a", (1, 1, 2)), hand_record("b")])
    assert found["all", "hands reported a picture"] == 0.5
