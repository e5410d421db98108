"""The never-false-ready machine: it is right about the truth, repeats itself, and catches bugs that are put in by hand."""

import json
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dms.assessment.picture
from dms.assessment.eyes import Lids, judge_lids
from dms.errors import UsageError
from dms.profiles import load_profile
from dms.records import Observation
from dms.records.jsonl import encode
from hil.never_false_ready import campaign, error_model
from hil.never_false_ready import spans as sp
from hil.never_false_ready.families import FAMILIES
from hil.never_false_ready.judge import judge
from hil.never_false_ready.looking import Looks
from hil.never_false_ready.plants import PLANTS
from hil.never_false_ready.report import as_plain, lines
from hil.never_false_ready.script import CABINS, Script, head, write
from hil.never_false_ready.stream import records
from hil.never_false_ready.truth import truth_of

PROFILE = load_profile("l3_default")
END = 60.0
GRID = np.arange(0.0, END, 0.01)

rows = st.lists(st.tuples(st.integers(0, 590), st.integers(0, 60)).map(lambda p: (p[0] / 10, (p[0] + p[1]) / 10)), max_size=12)


@given(rows, rows, st.floats(-2.0, 2.0), st.floats(-2.0, 2.0))
@settings(max_examples=60, deadline=None)
def test_spans_say_the_same_as_a_fine_grid(one: list, other: list, start_s: float, end_s: float) -> None:
    a, b = sp.spans(one), sp.spans(other)
    assert all(x[1] < y[0] for x, y in pairwise(a)) and all(x[0] < x[1] for x in a)
    t = GRID + 0.005
    on_a, on_b = sp.within(a, t), sp.within(b, t)
    assert (sp.within(sp.union(a, b), t) == (on_a | on_b)).all()
    assert (sp.within(sp.common(a, b), t) == (on_a & on_b)).all()
    assert (sp.within(sp.outside(a, END), t) == ~on_a).all()
    assert sp.seconds(sp.common(a, np.array([[0.0, END]]))) == pytest.approx(0.01 * on_a.sum(), abs=1e-6)
    plain = [(x + start_s, y + end_s) for x, y in a]
    moved = sp.within(sp.shifted(a, start_s, end_s), t)
    assert (moved == [any(x <= v < y for x, y in plain) for v in t]).all()


def test_draws_that_hold_have_their_share_and_come_in_runs() -> None:
    rng, t = np.random.default_rng(1), np.arange(0.0, 4000.0, 0.05)
    marks = sp.now_and_then(rng, t, 0.1, 0.5)
    assert marks.mean() == pytest.approx(0.1, abs=0.01)
    assert np.diff(marks).sum() < 0.5 * len(t) * 0.1  # independent pictures would change nearly twice as often as they are marked
    assert sp.slow_noise(rng, t, 2.0, 3.0).std() == pytest.approx(2.0, rel=0.05)


def quiet(seconds: float = END, **changes: object) -> Script:
    """A driver who looks at the road and does nothing; ``changes`` replace fields of the script."""
    base = next(write(1, n) for n in range(200) if head(1, n).family == "attentive" and head(1, n).fps == 10.0)
    looks = _looks((0.0, "road"))
    top = replace(base.head, fps=6000 / seconds)
    plain = replace(base, head=top, looks=[looks], people=base.people[:1], changes=[], closures=sp.NONE, stretches={})
    return replace(plain, **changes)  # type: ignore[arg-type]


def _looks(*looks: tuple[float, str]) -> Looks:
    zeros = np.zeros(len(looks))
    return Looks(np.array([t for t, _ in looks]), np.array([zone for _, zone in looks], object), zeros, zeros, zeros)


def close(found: sp.Spans, *expected: tuple[float, float]) -> bool:
    return len(found) == len(expected) and np.allclose(found, np.array(expected).reshape(-1, 2), atol=0.03)


def test_truth_of_somebody_who_only_looks_ahead() -> None:
    truth = truth_of(quiet())
    assert not truth.not_ready and close(truth.attentive, (0.0, END))


def test_truth_of_looks() -> None:
    looks = _looks(
        (0.0, "road"), (10.0, "lap"), (12.0, "road"), (20.0, "cluster"), (20.4, "road"), (30.0, "rear_mirror"), (36.0, "road")
    )
    truth = truth_of(quiet(looks=[looks]))
    assert close(truth.not_ready["eyes on lap"], (10.0, 12.29))  # 0.3 s to confirm, one picture (0.01 s) less
    assert close(truth.not_ready["eyes on cluster"], (20.0, 20.4))  # over before anybody must have noticed: nothing to confirm
    assert close(truth.not_ready["mirror for too long"], (34.0, 36.29))
    assert truth.causes_at(11.0) == ["eyes on lap"] and truth.causes_at(31.0) == []
    assert close(truth.attentive, (0.0, 30.0))  # the mirror alone is too long for 30 s to come


def test_truth_of_a_look_back_that_is_too_short_to_end_a_look_away() -> None:
    """ADDW-04: short changes do not reset the clock, so a warning then is none too many."""
    for back_s, parts in ((0.25, [(0.0, 10.0), (43.65, END)]), (0.6, [(0.0, END)])):
        looks = _looks((0.0, "road"), (10.0, "lap"), (11.7, "road"), (11.7 + back_s, "knee"), (13.4 + back_s, "road"))
        assert close(truth_of(quiet(looks=[looks])).attentive, *parts)


def test_truth_of_looks_that_must_be_warned_of() -> None:
    looks = _looks((0.0, "road"), (10.0, "lap"), (14.5, "road"), (20.0, "lap"), (23.5, "road"), (40.0, "knee"), (45.0, "road"))
    assert close(truth_of(quiet(looks=[looks])).long_looks, (10.0, 14.5), (40.0, 45.0))
    hidden = truth_of(quiet(looks=[looks], stretches={"hand": sp.spans([(12.0, 13.0)])}))
    assert close(hidden.long_looks, (40.0, 45.0))


def test_truth_of_a_look_that_begins_behind_the_lids() -> None:
    looks = _looks((0.0, "road"), (10.0, "lap"), (12.0, "road"), (20.0, "lap"), (20.6, "road"))
    truth = truth_of(quiet(looks=[looks], closures=sp.spans([(10.1, 10.4), (11.0, 11.1), (19.9, 20.7)])))
    assert close(truth.not_ready["eyes on lap"], (10.4, 12.29))
    assert close(truth.not_ready["eyes shut"], (20.4, 20.7))


def test_truth_of_lids() -> None:
    truth = truth_of(quiet(closures=sp.spans([(10.0, 10.2), (20.0, 20.6), (30.0, 33.0)])))
    assert close(truth.not_ready["eyes shut"], (20.5, 20.6), (30.5, 33.29))
    assert close(truth.attentive, (0.0, 20.0))


def test_truth_of_drowsy_lids_needs_a_fifth_of_a_minute_seen() -> None:
    slow = sp.spans([(t, t + 0.45) for t in np.arange(0.0, 60.0, 2.0)])
    assert "drowsy" in truth_of(quiet(closures=slow)).not_ready
    assert "drowsy" not in truth_of(quiet(closures=slow, stretches={"hand": sp.spans([(5.0, 6.0)])})).not_ready
    assert "drowsy" not in truth_of(quiet(closures=sp.spans([(t, t + 0.2) for t in np.arange(0.0, 60.0, 0.8)]))).not_ready


@pytest.mark.parametrize(
    ("name", "cause", "start"),
    [
        ("empty", "seat empty", 20.0), ("unbuckled", "belt open", 20.0), ("no_seat", "seat or belt unknown", 20.0),
        ("no_inputs", "seat or belt unknown", 20.0), ("silent", "seat or belt unknown", 20.5), ("lens", "eyes hidden", 20.0),
        ("hand", "eyes hidden", 20.0), ("frozen", "camera blind", 20.0), ("black", "camera blind", 20.0),
        ("burnt", "camera blind", 20.0), ("gap", "camera blind", 20.0), ("slow", "camera blind", 21.0),
    ],
)  # fmt: skip
def test_truth_of_what_is_missing(name: str, cause: str, start: float) -> None:
    truth = truth_of(quiet(stretches={name: sp.spans([(20.0, 30.0)])}))
    assert list(truth.not_ready) == [cause]
    assert truth.not_ready[cause][0] == pytest.approx([start, 30.29 if cause == "eyes hidden" else 30.0], abs=0.03)
    assert close(truth.attentive, (0.0, 20.0), (35.0, END))


def test_the_same_drive_twice_and_another_one() -> None:
    def bytes_of(number: int) -> list[bytes]:
        return [encode(record) for record in records(write(3, number))][:2000]

    assert bytes_of(0) == bytes_of(0) != bytes_of(1)


def test_every_family_has_drives_and_every_drive_two_kinds_of_records_in_order() -> None:
    firsts = {family: next(n for n in range(2000) if head(5, n).family == family) for family in FAMILIES}
    for number in firsts.values():
        stream = records(write(5, number))
        t = [record.t for record in stream]
        assert t == sorted(t) and 4000 < sum(isinstance(r, Observation) for r in stream) < 9000
        assert {encode(r)[:40].split(b'"')[3] for r in stream[:50]} == {b"dms.observation/1", b"dms.vehicle/1"}


def test_both_cabins_all_rates_and_all_eyewear_occur() -> None:
    scripts = [write(2, n) for n in range(120)]
    assert {s.cabin_name for s in scripts} == set(CABINS)
    assert {s.head.fps for s in scripts} == {10.0, 12.0, 15.0, 30.0, 60.0}
    assert {s.people[0].eyewear for s in scripts} >= {"none", "clear", "glints"}
    assert {s.calibrated for s in scripts} == {s.invents for s in scripts} == {True, False}


def test_true_looks_hit_what_they_are_meant_for() -> None:
    """The geometry is the vehicle file's; a look aside may pass a nearer box, so nearly all, not all."""
    from dms.assessment.zones import ZoneMap

    hit = []
    for number in range(12):
        script = write(4, number)
        zones = ZoneMap(script.cabin, PROFILE.rules.gaze, ["road"])
        looks, eye = script.looks[0], tuple(float(v) for v in script.people[0].eye_mm)
        for zone, yaw, pitch in zip(looks.zone, looks.yaw_deg, looks.pitch_deg, strict=True):
            if zone != "wheel_top":
                direction = dms.assessment.zones.vehicle_direction(float(yaw), float(pitch))
                hit.append(zones.zone(eye, direction) == zone)  # type: ignore[arg-type]
    assert np.mean(hit) > 0.97


@pytest.fixture
def perfect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that are never off: what is left is the core alone."""
    for name in ("GAZE_CALIBRATED_MEAN_DEG", "GAZE_OUTLIER_SHARE", "SHOWN_CALLED_HIDDEN", "OPEN_CALLED_SHUT", "SHUT_CALLED_OPEN",
                 "GAZE_HALF_SHUT_DEG", "LID_NOISE", "HEAD_MEAN_DEG", "OPEN_SPREAD", "SHUT_SPREAD", "POSITION_MM"):  # fmt: skip
        monkeypatch.setattr(error_model, name, 0.0)
    monkeypatch.setattr(error_model, "GAZE_UNCALIBRATED_MEAN_DEG", (0.0, 0.0))
    monkeypatch.setattr(error_model, "GAZE_UNCALIBRATED_STD_DEG", 5.5)
    monkeypatch.setattr(error_model, "HIDDEN_CALLED_VISIBLE", dict.fromkeys(error_model.HIDDEN_CALLED_VISIBLE, 0.0))


@pytest.mark.slow
@pytest.mark.requirement("P-12", "GLA-05")
def test_with_perfect_readings_nobody_is_falsely_ready_or_warned_and_the_ready_are_found(perfect: None) -> None:
    result = campaign.Result("l3_default", 6, None)
    for family in FAMILIES:
        number = next(campaign.numbers(6, 0.01, family))
        result.add(judge(write(6, number), PROFILE))
    assert result.total.false_ready_s == 0.0, result.worst
    assert result.total.false_warnings == 0, result.warned
    assert result.total.found is not None and result.total.found > 0.85


SLICE = (
    "1:14", "1:75", "2:21", "2:42", "3:20", "3:32", "3:48", "3:59", "3:67", "3:79", "4:10", "4:41", "100:447", "100:562",
    "100:703", "100:784",
    "600:783", "601:799", "601:1209", "601:1381", "601:1487", "602:685", "603:123", "603:818",  # each once had a finding
    "5:1", "5:3", "5:8", "5:11", "5:12", "5:15", "5:32", "5:39",
)  # fmt: skip
"""Drives of every family."""


def test_pictures_that_come_twice_at_one_time_do_not_hide_a_frozen_camera() -> None:
    """601:1209 is frozen, and doubled from the seventh second on."""
    frozen = [record for record in records(write(601, 1209)) if isinstance(record, Observation) and 316.2 < record.t < 318.5]
    times = [record.t for record in frozen]
    assert len(set(times)) < len(times)
    assert all(record.image is not None and record.image.frozen for record in frozen)


@pytest.mark.slow
@pytest.mark.requirement("P-12")
def test_a_slice_of_the_campaign_has_no_false_ready_and_still_finds_the_ready() -> None:
    result = campaign.Result("l3_default", 0, None)
    for seed, number in (map(int, drive.split(":")) for drive in SLICE):
        result.add(judge(write(seed, number), PROFILE))
    assert {name for name, found in result.families.items() if not found.drives} == set()
    assert result.total.failed == 0 and result.total.false_ready_s == 0.0, result.worst
    assert result.total.false_warnings == 0, result.warned
    assert result.total.found is not None and result.total.found > 0.3
    assert result.total.warned is not None and result.total.warned > 0.5


CAUGHT_IN = {"unknown_is_open": "dark_glasses", "stale_value_held": "bus_faults", "visibility_ignored": "dark_glasses"}


def planted(plant: str | None, family: str, seconds: float = 600.0) -> float:
    """Seconds of false ready in a drive of this family with a calibrated driver whose perception fills numbers in."""
    for number in campaign.numbers(8, 100.0, family):
        script = write(8, number)
        if script.calibrated and script.invents and script.also is None and script.head.fps <= 15.0:
            verdict = judge(script, PROFILE, PLANTS[plant]() if plant else None)
            assert verdict.failed is None
            return sum(episode.seconds for episode in verdict.false_ready)
    raise AssertionError("no such drive")


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_caught(plant: str) -> None:
    family = CAUGHT_IN[plant]
    assert planted(None, family) < 0.5
    assert planted(plant, family) > 5.0


def test_a_bug_inside_the_core_is_caught_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lids that nobody could judge, taken for open ones where the core judges lids."""

    def careless(observation: Observation, rules: object) -> Lids:
        lids = judge_lids(observation, rules)  # type: ignore[arg-type]
        return lids if lids.shut is not None else Lids(False, 1.0, 1.0, 9.0, "mm")

    monkeypatch.setattr(dms.assessment.picture, "judge_lids", careless)
    assert planted(None, "dark_glasses") > 5.0


def test_an_exception_in_the_core_is_a_finding_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(observation: Observation, rules: object) -> Lids:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(dms.assessment.picture, "judge_lids", fails)
    result = campaign.run_one(1, 5)
    assert not result.aim_met and result.failures == ["1:5 ZeroDivisionError: planted"]
    assert "exception in drive 1:5" in "\n".join(lines(result))


def test_a_core_that_never_says_ready_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = judge(write(1, 3), PROFILE, lambda record: None if isinstance(record, Observation) else record)
    assert verdict.ready_s == 0.0 and verdict.rightly_ready_s == 0.0 and verdict.truly_ready_s > 100.0


def test_the_bound_of_a_rate() -> None:
    assert campaign.poisson_bound(0) == pytest.approx(3.0, abs=0.01)  # P-12: 3/T
    assert campaign.poisson_bound(5) == pytest.approx(10.51, abs=0.01)


def test_hours_are_filled_and_a_family_can_be_picked() -> None:
    drives = list(campaign.numbers(1, 3.0))
    assert drives == list(range(len(drives)))
    assert 3.0 <= sum(head(1, n).seconds for n in drives) / 3600 < 3.2
    assert {head(1, n).family for n in campaign.numbers(1, 1.0, "phone")} == {"phone"}
    with pytest.raises(UsageError, match="no family phones"):
        campaign.run(1, 0.1, family="phones")
    with pytest.raises(UsageError, match="unknown profile"):
        campaign.run(1, 0.1, profile="none")


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_processes() -> None:
    one, two = (msgspec.json.encode(as_plain(campaign.run(9, 0.15, jobs))) for jobs in (1, 2))
    assert one == two
    found = json.loads(one)
    assert found["drives"] == sum(f["drives"] for f in found["families"].values()) and found["failed_drives"] == 0
