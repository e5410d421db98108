"""The sample drive log: what it promises to hold, the same bytes on every machine."""

import hashlib
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest

from dms.assessment.cabins import load_cabin
from dms.bus.port import CanFrame
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.log import sample_log
from dms.camera.open import open_source
from dms.drivelog.format import TRUTH, VEHICLE
from dms.drivelog.reader import LogReader
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.parts import ChangeLook, LookAt, Phone, SlowClosures, TakeoverRequest, Yawn
from hil.driver.behaviour.scenario import load_scenario
from hil.driver.truth.labels import decode_truth

PIXELS = Path(__file__).with_name("sample.sha256").read_text().strip()
"""SHA-256 over the decoded pictures of 30.5 s to 32.5 s: H.264 decoding and the noise are exact."""

FPS = 30


@pytest.fixture(scope="module")
def labels():
    with LogReader(sample_log()) as log:
        return [decode_truth(message.data) for message in log.messages((TRUTH,))]


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("sample")


def during(labels, part, settle=0.5):
    """Labels from ``settle`` seconds after the part's begin to its end."""
    return [t for t in labels if part.at + settle <= t.t < part.at + part.for_s]


def one(scenario, kind):
    return next(part for part in scenario.parts if isinstance(part, kind))


def test_size_length_and_header(labels, scenario):
    assert sample_log().stat().st_size < 6e6
    with LogReader(sample_log()) as log:
        assert log.complete and log.notes == []
        assert log.header.camera.width == 640 and log.header.wall_start == ""
        assert (log.header.vehicle, log.header.driver) == (scenario.vehicle, "sample")
        assert "Not a person" in log.header.note
    assert len(labels) == 1800
    assert [round(t.t * FPS) for t in labels] == list(range(1800)) == [t.frame for t in labels]


def test_pictures_are_the_same_bytes_everywhere():
    digest = hashlib.sha256()
    with LogReader(sample_log()) as log:
        frames = list(log.frames(30.5, 32.5))
    for frame in frames:
        digest.update(frame.grey.tobytes())
    assert len(frames) == 60 and frames[0].grey.shape == (480, 640)
    assert digest.hexdigest() == PIXELS


def test_labels_belong_to_their_pictures(labels):
    """The face's box is where the labels say, and the mean brightness as well: noise and coding shift it little."""
    with LogReader(sample_log()) as log:
        for frame in log.frames(0.0, 20.0):
            if frame.index % 30 == 0:
                assert frame.grey.mean() == pytest.approx(labels[frame.index].image.mean, abs=1.0)


def test_noise_is_in_the_pictures_and_not_in_the_file():
    with LogReader(sample_log()) as log:
        first = next(log.frames(10.0, 10.5))
        assert '"seed"' in log.channels["/camera/cabin"].metadata["noise"]
    dark = first.grey[20:80, 20:200].astype(float)  # the roof lining
    assert 0.8 < np.diff(dark, axis=1).std() / np.sqrt(2) < 2.5


def test_sample_opens_by_its_word():
    with open_source("sample") as source:
        first = next(source.frames())
    assert (first.width, first.height, first.counter, first.t) == (640, 480, 0, 0.0)
    assert not source.independent and not source.live


def test_the_driver_looks_into_the_lens_first(labels, scenario):
    part = one(scenario, LookAt)
    assert part.zone == "lens" and part.at == 0.0
    for t in during(labels, part, 0.7):
        to_lens = -np.array(t.gaze.origin_camera_mm)
        cosine = np.array(t.gaze.direction_camera) @ to_lens / np.linalg.norm(to_lens)
        assert cosine > np.cos(np.radians(2.0))


def test_the_story_is_labelled(labels, scenario):
    seconds = {zone: sum(t.story.zone == zone for t in labels) / FPS for zone in ("road", "infotainment", "lap")}
    assert seconds["road"] > 30 and seconds["infotainment"] > 4 and seconds["lap"] > 2
    glance = next(p for p in scenario.parts if isinstance(p, LookAt) and p.zone == "infotainment")
    assert {t.story.zone for t in during(labels, glance)} == {"infotainment"}
    held = during(labels, one(scenario, Phone), 1.5)
    assert sum(any(thing.kind == "phone" for thing in t.things) for t in held) > 0.8 * len(held)
    yawn = during(labels, one(scenario, Yawn), 0.0)
    assert max(t.mouth.opening_mm for t in yawn) > 25 > max(t.mouth.opening_mm for t in labels[:600])


def test_slow_closures_and_blinks(labels, scenario):
    drowsy = one(scenario, SlowClosures)
    runs = [list(group) for shut, group in groupby(labels, lambda t: t.drowsy.closed_s > 0) if shut]
    slow = [run for run in runs if run[-1].drowsy.closed_s > 0.5]
    assert len(slow) >= 2 and max(run[-1].drowsy.closed_s for run in slow) > 1.0
    assert all(drowsy.at < run[0].t < drowsy.at + drowsy.for_s + 1.0 for run in slow)
    assert 8 <= labels[-1].drowsy.blinks_total <= 40
    assert all(all(eye.closed for eye in run[len(run) // 2].eyes.values()) for run in slow)


def test_sunglasses_hide_the_eyes(labels, scenario):
    on, off = [p.at for p in scenario.parts if isinstance(p, ChangeLook)]
    for t in labels:
        assert t.wear.sunglasses is (on <= t.t < off)
        hidden = all(eye.visible < 0.5 for eye in t.eyes.values())
        assert not t.wear.sunglasses or hidden
        if on - 3 < t.t < on or off <= t.t < off + 3:
            assert not hidden


def test_roll_is_positive_towards_the_drivers_right_shoulder(labels):
    """The driver's right is on the picture's left: with positive roll the driver's right eye is the lower one."""
    for t in labels:
        if abs(t.head.yaw_deg) < 10 and abs(t.head.roll_deg) > 1.5:
            right, left = (t.eyes[side].pupil or t.eyes[side].iris for side in ("right", "left"))
            if right is not None and left is not None:
                assert right.centre_px[0] < left.centre_px[0]
                assert (right.centre_px[1] > left.centre_px[1]) is (t.head.roll_deg > 0)
    assert max(abs(t.head.roll_deg) for t in labels if abs(t.head.yaw_deg) < 10) > 1.5


def test_vehicle_and_handover_controller_speak_as_the_labels_say(labels, scenario):
    inputs = VehicleInputs()
    seen = []
    with LogReader(sample_log()) as log:
        for t, record in log.can():
            inputs.feed(CanFrame(record.id, record.data, record.extended, record.fd, record.brs), t)
            if not seen or t - seen[-1].t >= 0.1:
                seen.append(inputs.snapshot(t))
        assert len(list(log.messages((VEHICLE,)))) == 1800
    assert inputs.refused == 0 and len(seen) >= 500
    edges = [
        b.t for a, b in pairwise(labels) if (a.vehicle.hands_on, a.vehicle.l3_state) != (b.vehicle.hands_on, b.vehicle.l3_state)
    ]
    for state in seen[2:]:
        told = labels[min(1799, int(state.t * FPS))].vehicle
        if all(abs(state.t - edge) > 0.1 for edge in edges):
            assert (state.hands_on, state.l3_state) == (told.hands_on, told.l3_state)
        assert state.belt is True and state.speed_kmh == pytest.approx(told.speed_kmh, abs=1.0)
    assert {s.l3_state for s in seen[2:]} == {"active", "takeover_request", "inactive"}


def test_the_request_is_answered_as_the_scenario_says(labels, scenario):
    part = one(scenario, TakeoverRequest)
    asked = [t.t for t in labels if t.vehicle.l3_state == "takeover_request"]
    assert asked[0] == pytest.approx(part.at, abs=0.05) and asked[-1] == pytest.approx(part.at + part.taken_over_s, abs=0.1)
    hands = next(t.t for t in labels if t.vehicle.hands_on)
    assert hands == pytest.approx(part.at + part.hands_on_s, abs=0.2)


def test_the_program_still_makes_these_labels(labels, scenario):
    """The driver model, without drawing him: what happens in the log is what the scenario file says today."""
    director = Director(scenario, load_cabin(scenario.vehicle))
    for t in labels:
        moment = director.step(t.frame / scenario.fps)
        assert moment.vehicle == t.vehicle, f"scenario or driver model changed; run tools/make_sample_log.py ({t.t:.2f} s)"
        assert (moment.story.part, moment.story.zone, moment.story.activity) == (t.story.part, t.story.zone, t.story.activity)
        assert moment.story.closed_s == pytest.approx(t.drowsy.closed_s, abs=1e-3)
        assert moment.pose.yaw_deg == pytest.approx(t.head.yaw_vehicle_deg, abs=0.01)
