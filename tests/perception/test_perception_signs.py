"""Hand signs: the normalised frame, the reading, and the shipped network on generated hands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.inference.engine_set import EngineSet
from dms.perception.hand_frame import INPUT, normalised
from dms.perception.signs import PROPORTIONS, WORDS, Lips, SignReader, proportioned
from dms.records import Hand

RNG = np.random.default_rng(0)
HAND = RNG.normal(0, 40, (21, 2)) + [[300, 200]] + np.linspace(0, 60, 21)[:, None] * [[0.3, -1.0]]


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 20), st.floats(-3.1, 3.1), st.floats(-500, 500), st.booleans())
def test_place_size_turn_and_side_make_no_difference(scale: float, turn: float, shift: float, mirrored: bool) -> None:
    c, s = np.cos(turn), np.sin(turn)
    other = HAND * (-1.0 if mirrored else 1.0, 1.0) @ np.array([[c, s], [-s, c]]) * scale + shift
    one, two = normalised(np.stack([HAND, other]))
    assert one.shape == (INPUT,)
    np.testing.assert_allclose(one[:42], two[:42], atol=1e-4)
    assert np.hypot(*two[42:]) == pytest.approx(1.0, abs=1e-4)


def test_up_tells_a_thumb_up_from_a_thumb_down() -> None:
    one, two = normalised(np.stack([HAND, -HAND]))
    np.testing.assert_allclose(one[:42], two[:42], atol=1e-4)
    np.testing.assert_allclose(one[42:], -two[42:], atol=1e-4)


@pytest.mark.parametrize("points", [np.zeros((21, 2)), np.full((21, 2), 7.0)], ids=["zero", "one place"])
def test_points_in_one_place_are_no_crash(points: np.ndarray) -> None:
    assert np.isfinite(normalised(points[None])).all()


class Fixed:
    """An engine that always answers the same."""

    def __init__(self, **shares: float) -> None:
        self.words = np.array([[shares.get(word, 0.0) for word in WORDS]], dtype=np.float32)

    def run(self, feeds: dict) -> dict:
        assert feeds["hand"].shape == (1, INPUT) and feeds["hand"].dtype == np.float32
        return {"words": self.words}


def read(**shares: float) -> tuple[str | None, float | None]:
    hand = Hand(landmarks_px=[(float(x), float(y)) for x, y in HAND])
    named = SignReader({"gesture": Fixed(**shares)}, sure=0.5).named([hand])[0]  # type: ignore[dict-item]
    return named.gesture, named.gesture_confidence


def test_words_and_confidence() -> None:
    assert read(fist=0.9, none=0.1) == ("fist", 0.9)
    assert read(fist=0.4, point=0.3, none=0.3) == ("none", 0.6)  # no sign is sure enough
    assert read(none=0.97, fist=0.03) == ("none", 0.97)
    assert read(fist=float("nan")) == ("none", 0.0)


@pytest.mark.parametrize(("at", "word"), [((0.0, 0.0), "mute"), ((0.0, 25.0), "mute"), ((90.0, 0.0), "point"), (None, "mute")])
def test_a_finger_before_the_lips_is_mute_and_elsewhere_point(at: tuple[float, float] | None, word: str) -> None:
    """Where nobody knows the lips, the hand's turn has to tell."""
    reader = SignReader({"gesture": Fixed(mute=0.5, point=0.4, none=0.1)}, sure=0.45)  # type: ignore[dict-item]
    tip = HAND[8]
    lips = None if at is None else Lips(float(tip[0] + at[0]), float(tip[1] + at[1]), 30.0)
    named = reader.named([Hand(landmarks_px=[(float(x), float(y)) for x, y in HAND])], lips)[0]
    assert (named.gesture, named.gesture_confidence) == (word, pytest.approx(0.5 if at is None else 0.9))


def test_other_signs_have_nothing_to_do_with_the_lips() -> None:
    reader = SignReader({"gesture": Fixed(fist=0.9, mute=0.1)}, sure=0.5)  # type: ignore[dict-item]
    near = Lips(float(HAND[8][0]), float(HAND[8][1]), 30.0)
    assert reader.named([Hand(landmarks_px=[(float(x), float(y)) for x, y in HAND])], near)[0].gesture == "fist"


def test_without_engine_or_points_nothing_is_named() -> None:
    points = [(float(x), float(y)) for x, y in HAND]
    assert SignReader({}, 0.5).named([Hand(landmarks_px=points)])[0].gesture is None
    reader = SignReader({"gesture": Fixed(fist=1.0)}, 0.5)  # type: ignore[dict-item]
    assert reader.named([Hand(side="left")])[0].gesture is None
    assert reader.named([]) == []
    assert reader.word([np.full((21, 2), np.nan)]) is None


def test_fractions_are_looked_at_in_usual_proportions_unless_the_size_is_known() -> None:
    points = np.ones((21, 2))
    assert [float(look[0, 0]) for look in proportioned(points, None)] == pytest.approx(PROPORTIONS)
    assert [float(look[0, 0]) for look in proportioned(points, (640.0, 480.0))] == pytest.approx([4 / 3])


def test_the_shipped_network_names_generated_hands() -> None:
    """People of the test split, one batch; the whole figure: ``python engines/gesture/train.py evaluate``."""
    from engines.gesture.others import hands

    points, words = hands(np.random.default_rng(77), 420, "test", 0.33)
    with EngineSet(("gesture",)) as engines:
        reader = SignReader(engines, 0.5)
        named = [WORDS.index((reader.word([p]) or ("none", 0))[0]) for p in points]
    right = np.array(named) == words
    assert right.mean() > 0.88
    assert right[words == 0].mean() > 0.8
