"""Simulated drivers, wide awake and very sleepy: blink durations and PERCLOS against what the lids really did."""

import statistics
from typing import NamedTuple

import numpy as np
import pytest
from drives import PROFILE
from lid_traces import mesh_eye

from dms.assessment.blinks import Blinks
from dms.assessment.eyes import judge_lids
from dms.assessment.open_baseline import OpenBaseline
from dms.assessment.perclos import Perclos
from dms.assessment.windows import Tick
from dms.records import Observation
from hil.driver.behaviour.blinks import Blinks as Simulated
from hil.driver.behaviour.drowsiness import Drowsiness
from hil.driver.behaviour.drowsiness import Perclos as TrueShare
from hil.driver.behaviour.gaze import Lean

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


class Minutes(NamedTuple):
    """P80 over one and three minutes and what decides, each with the true share, at the end of a sleepy drive."""

    p80: float
    true: float
    p80_long: float
    true_long: float
    decides: float


def drowse(seed: int, open_mm: float, fps: float, kss: float) -> Minutes:
    """Awake until the level is learned, then ``kss``; lids by the simulated driver, pictures at ``fps``."""
    rng = np.random.default_rng(seed)
    lids, sleepy = Simulated(rng), Drowsiness(rng, Lean())
    true, true_long = TrueShare(60.0), TrueShare(180.0)
    blinks, baseline, perclos = Blinks(RULES.blink, 0.5, 0.2), OpenBaseline(RULES.open_baseline), Perclos(RULES.perclos)
    fine = 120
    for n in range(round(270.0 * fine)):
        t = n / fine
        now = 2.0 if t < 80.0 else kss
        shut = sleepy.step(t, 1 / fine, now)
        share = (1.0 - shut) * (1.0 - lids.step(t, now, able=sleepy.kind is None)[0])
        true.step(t, 1 / fine, (share, share))
        true_long.step(t, 1 / fine, (share, share))
        if n % round(fine / fps) == 0:
            eye = mesh_eye(open_mm * share)
            seen = judge_lids(Observation(t=t, eyes={"left": eye, "right": eye}), RULES.eyes)
            tick = Tick(t, 1 / fps, False)
            blinks.step(tick, seen, countable=True)
            perclos.step(tick, seen.shut, baseline.step(tick, seen, blinks, None))
    own, share_true, long_true = perclos.own_level.p80, true.share(270.0), true_long.share(270.0)
    assert own.short is not None and own.long is not None and perclos.share is not None
    assert share_true is not None and long_true is not None
    return Minutes(own.short, share_true, own.long, long_true, perclos.share)


@pytest.mark.requirement("MET-01", "MET-02", "P-05")
@pytest.mark.parametrize(
    ("seed", "open_mm", "fps"), [*((seed, open_mm, 30.0) for seed, open_mm, _ in DRIVERS), (1, 8.0, 15.0), (1, 8.0, 60.0)]
)
def test_MET01_P05_simulated_sleepy_drivers_to_half_a_point(seed: int, open_mm: float, fps: float) -> None:
    found = drowse(seed, open_mm, fps, 8.6)
    print(found)  # pytest -rP shows it
    assert found.p80 == pytest.approx(found.true, abs=0.005) and found.p80_long == pytest.approx(found.true_long, abs=0.005)
    assert found.true > 0.02 and found.decides >= found.p80 - 0.005
