"""Heads that lie or turn away: found by turning the picture, carried on where the mesh is lost, and never made up."""

import cv2
import numpy as np
import portraits
import pytest

from dms.perception.face import CONFIRMED_STD_DEG, STILL_STD_DEG, FaceFinder
from dms.perception.pipeline import Perception
from dms.perception.roi import turned
from dms.perception.settings import Settings
from dms.records.frame import Frame
from tools.measure_turning import BEYOND_DEG, film, watch
from tools.training.augment import background

EMPTY = portraits.noisy(np.full((480, 640), 70.0), 2.0)


@pytest.mark.parametrize(("way", "roll"), [(cv2.ROTATE_90_CLOCKWISE, -90.0), (cv2.ROTATE_90_COUNTERCLOCKWISE, 90.0)])
def test_a_lying_head_is_found_and_read(face_engines: dict, way: int, roll: float) -> None:
    picture = np.ascontiguousarray(cv2.rotate(portraits.portrait(), way))
    seen = Perception(face_engines).observe(Frame(grey=picture, t=0.0), independent=True)
    assert seen.head is not None and seen.head.roll_deg == pytest.approx(roll - 3.5, abs=8.0)
    assert seen.eyes is not None and all((eye.closed or 0.0) < 0.3 and eye.visible > 0.5 for eye in seen.eyes.values())


@pytest.mark.parametrize("seed", [2, 22, 36])
def test_clutter_turned_often_enough_is_still_no_face(face_engines: dict, seed: int) -> None:
    """In these the mesh network is sure of a face as soon as they are turned; the head-pose network is not."""
    grey = background(np.random.default_rng(seed), 480, 640)
    believing = FaceFinder(face_engines, Settings(), head_spread=lambda grey, box: CONFIRMED_STD_DEG)
    assert believing.still(grey, once=True) is not None
    face = Perception(face_engines).observe(Frame(grey=grey, t=0.0), independent=True).face
    assert face is not None and not face.present


def test_places_come_back_from_a_turned_picture() -> None:
    frame = np.full((200, 320), 20, np.uint8)
    frame[60:66, 250:256] = 255
    picture, back = turned(frame, 45.0)
    y, x = np.argwhere(picture > 128).mean(axis=0)
    assert back @ (x + 0.5, y + 0.5, 1.0) == pytest.approx((253.0, 63.0), abs=1.0)
    assert abs(int(picture[0, 0]) - frame.mean()) <= 1  # not black


def test_a_lost_face_is_carried_on_only_where_a_head_is_seen(face_engines: dict) -> None:
    spread = {"deg": STILL_STD_DEG}
    finder = FaceFinder(face_engines, Settings(), head_spread=lambda grey, box: spread["deg"])
    start = finder.track(portraits.portrait(), 0.0)
    assert start is not None and start.mesh is not None
    confidences = []
    for t in (0.3, 0.9, 1.4):
        found = finder.track(EMPTY, t)
        assert found is not None and found.bridged and found.mesh is None and found.box == start.box
        confidences.append(found.confidence)
    assert confidences == sorted(confidences, reverse=True) and confidences[-1] < 0.1
    assert finder.track(EMPTY, 1.6) is None  # the place has grown stale
    again = finder.track(portraits.portrait(), 1.7) or finder.track(portraits.portrait(), 1.8)
    assert again is not None and again.mesh is not None
    spread["deg"] = STILL_STD_DEG + 1
    assert finder.track(EMPTY, 1.9) is None
    finder.reset()
    spread["deg"] = 5.0
    assert finder.track(EMPTY, 2.0) is None


def test_a_head_nobody_reads_is_found_where_the_network_sees_one(face_engines: dict) -> None:
    """No mesh and hardly a detection, as in profile: the head-pose network's word alone."""
    spread = {"deg": CONFIRMED_STD_DEG}
    blind = Settings(face_score=0.98, face_presence=1.1)
    finder = FaceFinder(face_engines, blind, head_spread=lambda grey, box: spread["deg"])
    found = finder.still(portraits.portrait())
    read = FaceFinder(face_engines, Settings()).still(portraits.portrait(), once=True)
    assert found is not None and found.mesh is None and read is not None and read.mesh is not None
    assert found.between_eyes == pytest.approx(read.between_eyes, abs=0.1 * read.box[2])
    spread["deg"] = CONFIRMED_STD_DEG + 0.1
    assert finder.still(portraits.portrait()) is None


def test_a_head_is_followed_over_the_shoulder(gl: None, face_engines: dict) -> None:
    """Rendered driver: from the road to 85 degrees and back. No frame without a head, the right side, and an honest spread."""
    frames = list(film(85.0, seed=11))
    steps = watch(face_engines, frames)  # type: ignore[arg-type]
    away = [s for s in steps if s.true_deg > BEYOND_DEG]
    assert len(away) >= 8 and sum(not s.mesh for s in away) >= 6
    for step in away:
        assert step.said_deg is not None and step.std_deg is not None, step
        assert step.said_deg > 40.0 and abs(step.said_deg - step.true_deg) < 3 * step.std_deg, step
        assert step.mesh or step.std_deg > 10.0, step  # a profile without a mesh is no evidence of anything fine
    front = [s for s in steps if abs(s.true_deg) < 10.0]
    assert front and all(s.mesh and abs((s.said_deg or 99.0) - s.true_deg) < 8.0 for s in front)
    turned_away = [frame for frame in frames if abs(frame[1]) > BEYOND_DEG]
    alone = watch(face_engines, turned_away[::4], single=True)  # type: ignore[arg-type]
    assert sum(s.said_deg is not None and 40.0 < s.said_deg < 110.0 for s in alone) >= len(alone) / 2, alone
