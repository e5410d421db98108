"""When a look at the driving task was last seen itself, sample by sample."""

from collections.abc import Sequence

import msgspec
import pytest
from steps import RULES, STEP

from dms.assessment.aim import Aim
from dms.assessment.look_evidence import LookEvidence
from dms.assessment.windows import Tick
from dms.assessment.zones import Sight
from dms.records.words import Zone

GIVEN = msgspec.structs.replace(RULES.attention, steady_deg=5.0, evidence_max_s=0.5, clear_std=1.5)
STD = 4.0


def at(yaw: float = 0.0, other_std: float | None = 2.0, zone: Zone = "road", pitch: float = 0.0) -> Aim:
    """Open eyes whose reading meets ``zone`` so far beside other things."""
    return Aim(zone, sight=Sight(zone, "gaze", yaw, pitch, STD, 0.8, 0.8, other_std, 2.0))


def after(*aims: Aim, times: Sequence[float] | None = None) -> tuple[LookEvidence, float]:
    """Evidence after these samples, and when the newest was."""
    one = LookEvidence(GIVEN)
    t = before = 8.0
    for n, aim in enumerate(aims):
        t = 8.0 + (n * STEP if times is None else times[n])
        one.step(Tick(t, t - before, False), aim)
        before = t
    return one, t


def said(*aims: Aim, times: Sequence[float] | None = None) -> tuple[bool, bool, bool]:
    """Steady, clear, and was anything of it evidence."""
    one, t = after(*aims, times=times)
    return one.steady, one.clear, one.fresh(t)


HIDDEN, SHUT, HEAD = Aim("road", hidden=True), Aim("road", shut=True), Aim("road", by_head=True)
LAP = at(zone="lap", other_std=None)


@pytest.mark.requirement("R157-10", "P-21")
def test_evidence_grows_old() -> None:
    one = LookEvidence(GIVEN)
    assert not (one.fresh(0.0) or one.steady or one.clear or one.another)
    one, t = after(at())
    assert one.fresh(t) and one.fresh(t + 0.5) and not one.fresh(t + 0.501)
    one, t = after(at(), HIDDEN)
    assert one.fresh(t + 0.375) and not one.fresh(t + 0.376)  # what shows nothing makes it no younger


@pytest.mark.requirement("R157-10", "P-21")
@pytest.mark.parametrize("nothing", [HIDDEN, SHUT, HEAD])
def test_eyes_that_are_not_seen_open_show_nothing(nothing: Aim) -> None:
    assert said(nothing) == (False, False, False)
    assert said(at(), nothing) == (False, False, True)
    assert said(at(), nothing, at(6.0)) == (False, True, True)  # compared with the reading before
    assert said(at(other_std=1.0), nothing, at()) == (True, True, True)  # and averaged with it
    assert said(at(other_std=0.9), nothing, at()) == (True, False, False)


@pytest.mark.requirement("R157-10")
def test_a_reading_agrees_with_the_one_before() -> None:
    assert said(at(), at(5.0)) == (True, True, True)
    assert said(at(), at(3.0, pitch=4.0))[0] and not said(at(), at(3.0, pitch=4.1))[0]
    one, t = after(at(other_std=0.0), at(7.0), at(0.0))
    assert (one.steady, one.clear, one.fresh(t)) == (False, True, False)  # clear of other things, but no two agree
    assert said(at(), at(50.0), times=(0.0, 0.625)) == (True, True, True)  # too old to compare
    assert not said(at(), at(50.0), times=(0.0, 0.5))[0]


@pytest.mark.requirement("R157-10")
def test_a_look_lies_clear_of_other_things_in_the_mean_of_its_readings() -> None:
    assert said(at(other_std=1.5)) == (True, True, True)
    assert said(at(other_std=1.49)) == (True, False, False)
    assert said(at(other_std=1.0), at())[1] and not said(at(other_std=0.9), at())[1]
    third = [at(other_std=0.9), at(other_std=1.6)]
    assert said(*third, at())[1] and not said(*third, at(other_std=1.9))[1]
    assert said(*[at()] * 8, at(other_std=0.0))[1]  # one stray reading of many
    assert not said(*[at()] * 8, at(other_std=0.2), at(other_std=0.2))[1]  # of a long look the newest half second counts
    assert said(*[at()] * 8, at(other_std=0.8), at(other_std=0.8))[1]
    rare = [at(other_std=0.97), at()]  # so long after the first the second counts for more than half
    assert said(*rare, times=(0.0, 0.375))[1] and not said(*rare, times=(0.0, 0.25))[1]


@pytest.mark.requirement("R157-10")
def test_the_mean_begins_anew_with_another_look() -> None:
    near = at(other_std=0.0)
    assert said(near, at(6.0))[1] is False  # within what a reading scatters
    assert said(near, at(6.25))[1] is True
    assert said(near, LAP, at())[1] is True
    assert said(near, at(zone="unknown", other_std=None), at())[1] is False  # nobody knows that it was another
    assert said(near, at(zone="unknown", other_std=None, yaw=6.25), at(6.25))[1] is True


def test_a_reading_that_states_no_doubt_scatters_not_at_all() -> None:
    sure = at(other_std=0.0), at()
    here, there = (aim._replace(sight=aim.sight and aim.sight._replace(std_deg=None)) for aim in sure)
    assert said(here, there)[1] is False
    assert said(here, there._replace(sight=there.sight and there.sight._replace(yaw_deg=0.5)))[1] is True


@pytest.mark.requirement("NCAP-01")
def test_eyes_that_move_farther_than_readings_scatter_look_elsewhere() -> None:
    def another(*aims: Aim) -> bool:
        return after(*aims)[0].another

    assert not another(at()) and not another(at(), at(6.0)) and another(at(), at(6.25))
    assert another(at(), LAP._replace(sight=LAP.sight and LAP.sight._replace(yaw_deg=-30.0)))
    assert another(at(), HIDDEN, at(6.25)) and not another(at(), HIDDEN, at(6.25), at(6.25))
    assert not another(at(), at(6.25), HIDDEN)


def test_a_gap_ends_the_look() -> None:
    one = LookEvidence(GIVEN)
    one.step(Tick(0.0, 0.0, False), at(other_std=0.0))
    one.step(Tick(0.25, 0.25, True), at(50.0))
    assert (one.steady, one.clear, one.another) == (True, True, False)


@pytest.mark.requirement("R157-10")
@pytest.mark.parametrize("zone", ["road", "rear_mirror", "driver_mirror", "passenger_mirror"])
def test_looks_at_the_driving_task_count(zone: Zone) -> None:
    assert said(at(zone=zone)) == (True, True, True)


@pytest.mark.requirement("R157-10")
def test_what_the_picture_shows_counts_and_not_what_is_held() -> None:
    assert said(LAP) == (True, False, False)
    assert said(LAP._replace(zone="road")) == (True, False, False)
    assert said(at()._replace(zone="lap")) == (True, True, True)


def test_a_record_that_names_zones_only_is_taken_at_its_word() -> None:
    assert said(Aim("road")) == (True, True, True)
    assert said(Aim("lap")) == (True, False, False)
    assert said(Aim("road", sight=Sight("road", "record"))) == (True, True, True)
    assert said(at(), Aim("road")) == (True, True, True)
    assert said(at(other_std=0.0), Aim("road", sight=Sight("road", "record"))) == (True, False, False)  # no other look


def test_the_place_of_a_look_is_that_of_the_gaze() -> None:
    assert at(3.0, pitch=-2.0).place == (3.0, -2.0)
    assert Aim("road").place is None
    assert Aim("road", sight=Sight("road", "head", 3.0, -2.0)).place is None
    assert Aim("road", sight=Sight("road", "gaze", None, -2.0)).place is None
    assert Aim("road", sight=Sight("road", "gaze", 3.0, None)).place is None


def test_an_aim_says_no_more_than_it_is_given() -> None:
    aim = Aim("road")
    assert not (aim.by_head or aim.blinking or aim.leaving or aim.hidden or aim.shut) and aim.sight is None


@pytest.mark.requirement("R157-10", "P-21")
def test_eyes_seen_elsewhere_end_the_evidence() -> None:
    """However young it is: the newest picture speaks against it."""
    one, t = after(at(), at(), LAP)
    assert not one.fresh(t) and not one.now
    one, t = after(at(), LAP, times=(-8.0, -7.875))
    assert t == 0.125 and not one.fresh(t)  # at any time
    one, t = after(at(), LAP, at(9.0), at(30.0))
    assert not one.fresh(t)  # and what comes next must agree with itself
    one, t = after(at(), LAP, at(30.0), at(30.0))
    assert one.fresh(t) and one.now
    one, t = after(at(), at(zone="unknown", other_std=None))
    assert one.fresh(t) and not one.now  # nobody knows where


def beside_mirror(*mirror_std: float | None, yaw: float = 0.0) -> LookEvidence:
    looks = [at(yaw * n) for n in range(len(mirror_std))]
    return after(*[a._replace(sight=a.sight and a.sight._replace(mirror_std=m)) for a, m in zip(looks, mirror_std, strict=True)])[
        0
    ]


@pytest.mark.requirement("NCAP-01")
def test_a_look_lies_near_a_mirror_in_the_mean_of_its_readings() -> None:
    assert not LookEvidence(GIVEN).near_mirror
    assert beside_mirror(1.49).near_mirror and not beside_mirror(1.5).near_mirror and not beside_mirror(None).near_mirror
    assert beside_mirror(*[1.0] * 6, 2.0).near_mirror  # one stray reading of many
    assert not beside_mirror(*[1.0] * 6, 2.0, yaw=7.0).near_mirror  # but each of these is a look of its own
    assert not after(at(), LAP)[0].near_mirror
