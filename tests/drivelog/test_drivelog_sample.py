"""The sample drive log: what it promises to hold, the same bytes on every machine."""

import hashlib
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dms.bus.port import CanFrame
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.log import sample_log
from dms.camera.open import open_source
from dms.drivelog.format import TRUTH
from dms.drivelog.reader import LogReader

TOOLS = Path(__file__).resolve().parents[2] / "tools"
PIXELS = "e234cab42c6d5f1f1052a7f82d640c371ee48d9e5041378d39615d160d2bf5f3"
"""SHA-256 over the decoded pictures of 30.5 s to 32.5 s: H.264 decoding and the noise are exact."""


@pytest.fixture(scope="module")
def labels():
    with LogReader(sample_log()) as log:
        return [message.json() for message in log.messages((TRUTH,))]


def test_size_length_and_header(labels):
    assert sample_log().stat().st_size < 6e6
    with LogReader(sample_log()) as log:
        assert log.complete and log.notes == []
        assert log.header.camera.width == 640 and log.header.wall_start == ""
        assert "public domain" in log.header.note
    assert len(labels) == 1800
    assert [round(t["t"] * 30) for t in labels] == list(range(1800))


def test_pictures_are_the_same_bytes_everywhere(labels):
    digest = hashlib.sha256()
    with LogReader(sample_log()) as log:
        frames = list(log.frames(30.5, 32.5))
    for frame in frames:
        digest.update(frame.grey.tobytes())
    assert len(frames) == 60 and frames[0].grey.shape == (480, 640)
    assert digest.hexdigest() == PIXELS
    for frame in frames:
        settled = abs(frame.t - 31) > 0.3
        assert not settled or (frame.grey.mean() < 40) == labels[frame.counter]["dark"]


def test_sample_opens_by_its_word():
    with open_source("sample") as source:
        first = next(source.frames())
    assert (first.width, first.height, first.counter, first.t) == (640, 480, 0, 0.0)
    assert not source.independent and not source.live


def test_the_story_is_labelled(labels):
    seconds = {key: sum(t[key] is True for t in labels) / 30 for key in ("face_present", "eyes_covered", "dark")}
    assert 55.5 < seconds["face_present"] < 58 and 4 < seconds["eyes_covered"] < 5 and 5.5 < seconds["dark"] < 6
    asleep = [t for t in labels if t["eyes_closed"] and not t["blink"]]
    assert 1.6 < len(asleep) / 30 < 2 and {t["situation"] for t in asleep} == {"eyes_closed"}
    assert 10 <= sum(b["blink"] and not a["blink"] for a, b in pairwise(labels)) <= 20
    gone = [t for t in labels if t["face_present"] is False]
    assert gone and all(t["eyes_px"] is None and t["openness"] is None for t in gone)
    eyes = np.array([[t["eyes_px"]["right"], t["eyes_px"]["left"]] for t in labels if t["eyes_px"]])
    assert np.linalg.norm(eyes[:, 0] - eyes[:, 1], axis=1) == pytest.approx(65, abs=5)


def test_roll_is_positive_towards_the_drivers_right_shoulder(labels):
    """The driver's right is on the picture's left: with positive roll the driver's right eye is the lower one."""
    for label in labels:
        if label["eyes_px"] and abs(label["roll_deg"]) > 3.5:
            (x_right, y_right), (x_left, y_left) = label["eyes_px"]["right"], label["eyes_px"]["left"]
            assert x_right < x_left
            assert (y_right > y_left) is (label["roll_deg"] > 0)
    assert max(t["roll_deg"] for t in labels if t["situation"] == "head_tilted") > 10


def test_vehicle_and_handover_controller_speak_as_the_labels_say(labels):
    inputs = VehicleInputs()
    seen = []
    with LogReader(sample_log()) as log:
        for t, record in log.can():
            inputs.feed(CanFrame(record.id, record.data, record.extended, record.fd, record.brs), t)
            if not seen or t - seen[-1].t >= 0.1:
                seen.append(inputs.snapshot(t))
    assert inputs.refused == 0 and len(seen) >= 500
    for state in seen[2:]:
        label = labels[min(1799, int(state.t * 30))]
        if min(abs(state.t - edge) for edge in (50.0, 52.5, 57.0)) > 0.1:
            assert state.hands_on is label["hands_on"]
            assert (state.l3_state == "takeover_request") is label["takeover_request"]
        assert state.belt is True and 50 < state.speed_kmh < 65
    assert {s.l3_state for s in seen[2:]} == {"active", "takeover_request", "inactive"}


def test_the_program_still_makes_these_labels(labels, monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    pytest.importorskip("skimage")
    import make_sample_log as tool

    try:
        rng = np.random.default_rng(7)
        when, sway = tool.blinks(rng), np.c_[rng.uniform(0.06, 0.35, 8), rng.uniform(0, 1, 8)]
        for number in range(0, 1800, 7):
            pose, blink = tool.pose_at(number / 30, when, sway)
            assert tool.truth(number / 30, number, pose, blink) == labels[number]
    finally:
        for name in ("make_sample_log", "sample_driver"):
            sys.modules.pop(name, None)
