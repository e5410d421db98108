import numpy as np
import pytest

from dms.inference.base import Engine, Options
from dms.inference.fake_backend import FakeBackend, FakeEngine, zeros
from dms.inference.slots import contract
from dms.perception.detection import Detector, _blend, _overlap, anchors
from dms.perception.face import FACE_LAYERS
from dms.perception.hand_search import PALM_LAYERS

CELL = 48 * 20 + 30
"""Face detector anchor in row 20, column 30: centre (122, 82) of 192."""


def face_answer(*rows: tuple[int, float, list[float]]) -> dict[str, np.ndarray]:
    """Outputs with (anchor, logit, cx cy w h relative to the anchor); all other anchors say no."""
    out = zeros(contract("face_detector"))
    out["scores"][:] = -9.0
    for anchor, logit, box in rows:
        out["scores"].reshape(-1)[anchor] = logit
        out["boxes"].reshape(2304, -1)[anchor, :4] = box
    return out


def engine(out: dict[str, np.ndarray]) -> Engine:
    loaded = FakeBackend({"face_detector": out}).load(contract("face_detector"), Options())
    assert isinstance(loaded, FakeEngine)
    return loaded


def detector(out: dict[str, np.ndarray]) -> Detector:
    return Detector(engine(out), FACE_LAYERS, 0.5)


def test_anchor_counts() -> None:
    assert anchors(192, FACE_LAYERS).shape == (2304, 2)
    assert anchors(192, PALM_LAYERS).shape == (2016, 2)
    assert anchors(192, FACE_LAYERS)[CELL].tolist() == [122.0, 82.0]
    assert anchors(192, PALM_LAYERS)[0].tolist() == anchors(192, PALM_LAYERS)[1].tolist() == [4.0, 4.0]
    assert anchors(192, PALM_LAYERS)[-1].tolist() == [184.0, 184.0]


def test_a_box_comes_out_in_frame_pixels() -> None:
    out = face_answer((CELL, 2.0, [4.0, -2.0, 30.0, 40.0]))
    out["boxes"].reshape(2304, -1)[CELL, 4:6] = (-6.0, -10.0)  # first key point
    (found,) = detector(out).find(np.zeros((384, 384), np.uint8))
    assert found.score == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert found.centre == pytest.approx((2 * 126.0, 2 * 80.0))
    assert found.box[2:] == pytest.approx((60.0, 80.0))
    assert found.keypoints[0] == pytest.approx((2 * 116.0, 2 * 72.0))


def test_letterbox_and_zoom_are_undone() -> None:
    out = face_answer((CELL, 2.0, [0.0, 0.0, 20.0, 20.0]))
    (wide,) = detector(out).find(np.zeros((192, 384), np.uint8))
    assert wide.centre == pytest.approx((244.0, 164.0 - 96.0))
    (far,) = detector(out).find(np.zeros((192, 192), np.uint8), zoom=2.0)
    assert far.centre == pytest.approx((96 + (122 - 96) * 2, 96 + (82 - 96) * 2))
    assert far.box[2] == pytest.approx(40.0)


def test_low_scores_are_dropped() -> None:
    assert detector(face_answer((CELL, -0.1, [0, 0, 20, 20]))).find(np.zeros((192, 192), np.uint8)) == []
    assert len(detector(face_answer((CELL, 0.1, [0, 0, 20, 20]))).find(np.zeros((192, 192), np.uint8))) == 1


def test_neighbours_are_blended_by_score_and_others_kept() -> None:
    far = 48 * 40 + 5
    out = face_answer((CELL, 3.0, [0, 0, 20, 20]), (CELL + 1, 0.5, [0, 0, 20, 20]), (far, 1.0, [0, 0, 20, 20]))
    best, other = detector(out).find(np.zeros((192, 192), np.uint8))
    high, low = (1 / (1 + np.exp(-logit)) for logit in (3.0, 0.5))
    assert best.score == pytest.approx(high)
    assert best.centre[0] == pytest.approx((122 * high + 126 * low) / (high + low))
    assert best.centre[1] == pytest.approx(82.0)
    assert other.score == pytest.approx(1 / (1 + np.exp(-1.0)))
    assert other.centre == pytest.approx((22.0, 162.0))


def test_prepare_sees_the_small_picture() -> None:
    seen = []
    loaded = engine(face_answer())
    find = Detector(loaded, FACE_LAYERS, 0.5).find

    def invert(picture: np.ndarray) -> np.ndarray:
        seen.append(picture.shape)
        return 255 - picture

    assert find(np.zeros((480, 640), np.uint8), prepare=invert) == []
    assert seen == [(192, 192)]
    assert isinstance(loaded, FakeEngine) and loaded.feeds["image"].min() == 255


def test_overlap() -> None:
    box = np.array([10.0, 10.0, 4.0, 4.0])
    many = np.array([[10, 10, 4, 4], [12, 10, 4, 4], [20, 20, 4, 4], [10, 10, 2, 2], [10, 10, 0, 0]], float)
    assert _overlap(box, many) == pytest.approx([1.0, 1 / 3, 0.0, 0.25, 0.0])


def test_blend_of_degenerate_boxes_ends() -> None:
    """A box of no size does not even overlap itself; it must not loop for ever."""
    assert len(_blend(np.array([0.9, 0.8]), np.zeros((2, 4)))) == 2
