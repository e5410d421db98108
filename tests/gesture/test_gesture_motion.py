"""Moved gestures: the window, the reader's manners, and the shipped network on generated tracks."""

import numpy as np
import pytest

from dms.gesture import HandSeen, load_interaction
from dms.gesture.motion import AGAIN, LEAST_S, SLOT, WORDS, NetworkMotion
from dms.gesture.motion_window import ROWS, STEP_S, STEPS, Track, looks, window
from dms.inference.engine_set import EngineSet

RULES = load_interaction()
HAND = np.random.default_rng(3).normal(0, 0.1, (21, 2))


def seen(x: float = 0.0) -> HandSeen:
    return HandSeen("right", HAND + np.array([x, 0.0]), (0.5, 0.5), 0.3, "open_palm", 0.9)


def reader(*answers: str, sure: float = 0.95) -> NetworkMotion:
    """One that is told these words in turn, so surely; the last one for ever."""
    told = list(answers)

    def network(windows: np.ndarray) -> np.ndarray:
        assert windows.shape == (1, ROWS, STEPS) and windows.dtype == np.float32
        word = told.pop(0) if len(told) > 1 else told[0]
        return np.array([[sure if w == word else (1.0 - sure) / 9 for w in WORDS]], dtype=np.float32)

    return NetworkMotion(network, RULES)


def told(motion: NetworkMotion, seconds: float, rate: float = 20.0) -> list[tuple[float, str]]:
    found = []
    for n in range(int(seconds * rate)):
        moved = motion.step(n / rate, seen())
        if moved is not None:
            found.append((n / rate, moved.word))
    return found


def test_place_and_size_of_the_picture_make_no_difference() -> None:
    times = np.arange(40) * 0.05
    track = HAND + np.stack([np.linspace(0, 0.5, 40), np.zeros(40)], axis=1)[:, None]
    one, two = window(times, looks(track), 1.9), window(times, looks(3.0 * track + 7.0), 1.9)
    np.testing.assert_allclose(one, two, atol=1e-4)


def test_gaps_are_empty_and_rate_does_not_matter() -> None:
    track = HAND[None].repeat(120, axis=0)
    fast = window(np.arange(120) / 60, looks(track), 1.95)
    slow = window(np.arange(40) / 20, looks(track[:40]), 1.95)
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    late = window(np.array([0.0, 1.8]), looks(track[:2]), 1.8)
    assert 3 <= late[-1].sum() <= 4  # the last look and what is near it
    assert not window(np.array([0.0]), looks(track[:1]), 9.0).any()


def test_one_answer_is_not_enough_and_a_stroke_back_is_none() -> None:
    first = told(reader("swipe_left"), 1.1)
    assert first == [(pytest.approx(LEAST_S + STEP_S * (AGAIN - 1)), "swipe_left")]  # and not again while it goes on
    assert told(reader(*["swipe_left", "none", "none"] * 20), 1.5) == []
    words = ["none"] * 5 + ["swipe_left"] * 4 + ["swipe_right"] * 8 + ["none"]
    assert [word for _, word in told(reader(*words), 2.0)] == ["swipe_left"]


def test_a_stroke_has_to_be_surer_than_the_rest() -> None:
    between = (RULES.moved_sure + RULES.stroke_sure) / 2
    assert told(reader("swipe_left", sure=between), 1.5) == told(reader("push", sure=between), 1.5) == []
    assert [word for _, word in told(reader("wave", sure=between), 1.5)] == ["wave"]
    assert told(reader("wave", sure=RULES.moved_sure - 0.02), 1.5) == []


@pytest.mark.parametrize(("stroke", "words"), [(2.0, ["swipe_left", "swipe_right"]), (1.0, ["swipe_left"])])
def test_a_longer_stroke_the_other_way_was_the_stroke_itself(stroke: float, words: list[str]) -> None:
    """It was only wound up for; going back, a hand goes no farther than it came."""
    answers = ["none"] * 4 + ["swipe_left"] * 4 + ["none"] * 4 + ["swipe_right"] * 4 + ["none"]
    motion, found = reader(*answers), []
    for n in range(40):
        t = n / 20
        x = 0.3 * min(1.0, t / 0.5) - 0.3 * stroke * min(1.0, max(0.0, (t - 0.7) / 0.4))
        moved = motion.step(t, seen(x))
        found += [moved.word] if moved is not None else []
    assert found == words


@pytest.mark.parametrize(("apart", "words"), [(0.9, ["pinch"]), (1.1, [])])
def test_fingers_that_close_to_another_sign_are_no_pinch(apart: float, words: list[str]) -> None:
    hand = HAND - HAND.mean(axis=0)
    for _ in range(20):  # the tips so far apart, in radii of the points
        radius = np.sqrt((hand**2).sum(axis=1).mean())
        hand[4], hand[8] = (0.0, 0.0), (apart * RULES.pinch_gap * radius, 0.0)
        hand = hand - hand.mean(axis=0)
    motion = reader("pinch")
    moved = [motion.step(n / 20, HandSeen("right", hand, (0.5, 0.5), 0.3, None, 0.0)) for n in range(20)]
    assert [one.word for one in moved if one is not None] == words


def test_the_same_gesture_counts_again_when_it_was_gone_meanwhile() -> None:
    words = ["swipe_left"] * 6 + ["none"] * 20 + ["swipe_left"] * 6 + ["none"]
    assert [word for _, word in told(reader(*words), 3.0)] == ["swipe_left", "swipe_left"]
    assert len(told(reader("wave"), 4.0)) == 1


def test_a_circle_is_told_once_a_turn() -> None:
    """However sure the network stays, the hand has to go round again; small errors do not add up."""
    assert told(reader("circle_cw"), 2.0) == []
    motion, events = reader("circle_cw"), []
    for n in range(200):
        angle = 2 * np.pi * n / 20
        hand = HandSeen("right", HAND + 0.2 * np.array([np.cos(angle), np.sin(angle)]), (0.5, 0.5), 0.3, "point", 0.9)
        if motion.step(n / 20, hand) is not None:
            events.append(n / 20)
    assert len(events) == 9  # it begins to go round and is asked after some time
    np.testing.assert_allclose(np.diff(events)[1:], 1.0, atol=0.06)


def test_reset_and_time_running_backwards_forget() -> None:
    motion = reader("push")
    told(motion, 0.4)
    motion.reset()
    assert motion.step(0.45, seen()) is None
    track = Track()
    track.add(5.0, HAND)
    track.add(1.0, HAND)
    assert track.length_s == 0.0


def test_the_shipped_network_tells_generated_gestures_and_leaves_ordinary_hands_alone() -> None:
    """A few tracks; the whole figures: ``python engines/gesture_motion/train.py evaluate``."""
    from engines.gesture_motion.tracks import IDLE, track

    right = wrong = 0
    with EngineSet((SLOT,)) as engines:
        motion = NetworkMotion(lambda x: engines[SLOT].run({"track": x})["words"], RULES)

        def words(word: str, number: int, kind: str | None = None) -> set[str]:
            made = track(np.random.default_rng([4, number]), word, "test", kind)
            motion.reset()
            moved = [
                motion.step(float(t), HandSeen(None, p, (0.5, 0.5), 0.3, None, 0.0))
                for t, p in zip(made.times, made.points, strict=True)
            ]
            return {one.word for one in moved if one is not None}

        for number, word in enumerate(WORDS[1:] * 2):
            right += word in words(word, number)
        for number, kind in enumerate(IDLE):
            wrong += len(words("none", 100 + number, kind))
    assert right >= 14 and wrong == 0
