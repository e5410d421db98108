"""The driver's own open level: what teaches it, when it is frozen, what it is good for."""

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from drives import CABIN, PROFILE, observation
from lid_traces import Course, blinking, closures, looking_down, mesh_eye, mm_eye, pictures, share_eye, states

from dms.assessment import Assessor
from dms.assessment.cycle import CycleMemory
from dms.records import DriverState, Eye, Face, Observation, VehicleState

RULES = PROFILE.rules.open_baseline
LEARNED_S = RULES.learn_s + 8.0
"""The learning time, and the blinks in it."""

APERTURES = [6.0, 8.0, 10.0, 12.0, 14.0]


def learned(
    course: Course = blinking, level: float = 9.7, eye: Callable[[float], Eye] = mesh_eye, fps: float = 15.0
) -> DriverState:
    return states(pictures(course, level, LEARNED_S, fps, eye))[-1]


@pytest.mark.requirement("DDAW-09")
def test_DDAW09_learning_is_told_and_claims_nothing() -> None:
    told = states(pictures(blinking, 9.7, LEARNED_S + RULES.learn_s, 15.0))
    learning = [state for state in told if state.drowsiness.baseline == "learning"]
    assert told[0].drowsiness.baseline == "learning" and len(learning) / 15.0 == pytest.approx(RULES.learn_s, abs=8.0)
    assert all(state.drowsiness.p80_60s is None and state.drowsiness.baseline_mm is None for state in learning)
    assert all(state.drowsiness.alertness is None for state in learning)
    assert any(state.drowsiness.perclos_60s is not None for state in learning)  # by what the records call shut
    last = told[-1].drowsiness
    assert (last.baseline, last.p80_60s, last.p70_60s, last.alertness) == ("frozen", 0.0, 0.0, "alert")
    assert last.baseline_mm == pytest.approx(9.7, rel=0.02)


@pytest.mark.requirement("MET-03", "P-05")
def test_MET03_doubtful_from_eight_percent_drowsy_from_fifteen() -> None:
    """Closures of 0.7 s every 6 s, then every 4 s, are 11.7 and 17.5 %."""
    spans = [(70.0 + 6.0 * n, 0.7) for n in range(10)] + [(130.0 + 4.0 * n, 0.7) for n in range(15)]
    told = {round(state.t): state.drowsiness.alertness for state in states(pictures(closures(spans), 9.7, 190.0, 10.0))}
    assert (told[69], told[129], told[189]) == ("alert", "doubtful", "drowsy")


@pytest.mark.requirement("DDAW-09")
def test_DDAW09_open_or_shut_alone_teach_no_level() -> None:
    eyes = {"left": Eye(visible=0.98, closed=0.02)}
    state = states([observation(n / 15, eyes=eyes) for n in range(round(LEARNED_S * 15))])[-1]
    assert state.drowsiness.baseline is None and state.drowsiness.p80_60s is None and state.drowsiness.perclos_60s == 0.0


@pytest.mark.requirement("NV-04")
@pytest.mark.parametrize("aperture_mm", APERTURES)
def test_NV04_every_aperture_is_learned(aperture_mm: float) -> None:
    assert learned(level=aperture_mm).drowsiness.baseline_mm == pytest.approx(aperture_mm, rel=0.03)


@pytest.mark.requirement("NV-04")
@pytest.mark.parametrize("aperture_mm", APERTURES)
def test_NV04_closure_ladder_at_every_aperture(aperture_mm: float) -> None:
    spans = [(62.0, 0.3), (66.0, 0.6), (70.0, 1.1), (75.0, 3.2)]
    told = states(pictures(closures(spans), aperture_mm, 84.0, 20.0))
    events = {(round(start), state.drowsiness.event) for state in told for start, s in spans if start < state.t < start + s + 1}
    assert {start for start, event in events if event} == {70, 75} and (75, "sleep") in events
    assert told[-1].drowsiness.long_closures_60s == 3
    assert told[-1].eyes_closed_s == 0.0


@pytest.mark.requirement("MET-15")
@pytest.mark.parametrize("ratio", [0.84, 0.92, 1.0, 1.08, 1.16])
@pytest.mark.parametrize("unit", ["mm", "openness", "both"])
def test_MET15_five_population_baselines(ratio: float, unit: str) -> None:
    """Open eyes two standard deviations round the mean eye-aspect ratio, 0.257 +- 0.021; afterwards 8 % of slow closures."""
    eye, level = {"mm": (mm_eye, 9.0), "openness": (share_eye, 1.0), "both": (mesh_eye, 9.0)}[unit]
    spans = [(73.0 + 10.01 * n, 0.8) for n in range(6)]
    told = states(pictures(lambda t: closures(spans)(t) if t > 69.0 else blinking(t), level * ratio, 130.5, 15.0, eye))
    open_eyed = [state for state in told if state.t < 69.0]
    assert all(state.drowsiness.event is None and not state.drowsy and (state.eyes_closed_s or 0.0) < 0.3 for state in open_eyed)
    last = told[-1].drowsiness
    assert last.baseline == "frozen" and last.p80_60s == pytest.approx(0.08, abs=0.005)
    if unit != "openness":
        assert last.baseline_mm == pytest.approx(9.0 * ratio, rel=0.02)


@pytest.mark.requirement("MET-01")
def test_MET01_millimetres_alone_give_perclos_once_the_level_is_known() -> None:
    """Nothing but an opening in mm: shut is not known before, and is known after."""
    told = states(pictures(lambda t: 0.05 if t > 70.0 and t % 5.0 < 1.0 else 1.0, 9.0, 140.0, 15.0, mm_eye))
    assert all(state.drowsiness.perclos_60s is None for state in told if state.t < 60.0)
    assert told[-1].drowsiness.perclos_60s == pytest.approx(0.2, abs=0.01) and told[-1].drowsy
    assert "eyes shut 20% of the last minute" in told[-1].because


@pytest.mark.requirement("MET-13")
@pytest.mark.parametrize("with_gaze", [True, False])
@pytest.mark.parametrize("degrees", [30.0, 40.0])
def test_MET13_a_look_down_with_open_eyes_is_no_closure_and_teaches_nothing(degrees: float, with_gaze: bool) -> None:
    """9.7 mm fall to 6.4 mm at 40 degrees down; 2 s of every 6 s."""
    low = 1.0 - (1.0 - 6.4 / 9.7) * degrees / 40.0
    records = []
    for record in pictures(lambda t: low if t % 6.0 < 2.0 else 1.0, 9.7, 150.0, 15.0):
        down = record.t % 6.0 < 2.0
        if with_gaze:
            records.append(looking_down(record, degrees) if down else record)
        else:
            records.append(Observation(t=record.t, face=Face(present=True), eyes=record.eyes))
    told = states(records)
    assert all(state.drowsiness.event is None and not state.drowsy and not state.eyes_closed_s for state in told)
    last = told[-1].drowsiness
    assert last.baseline_mm == pytest.approx(9.7, rel=0.03)
    assert (last.p80_60s, last.p70_60s, last.long_closures_60s, last.blinks_total) == (0.0, 0.0, 0, 0)


@pytest.mark.requirement("MET-14")
def test_MET14_a_slow_droop_of_twenty_minutes_raises_perclos() -> None:
    """Lids that sink from open to a sixth within 20 minutes: the own level stays, so more and more of it counts."""
    told = states(pictures(lambda t: 1.0 if t < 70.0 else max(0.16, 1.0 - 0.84 * (t - 70.0) / 1130.0), 9.7, 1230.0, 5.5))
    early = next(state.drowsiness.baseline_mm for state in told if state.drowsiness.baseline == "frozen")
    last = told[-1].drowsiness
    assert early is not None and last.baseline_mm is not None
    assert last.baseline == "frozen" and last.baseline_mm >= RULES.floor_share * early - 1e-3
    assert last.perclos_60s == 1.0 and told[-1].drowsy
    assert last.p80_60s is not None and last.p80_60s > 0.9 and last.p70_180s is not None and last.p70_180s > 0.9


@pytest.mark.requirement("MET-14")
def test_MET14_droops_while_learning_do_not_pull_the_level_down() -> None:
    """Half of the time at seven tenths, slowly down and up."""
    course: Course = lambda t: 1.0 if t % 20.0 < 10.0 else 0.7  # noqa: E731
    told = states(pictures(course, 9.7, 160.0, 15.0, mesh_eye))
    assert told[-1].drowsiness.baseline_mm == pytest.approx(9.7, rel=0.03)


@pytest.mark.requirement("MET-14")
def test_MET14_later_openings_move_the_level_a_little_and_back() -> None:
    """Two minutes of eyes (or readings) far too wide, then as before."""
    wide: Course = lambda t: 1.4 if 70.0 <= t < 190.0 else 1.0  # noqa: E731
    told = [state.drowsiness.baseline_mm for state in states(pictures(wide, 9.0, 330.0, 6.0))]
    known = [level for level in told if level is not None]
    assert known[0] == pytest.approx(9.0, rel=0.02) and known[-1] == pytest.approx(9.0, rel=0.02)
    assert max(known) == pytest.approx(RULES.ceiling_share * 9.0, rel=0.02)


@pytest.mark.requirement("MET-14")
@pytest.mark.parametrize("share", [0.03, 0.5])
def test_MET14_shut_and_half_shut_lids_teach_nothing(share: float) -> None:
    told = states(pictures(lambda t: share, 9.7, LEARNED_S + 30.0, 10.0))
    assert told[-1].drowsiness.baseline == "learning"


@pytest.mark.requirement("MET-14")
def test_MET14_a_driver_who_is_mostly_droopy_is_not_learned_from() -> None:
    """Four fifths of the time at seven tenths: what is usual for this driver awake cannot be told."""
    told = states(pictures(lambda t: 1.0 if t % 20.0 < 4.0 else 0.7, 9.7, 120.0, 10.0))
    assert told[-1].drowsiness.baseline == "learning"


@pytest.mark.requirement("MET-05")
def test_MET05_unseen_eyes_teach_nothing_and_keep_what_was_learned() -> None:
    hidden: Course = lambda t: None if t > 5.0 else 1.0  # noqa: E731
    assert states(pictures(hidden, 9.7, LEARNED_S + 20.0, 10.0))[-1].drowsiness.baseline == "learning"
    gone: Course = lambda t: None if 70.0 < t < 100.0 else 1.0  # noqa: E731
    last = states(pictures(gone, 9.7, 105.0, 10.0))[-1].drowsiness
    assert last.baseline == "frozen" and last.baseline_mm == pytest.approx(9.7, rel=0.02)


@pytest.mark.requirement("MET-15")
def test_MET15_noise_of_eight_percent() -> None:
    chance = Random(1)
    assert learned(lambda t: blinking(t) * (1.0 + chance.gauss(0.0, 0.08)), fps=30.0).drowsiness.baseline_mm == pytest.approx(
        9.7, rel=0.04
    )


@pytest.mark.requirement("MET-15")
@pytest.mark.parametrize(("away_s", "kept"), [(3.0, True), (15.0, False)])
def test_MET15_another_driver_is_learned_anew(away_s: float, kept: bool) -> None:
    """Nobody in the picture and the seat empty; the next one has narrow eyes."""
    before = pictures(lambda t: 1.0, 11.0, LEARNED_S, 10.0)
    empty = [
        Observation(t=LEARNED_S + n / 10, face=Face(present=False), image=before[0].image) for n in range(round(away_s * 10))
    ]
    after = pictures(lambda t: 1.0, 7.0, LEARNED_S, 10.0, start=LEARNED_S + away_s)
    told = states([*before, *empty, *after], seat=lambda t: not LEARNED_S <= t < LEARNED_S + away_s)
    back = next(state for state in told if state.t >= LEARNED_S + away_s + 1.0)
    assert back.drowsiness.baseline == ("frozen" if kept else "learning")
    if not kept:
        assert told[-1].drowsiness.baseline_mm == pytest.approx(7.0, rel=0.03)


def restarted(assessor: Assessor) -> Assessor:
    kept = msgspec.json.decode(msgspec.json.encode(assessor.memory()), type=CycleMemory)
    return Assessor(PROFILE, CABIN, memory=kept)


@pytest.mark.requirement("MET-14")
def test_MET14_a_restart_does_not_learn_drooping_lids_as_open_ones() -> None:
    first = Assessor(PROFILE, CABIN)
    states(pictures(lambda t: 1.0, 10.0, 80.0, 10.0), assessor=first)
    revision = first.memory_revision
    droopy = pictures(lambda t: 0.7, 10.0, 80.0, 10.0, start=80.0)
    kept, forgotten = states(droopy, assessor=restarted(first)), states(droopy)
    assert kept[0].drowsiness.baseline == "frozen" and kept[0].drowsiness.baseline_mm == pytest.approx(10.0, rel=0.03)
    assert kept[-1].drowsiness.baseline_mm == pytest.approx(10.0, rel=0.03)
    assert forgotten[-1].drowsiness.baseline_mm == pytest.approx(7.0, rel=0.03)
    states(droopy, assessor=first)
    assert first.memory_revision == revision  # written once, not with every picture


def test_the_open_level_is_not_kept_for_the_next_cycle_or_driver() -> None:
    assessor = Assessor(PROFILE, CABIN)
    states(pictures(lambda t: 1.0, 10.0, 80.0, 10.0), assessor=assessor)
    again, empty = restarted(assessor), restarted(assessor)
    for n, ignition in enumerate(["on", "off", "on"]):
        again.take_inputs(VehicleState(t=100.0 + n, ignition=ignition))
    assert assessor.memory().open_levels and again.memory() == CycleMemory() and again.memory_revision > 1
    gone = [Observation(t=90.0 + n / 10, face=Face(present=False)) for n in range(150)]
    states(gone, seat=lambda t: False, assessor=empty)
    assert empty.memory() == CycleMemory() and empty.memory_revision == 1
    implausible = Assessor(PROFILE, CABIN, memory=CycleMemory(open_levels={"mm": 25.0, "inch": 0.4}))
    assert implausible.memory() == CycleMemory()


@pytest.mark.requirement("P-14")
def test_P14_same_input_same_bytes() -> None:
    records = pictures(closures([(70.0, 0.7)]), 9.7, 75.0, 10.0)
    assert [msgspec.json.encode(state) for state in states(records)] == [msgspec.json.encode(state) for state in states(records)]
