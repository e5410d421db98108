"""Sleepiness: asked rarely, only with seen evidence, honest about disagreement; the arrays do not depend on the frame rate."""

import math

import numpy as np
import pytest
from drives import CABIN, PROFILE, drive, never
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import Assessor
from dms.assessment.lid_history import BIN_S, BINS, BLINKS, Features
from dms.assessment.sleepiness import Estimate
from dms.records import Drowsiness, Eye, Face, Gaze, Head, Observation
from dms.records.jsonl import encode

RULES = PROFILE.rules.drowsiness
AHEAD = (0.0, 0.0, -1.0)


class Told:
    """An estimator that answers the same each time and keeps what it was asked."""

    def __init__(self, kss: float = 3.0, std: float = 0.8) -> None:
        self.asked: list[Features] = []
        self._answer = Estimate(kss, std, 0.1, 0.02, 0.2)

    def __call__(self, features: Features) -> Estimate:
        self.asked.append(features)
        return self._answer


def picture(t: float, opening: float | None, closed: bool = False, pitch: float = 0.0) -> Observation:
    eye = Eye(visible=0.0) if opening is None else Eye(visible=1.0, opening_mm=opening, closed=float(closed))
    ahead = (0.0, -math.sin(math.radians(pitch)), -math.cos(math.radians(pitch)))
    up = (0.0, -math.cos(math.radians(pitch)), math.sin(math.radians(pitch)))
    return Observation(
        t=t, face=Face(present=True), eyes={"left": eye, "right": eye}, head=Head(forward_camera=ahead, up_camera=up),
        gaze=Gaze(direction_camera=AHEAD),
    )  # fmt: skip


def lids(t: float, every_s: float = 3.0, shut_s: float = 0.2) -> float:
    """A blink of 200 ms every 3 s: down and up in 60 ms each."""
    x = t % every_s
    return 9.0 - 8.5 * min(1.0, max(0.0, x / 0.06), max(0.0, (shut_s + 0.06 - x) / 0.06)) if x < shut_s + 0.06 else 9.0


def run(told: Told | None, seconds: float, fps: float = 30.0, **lid: float) -> list[Drowsiness]:
    assessor = Assessor(PROFILE, CABIN, estimator=told)
    states = [assessor.step(picture(n / fps, lids(n / fps, **lid))) for n in range(round(seconds * fps))]
    return [state.drowsiness for state in states if state is not None]


@pytest.mark.requirement("DDAW-09")
def test_MET06_asked_every_two_seconds_after_a_minute_of_seen_lids() -> None:
    told = Told()
    states = run(told, 90.0)
    known = [n for n, state in enumerate(states) if state.kss is not None]
    assert known[0] / 30 == pytest.approx(RULES.seen_min_s, abs=RULES.every_s + 0.1)
    assert len(told.asked) == pytest.approx((90.0 - RULES.seen_min_s) / RULES.every_s, abs=2)
    last = states[-1]
    assert (last.kss, last.kss_std) == (3.0, 0.8)
    assert last.foretold is not None and last.foretold.nod == 0.2


def test_without_an_estimator_kss_stays_unknown() -> None:
    assert all(state.kss is None and state.kss_std is None and state.foretold is None for state in run(None, 70.0))


@pytest.mark.requirement("MET-05")
def test_MET05_unseen_eyes_end_it() -> None:
    assessor, told = Assessor(PROFILE, CABIN, estimator=Told()), []
    for n in range(3600):
        t = n / 30
        state = assessor.step(picture(t, lids(t) if t < 90 else None))
        assert state is not None
        told.append(state.drowsiness.kss)
    assert told[89 * 30] is not None
    assert told[round((90 + RULES.unseen_max_s + 0.5) * 30)] is None


@pytest.mark.requirement("P-10")
def test_P10_nothing_under_15_pictures_a_second() -> None:
    assert all(state.kss is None for state in run(Told(), 80.0, fps=10.0))


@pytest.mark.requirement("DDAW-09")
def test_MET07_nothing_without_blinks() -> None:
    told = Told()
    assessor = Assessor(PROFILE, CABIN, estimator=told)
    for record in drive(80, 20.0, shut=never):
        assessor.step(record)
    assert not told.asked


def test_MET04_disagreement_with_perclos_shows_as_uncertainty() -> None:
    """Shut for 0.7 s of every 3 s is PERCLOS 0.23: an estimate of 3 is not believed, one of 7 is."""
    awake, sleepy = Told(4.5, 0.5), Told(7.5, 0.5)
    for told, lowest in ((awake, RULES.kss_at_drowsy - 4.5), (sleepy, 0.0)):
        assessor = Assessor(PROFILE, CABIN, estimator=told)
        for n in range(2700):
            opening = lids(n / 30, shut_s=0.7)
            state = assessor.step(picture(n / 30, opening, closed=opening < 2.0))
        assert state is not None and state.drowsiness.perclos_60s is not None and state.drowsiness.perclos_60s > 0.15
        if lowest:
            assert state.drowsiness.kss is None or (state.drowsiness.kss_std or 0.0) >= lowest
        else:
            assert state.drowsiness.kss_std == 0.5
    assert all(state.kss is None for state in run(Told(5.0, RULES.std_max + 0.1), 70.0))


def test_an_answer_outside_the_scale_is_held_inside() -> None:
    assert run(Told(11.0), 65.0)[-1].kss == 9.0


@settings(max_examples=6, deadline=None)
@given(st.floats(20.0, 60.0))
def test_the_arrays_do_not_depend_on_the_frame_rate(fps: float) -> None:
    few, many = Told(), Told()
    run(few, 75.0, fps)
    run(many, 75.0, 60.0)
    one, other = few.asked[-1], many.asked[-1]
    assert np.allclose(one["bins"], other["bins"], atol=0.12)
    seen = one["blinks"][0, 0] * other["blinks"][0, 0] > 0
    assert abs(float(one["blinks"][0, 0].sum() - other["blinks"][0, 0].sum())) <= 1
    assert np.allclose(one["blinks"][0, 7, seen], other["blinks"][0, 7, seen], atol=0.25)


def test_what_is_not_seen_is_masked() -> None:
    told = Told()
    assessor = Assessor(PROFILE, CABIN, estimator=told)
    for n in range(150 * 30):
        t = n / 30
        assessor.step(picture(t, None if 60 <= t < 120 else lids(t)))
    bins = told.asked[-1]["bins"][0]
    assert bins.shape == (12, BINS) and told.asked[-1]["blinks"].shape == (1, 8, BLINKS)
    unseen = bins[0] == 0.0
    assert unseen.sum() == pytest.approx(BINS - 14 + 60 / BIN_S, abs=1)
    assert not bins[:, unseen].any()


@pytest.mark.requirement("MET-07", "MET-14")
def test_MET07_MET14_the_baseline_freezes_and_makes_alert_blinks_zero() -> None:
    told = Told()
    run(told, 200.0)
    assert told.asked[0]["known"][0, 0] == 0.0 and told.asked[-1]["known"][0, 0] == 1.0
    blinks = told.asked[-1]["blinks"][0]
    assert np.abs(blinks[1:6, blinks[0] > 0]).max() < 1.0


@pytest.mark.requirement("P-14")
def test_P14_same_input_same_bytes() -> None:
    assert [encode(state) for state in run(Told(), 66.0)] == [encode(state) for state in run(Told(), 66.0)]
