import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.inference.base import Engine, Options, Tensors
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract
from dms.perception.detection import Detection
from dms.perception.hand_search import Stillness, evened, roi_of
from dms.perception.hands import HandFinder, HandReading, count_fingers
from dms.perception.settings import Settings
from dms.records.frame import Frame

# Joint angles of an upright right hand's back seen by the camera: base of each finger, direction, lengths (hand units).
BASES = {0: (-0.30, -0.55), 1: (-0.10, -0.62), 2: (0.08, -0.60), 3: (0.25, -0.52)}
LENGTHS = (0.30, 0.20, 0.16)


def hand(
    shown: tuple[bool, bool, bool, bool, bool], angle: float = 0.0, scale: float = 100.0, mirror: bool = False
) -> np.ndarray:
    """21 points of a hand that shows (thumb, index, middle, ring, little); fists fold the fingers back to the palm."""
    points = np.zeros((21, 2))
    out = shown[0]
    points[1:5] = [(-0.22, -0.12), (-0.38, -0.28), (-0.55, -0.38), (-0.72, -0.46)] if out else [
        (-0.22, -0.12), (-0.33, -0.30), (-0.22, -0.42), (-0.06, -0.44)]  # fmt: skip
    for finger, (x, y) in BASES.items():
        row = 5 + 4 * finger
        points[row] = (x, y)
        steps = np.cumsum(LENGTHS) if shown[finger + 1] else np.array([0.22, 0.10, -0.05])
        points[row + 1 : row + 4] = [(x * (1 + 0.3 * s), y - s) for s in steps]
    points *= (-1.0 if mirror else 1.0, 1.0)
    c, s = math.cos(angle), math.sin(angle)
    return points @ np.array([[c, s], [-s, c]]) * scale + (320.0, 300.0)


SHOWN = [tuple(bool(n >> k & 1) for k in range(5)) for n in range(32)]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda v: "".join("01"[f] for f in v))
def test_fingers_are_counted(shown: tuple) -> None:
    assert count_fingers(hand(shown)) == sum(shown)


@given(shown=st.sampled_from(SHOWN), angle=st.floats(-math.pi, math.pi), scale=st.floats(20, 400), mirror=st.booleans())
@settings(max_examples=80, deadline=None)
def test_turned_scaled_and_mirrored(shown: tuple, angle: float, scale: float, mirror: bool) -> None:
    assert count_fingers(hand(shown, angle, scale, mirror)) == sum(shown)


def test_depth_is_ignored() -> None:
    flat = hand((True, True, False, False, False))
    assert count_fingers(np.c_[flat, np.linspace(-50, 50, 21)]) == 2


def reading(right: float, points: np.ndarray | None = None) -> HandReading:
    return HandReading(hand((True,) * 5) if points is None else points, np.zeros((21, 3)), 0.9, right, 0.0)


def test_record_names_the_drivers_own_side() -> None:
    assert reading(0.9).record().side == "right"
    record = reading(0.1).record()
    assert record.side == "left" and record.fingers == 5 and record.confidence == 0.9
    assert record.landmarks_px is not None and len(record.landmarks_px) == 21


@pytest.mark.parametrize("angle", [0.0, 0.8, -2.0, math.pi])
def test_next_region_turns_with_the_hand(angle: float) -> None:
    roi = reading(0.9, hand((True,) * 5, angle)).next_roi()
    upright = reading(0.9, hand((True,) * 5)).next_roi()
    assert math.remainder(roi.angle - upright.angle - angle, 2 * math.pi) == pytest.approx(0.0, abs=1e-6)
    assert roi.size == pytest.approx(upright.size)


def _fixed_crop() -> np.ndarray:
    """Crop points whose next region of interest is the crop itself: a hand that stands still."""
    points = hand((True,) * 5)
    matrix = reading(0.9, points).next_roi().matrix(224)
    return np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T


CROP = _fixed_crop()


class Hands:
    """Fake detector and landmark networks: hands at chosen places; the crop's content says nothing."""

    def __init__(self, presence: float = 0.95, proposals: int = 1) -> None:
        self.presence, self.proposals = presence, proposals
        self.searches: list[float] = []
        self.reads = 0
        self.blind_reads = 0
        self.now = 0.0
        backend = FakeBackend({"hand_detector": self._proposals, "hand_landmarks": self._points})
        self.engines: dict[str, Engine] = {s: backend.load(contract(s), Options()) for s in ("hand_detector", "hand_landmarks")}

    def _proposals(self, feeds: Tensors) -> Tensors:
        self.searches.append(self.now)
        out = zeros(contract("hand_detector"))
        out["scores"][:] = -9.0
        boxes = out["boxes"].reshape(400, -1)
        for k in range(self.proposals):
            cell = 20 * 10 + 4 + 6 * k
            out["scores"].reshape(-1)[cell] = 3.0 - k
            boxes[cell] = (0, 0, 40, 40, 0, 18, 0, -4)  # wrist below the middle knuckle
        return out

    def _points(self, feeds: Tensors) -> Tensors:
        self.reads += 1
        out = zeros(contract("hand_landmarks"))
        out["presence"][:] = self.presence if self.reads > self.blind_reads else 0.0
        out["handedness"][:] = 0.8
        out["landmarks"].reshape(21, 3)[:, :2] = CROP
        return out

    def finder(self) -> HandFinder:
        return HandFinder(self.engines, Settings())

    def play(
        self, finder: HandFinder, frames: int, fps: float = 30.0, may_search: bool = True, moving: bool = True, start: int = 0
    ) -> list[int]:
        counts = []
        for k in range(start, start + frames):
            self.now = k / fps
            grey = np.full((480, 640), 90, np.uint8)
            if moving:
                grey[200:240, 20 * (k % 30) : 20 * (k % 30) + 40] = 150
            counts.append(len(finder.track(Frame(grey=grey, t=self.now), may_search)))
        return counts


def test_search_runs_at_most_five_times_a_second() -> None:
    fake = Hands(proposals=0)
    fake.play(fake.finder(), 90)
    assert 13 <= len(fake.searches) <= 15
    assert np.diff(fake.searches).min() >= 0.2 - 1e-9


def test_a_still_picture_is_searched_once_a_second() -> None:
    fake = Hands(proposals=0)
    fake.play(fake.finder(), 90, moving=False)
    assert 3 <= len(fake.searches) <= 4
    assert np.diff(fake.searches).min() >= Settings().hand_search_still_s - 1e-9


def test_noise_is_no_movement(rng: np.random.Generator) -> None:
    """12 levels of noise a pixel, at VGA."""
    stillness = Stillness(Settings().hand_change)
    pictures = [np.clip(90 + rng.normal(0, 12, (480, 640)), 0, 255).astype(np.uint8) for _ in range(3)]
    assert [stillness.changed(p) for p in pictures] == [True, False, False]
    pictures[2][200:240, 300:340] = 160
    assert stillness.changed(pictures[2])


def test_no_search_when_it_is_not_allowed() -> None:
    fake = Hands()
    assert fake.play(fake.finder(), 30, may_search=False) == [0] * 30 and not fake.searches


def test_a_still_hand_is_read_less_often() -> None:
    fake = Hands()
    counts = fake.play(fake.finder(), 60)
    assert counts == [1] * 60
    assert fake.reads < 60  # 15 Hz, not 30, plus the confirmations of the searches


def test_two_hands_stop_the_search() -> None:
    fake = Hands(proposals=2)
    counts = fake.play(fake.finder(), 60)
    assert counts[-1] == 2 and len(fake.searches) == 1


def test_no_more_hands_than_asked_for() -> None:
    fake = Hands(proposals=3)
    assert max(fake.play(fake.finder(), 20)) == 2
    assert len(fake.finder().still(Frame(grey=np.zeros((480, 640), np.uint8), t=0.0))) == 2


def test_a_hand_that_is_gone_is_dropped() -> None:
    fake = Hands()
    finder = fake.finder()
    fake.play(finder, 5)
    fake.presence, fake.proposals = 0.1, 0
    assert fake.play(finder, 12)[-1] == 0


def test_a_proposal_that_is_no_hand_is_refused() -> None:
    fake = Hands(presence=0.6)
    assert fake.play(fake.finder(), 30) == [0] * 30


def test_one_proposal_a_frame_is_read() -> None:
    fake = Hands(presence=0.1, proposals=3)
    finder, reads = fake.finder(), []
    for k in range(5):
        before = fake.reads
        finder.track(Frame(grey=np.full((480, 640), 90, np.uint8), t=k / 30), True)
        reads.append(fake.reads - before)
    assert reads == [len(Settings().hand_looks)] * 3 + [0, 0] and len(fake.searches) == 1


def test_a_wider_look_is_taken_before_a_proposal_is_refused() -> None:
    fake = Hands()
    fake.blind_reads = 1
    frame = Frame(grey=np.full((480, 640), 90, np.uint8), t=0.0)
    assert len(fake.finder().track(frame, True)) == 1 and fake.reads == 3
    fake.reads, fake.blind_reads = 0, 9
    assert not fake.finder().track(frame, True) and fake.reads == len(Settings().hand_looks)


def test_the_same_hand_is_not_counted_twice() -> None:
    fake = Hands(proposals=1)
    counts = fake.play(fake.finder(), 30)
    assert max(counts) == 1 and len(fake.searches) > 1


@pytest.mark.parametrize("level", [0, 1, 10, 60, 127, 200, 255])
def test_evened_is_never_darker(level: int) -> None:
    grey = np.full((40, 50), level, np.uint8)
    out = evened(grey)
    assert out.shape == grey.shape and out.dtype == np.uint8
    assert out[0, 0] >= level
    if 5 <= level < 100:
        assert out[0, 0] > level  # brightened towards the middle


def test_evened_keeps_the_order_of_grey_levels() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
    assert (np.diff(evened(ramp).astype(int), axis=1) >= 0).all()


def test_evened_brings_dark_to_the_middle_whatever_the_bars() -> None:
    dark = np.random.default_rng(0).integers(10, 40, (100, 100)).astype(np.uint8)
    assert 110 < np.percentile(evened(dark), 60) < 145
    barred = np.zeros((160, 160), np.uint8)
    barred[30:130] = np.resize(dark, (100, 160))
    assert np.percentile(evened(barred)[30:130], 60) == pytest.approx(np.percentile(evened(dark), 60), abs=2)


def test_a_proposal_becomes_an_upright_square() -> None:
    found = Detection(0.9, (100.0, 50.0, 40.0, 80.0), np.array([[120.0, 120.0], [150.0, 90.0]]))
    roi = roi_of(found)
    assert (roi.cx, roi.cy) == (120.0, 90.0) and roi.size == pytest.approx(1.75 * 80)
    assert roi.angle == pytest.approx(math.pi / 4)
