"""Five simulated drivers, each wide awake and very sleepy: blink durations against what the lids really did (MET-07)."""

import statistics
from typing import NamedTuple

import numpy as np
import pytest
from drives import PROFILE
from lid_traces import mesh_eye

from dms.assessment.blinks import Blinks
from dms.assessment.eyes import judge_lids
from dms.assessment.windows import Tick
from dms.records import Observation
from hil.driver.behaviour.blinks import Blinks as Simulated

FPS, SECONDS = 60.0, 180.0
RULES = PROFILE.rules
DRIVERS = [(1, 8.0, 0.92), (2, 9.7, 1.0), (3, 11.0, 1.12), (4, 7.0, 1.05), (5, 12.5, 0.88)]
"""Seed, open level in mm, how slow this driver's blinks are: the spread between people exceeds a step of KSS."""


class Found(NamedTuple):
    """Mean duration of the counted blinks and of the simulated ones at half their depth, ms; how many of each."""

    ms: float
    true_ms: float
    counted: int
    true: int


def follow(seed: int, open_mm: float, slow: float, kss: float) -> Found:
    simulated, blinks = Simulated(np.random.default_rng(seed)), Blinks(RULES.blink, RULES.closure.blink_max_s, 0.2)
    found, true, last = [], [], None
    fine, total = 4, 0
    for n in range(round(SECONDS * FPS)):
        halves = []
        for part in range(fine):
            down, _ = simulated.step((n + part / fine) / FPS / slow, kss)
            halves.append(down)
        if simulated.last is not None and simulated.last is not last:
            last = simulated.last
            true.append(slow * half_duration_ms(last))
        eye = mesh_eye(max(0.5, open_mm * (1.0 - halves[-1])))
        lids = judge_lids(Observation(t=n / FPS, eyes={"left": eye, "right": eye}), RULES.eyes)
        blinks.step(Tick(n / FPS, 1 / FPS, False), lids, countable=True)
        if blinks.count > total and blinks.last is not None:
            total = blinks.count
            found.append(1e3 * (blinks.last.end - blinks.last.start))
    return Found(statistics.mean(found), statistics.mean(true), total, len(true))


def half_duration_ms(course: object) -> float:
    """Time beyond half of the own depth."""
    times = np.linspace(course.start, course.end, 400)  # type: ignore[attr-defined]
    downs = np.array([course.at(t)[0] for t in times])  # type: ignore[attr-defined]
    return float(1e3 * (downs > course.depth / 2).mean() * (course.end - course.start))  # type: ignore[attr-defined]


@pytest.mark.requirement("MET-07")
@pytest.mark.parametrize(("seed", "open_mm", "slow"), DRIVERS)
def test_MET07_five_simulated_drivers(seed: int, open_mm: float, slow: float) -> None:
    awake, sleepy = follow(seed, open_mm, slow, 1.0), follow(seed, open_mm, slow, 9.0)
    for found in (awake, sleepy):
        assert found.counted == pytest.approx(found.true, rel=0.05, abs=1)
        assert found.ms == pytest.approx(found.true_ms, rel=0.25)
    assert sleepy.ms > 1.25 * awake.ms  # against the own alert blinks the step is plain


@pytest.mark.requirement("MET-07")
def test_MET07_between_people_the_durations_overlap() -> None:
    """Why a personal baseline: the slowest alert driver blinks as slowly as the quickest one some levels sleepier."""
    awake = [follow(*driver, 1.0).ms for driver in DRIVERS]
    quick = follow(*DRIVERS[-1], 5.0).ms
    assert max(awake) > quick
