"""Attentiveness, sample by sample."""

from collections.abc import Sequence

import msgspec
import pytest
from steps import RULES, ticks

from dms.assessment.aim import Aim
from dms.assessment.attention import Attentiveness, MirrorLook
from dms.assessment.look_evidence import LookEvidence
from dms.assessment.windows import Tick
from dms.assessment.zones import Sight
from dms.records.words import Zone


def attention(*samples: Sequence[object], share: float = 0.5) -> Attentiveness:
    """After samples of (zone, by head, blinking, ...), see ``Aim``."""
    rules = msgspec.structs.replace(
        RULES.attention, confirm_s=0.25, confirm_share=share, confirm_hidden_s=0.5, mirror_max_s=3.0, mirror_reset_s=1.0
    )
    one = Attentiveness(rules, msgspec.structs.replace(RULES.glance, flicker_s=0.25))
    for tick, sample in ticks(samples):
        one.step(tick, Aim(*sample))  # type: ignore[misc]
    return one


ROAD, LAP, MIRROR = ("road", False, False), ("lap", False, False), ("rear_mirror", False, False)
LOST = ("unknown", False, False)
HEAD, BLINK = ("road", True, False), ("road", False, True)


@pytest.mark.requirement("R157-10", "P-07")
@pytest.mark.parametrize(
    ("samples", "attentive", "criterion"),
    [
        ([ROAD], None, None),
        ([ROAD] * 2, None, None),
        ([ROAD] * 3, True, "gaze_road"),
        ([LAP], False, None),
        ([LAP] + [ROAD] * 2, False, None),  # not yet confirmed: what it was
        ([LAP] + [ROAD] * 3, True, "gaze_road"),
        ([ROAD] * 3 + [LAP], False, None),  # at once
        ([ROAD] * 3 + [LOST], None, None),
        ([ROAD] * 3 + [LOST] * 2 + [ROAD], True, "gaze_road"),  # a moment unseen forgets nothing
        ([ROAD] * 3 + [LOST] * 4 + [ROAD], None, None),
        ([LAP] * 3 + [LOST] * 4 + [ROAD], None, None),
        ([MIRROR] * 3, True, "gaze_mirror"),
        ([MIRROR] * 24, True, "gaze_mirror"),
        ([MIRROR] * 25, False, None),  # a stare is no look
        ([MIRROR] * 23 + [ROAD] * 7 + [MIRROR] * 2, False, None),  # too short a look at the road to begin anew
        ([MIRROR] * 23 + [ROAD] * 8 + [MIRROR] * 2, True, "gaze_mirror"),
        ([ROAD] * 3 + [BLINK] * 2 + [ROAD], True, "gaze_road"),
        ([ROAD] + [BLINK] * 3, None, None),  # a blink confirms nothing
        ([HEAD] * 3, True, "head_movement"),
        ([("driver_mirror", True, False)] * 3, True, "head_movement"),
        ([HEAD] * 3 + [ROAD], None, None),  # the head confirms no gaze
        ([HEAD] * 3 + [ROAD] * 3, True, "gaze_road"),
        ([LAP] + [HEAD] * 2, None, None),
        ([ROAD] * 3 + [LAP] + [ROAD], False, None),  # after each look away it must be confirmed again
        ([HEAD] * 3 + [("lap", True, False)] + [HEAD] * 2, None, None),
        ([MIRROR] * 9 + [LOST] * 16 + [MIRROR] * 3, False, None),  # nobody saw the eyes leave the mirror
        ([MIRROR] * 9 + [HEAD] * 16 + [MIRROR] * 3, False, None),  # nor does the head tell
        ([MIRROR] * 9 + [ROAD] * 16 + [MIRROR] * 3, True, "gaze_mirror"),
        ([ROAD] * 4 + [("road", False, False, True)], True, "gaze_road"),  # leaving is not yet to have left
        ([ROAD] * 4 + [("road", False, True, True)], None, None),  # but on their way elsewhere as they shut
        ([ROAD] + [("road", False, False, True, False, Sight("lap", "record"))] * 3, None, None),  # elsewhere: confirms nothing
        ([ROAD] + [("road", False, False, True, False, Sight("rear_mirror", "record"))] * 2, True, "gaze_road"),
    ],
)
def test_attentive(samples: list[tuple[Zone, bool, bool]], attentive: bool | None, criterion: str | None) -> None:
    one = attention(*samples)
    assert (one.attentive, one.criterion) == (attentive, criterion)


@pytest.mark.requirement("R157-10")
def test_most_of_the_time_must_have_been_seen() -> None:
    lost_once = [ROAD] * 3 + [LOST] + [ROAD]
    assert attention(*lost_once, share=0.5).attentive is True
    assert attention(*lost_once, share=0.8).attentive is None
    assert attention(*lost_once, ROAD, share=0.8).attentive is None
    assert attention(*lost_once, ROAD, ROAD, share=0.8).attentive is True


def test_after_shut_eyes_the_look_is_confirmed_anew_and_for_longer() -> None:
    one = attention(*[ROAD] * 4)
    one.doubt()
    states = []
    for n in range(5):
        one.step(Tick(0.5 + 0.125 * n, 0.125, False), Aim("road"))
        states.append(one.attentive)
    assert states == [None, None, None, None, True]


def gaze(
    yaw: float, zone: Zone = "road", probability: float = 0.8, other_std: float = 2.0, mirror_std: float = 2.0
) -> tuple[object, ...]:
    return zone, False, False, False, False, Sight(zone, "gaze", yaw, 0.0, 5.5, probability, 0.8, other_std, mirror_std)


HIDDEN = ("unknown", False, False, False, True)


@pytest.mark.requirement("R157-10", "NV-08")
def test_after_hidden_eyes_readings_must_agree_and_for_longer() -> None:
    assert attention(*[gaze(0.0)] * 3).attentive is True
    assert attention(*[HIDDEN] * 3, *[gaze(0.0)] * 4).attentive is None
    assert attention(*[HIDDEN] * 3, *[gaze(0.0)] * 5).attentive is True
    assert attention(*[HIDDEN] * 3, *[gaze(8.0 * (n % 2)) for n in range(12)]).attentive is None  # what a hand's "eyes" do
    assert attention(*[HIDDEN] * 2, *[gaze(0.0)] * 3).attentive is None  # a moment: only its own share was not seen
    assert attention(*[gaze(0.0)] * 3, *[HIDDEN] * 2, *[gaze(0.0)] * 3).attentive is True


@pytest.mark.requirement("R157-10", "NCAP-01")
def test_a_reading_next_to_a_mirror_stared_at_is_not_the_road() -> None:
    stare = [gaze(25.0, "rear_mirror")] * 25
    assert attention(*stare).attentive is False
    assert attention(*stare, *[gaze(21.0)] * 12).attentive is None
    assert attention(*stare, *[gaze(5.0)] * 4).attentive is True


@pytest.mark.requirement("R157-10")
def test_a_mirror_that_fills_little_of_where_the_gaze_may_be_shows_nothing() -> None:
    assert attention(*[gaze(40.0, "passenger_mirror", 0.3)] * 4).criterion == "gaze_mirror"
    assert attention(*[gaze(40.0, "passenger_mirror", 0.06)] * 4).attentive is None


SHUT = ("road", False, True, False, False, None, True)
"""The zone before a blink is held; the lids are shut."""


@pytest.mark.requirement("R157-10", "P-21")
def test_what_is_held_through_a_blink_is_worth_no_more_than_it_is_old() -> None:
    looked = [gaze(0.0)] * 4
    assert attention(*looked, *[SHUT] * 3).attentive is True
    assert attention(*looked, *[SHUT] * 4).attentive is None
    elsewhere = ("road", False, True, False, False, Sight("infotainment", "gaze", 33.0, -20.0, 5.5, 0.5, 0.0))
    assert attention(*looked, *[SHUT] * 2, *[elsewhere] * 2).attentive is None  # lids on their way up, and eyes elsewhere
    assert attention(*looked, *[SHUT] * 2, *[gaze(0.0)] * 2).attentive is True


@pytest.mark.requirement("R157-10", "NV-08")
def test_readings_that_wander_are_no_evidence() -> None:
    wandering = [gaze(8.0 * (n % 2)) for n in range(1, 5)]
    assert attention(*[gaze(0.0)] * 4, *wandering[:3]).attentive is True
    assert attention(*[gaze(0.0)] * 4, *wandering).attentive is None


@pytest.mark.requirement("R157-10")
def test_a_reading_beside_what_is_no_part_of_driving_is_no_evidence() -> None:
    assert attention(*[gaze(15.0, other_std=1.6)] * 8).attentive is True
    assert attention(*[gaze(15.0, other_std=1.3)] * 8).attentive is None
    stray = [gaze(15.0, other_std=2.0 if n == 5 else 1.2) for n in range(12)]
    assert all(attention(*stray[: n + 1]).attentive is None for n in range(12))
    assert attention(*stray, *[gaze(0.0)] * 4).attentive is True  # another look


@pytest.mark.requirement("R157-10", "NCAP-01")
def test_a_mirror_may_have_been_looked_at_since_the_gaze_was_last_seen_elsewhere() -> None:
    mirror = [gaze(28.0, "rear_mirror", 0.5, mirror_std=0.0)] * 5
    assert attention(*[gaze(0.0)] * 4, *[HIDDEN] * 18, *mirror).attentive is True
    assert attention(*[gaze(0.0)] * 4, *[HIDDEN] * 20, *mirror).attentive is None  # nobody saw for how long
    assert attention(*[HIDDEN] * 30, *[gaze(0.0)] * 5, *mirror).attentive is True
    beside = [gaze(16.0, mirror_std=0.5)] * 12
    assert attention(*[gaze(0.0)] * 4, *beside, *mirror, *beside).attentive is None


@pytest.mark.requirement("R157-10", "NV-08")
def test_readings_on_both_sides_of_a_hidden_moment_prove_one_look_only_where_they_agree() -> None:
    """A hand's "eyes" agreed for three pictures; the eyes that came out behind it were elsewhere."""
    start = [*[HIDDEN] * 3, *[gaze(0.0)] * 3, HIDDEN]
    assert attention(*start, *[gaze(3.0)] * 3).attentive is True
    assert attention(*start, *[gaze(7.0)] * 3).attentive is None
    assert attention(*start, *[gaze(7.0)] * 5).attentive is True


@pytest.mark.requirement("R157-10", "NCAP-01")
def test_a_mirror_that_no_reading_meets_may_still_have_been_looked_at_for_too_long() -> None:
    """All readings off by more than half their deviation: each lies on the road beside the mirror, none on it."""
    beside = gaze(16.0, mirror_std=0.9)
    assert attention(*[gaze(0.0)] * 4, *[beside] * 23).attentive is True
    assert attention(*[gaze(0.0)] * 4, *[beside] * 24).attentive is None
    assert attention(*[gaze(0.0)] * 4, *[beside] * 30, *[gaze(0.0)] * 3).attentive is True
    assert attention(*[gaze(0.0)] * 30).attentive is True


@pytest.mark.requirement("R157-10", "NCAP-01", "ADDW-04")
@pytest.mark.parametrize(("pictures", "attentive"), [(2, None), (3, True)])
def test_a_few_readings_beside_a_mirror_are_no_look_elsewhere(pictures: int, attentive: bool | None) -> None:
    """Lids half down pull the reading away, two pictures that agree; 0.25 s of it is a look."""
    mirror = [gaze(16.0, mirror_std=0.9)] * 16
    assert attention(*[gaze(0.0)] * 4, *mirror, *[gaze(5.0)] * pictures, *mirror).attentive is attentive


@pytest.mark.requirement("R157-10")
def test_the_picture_that_confirms_a_look_shows_it() -> None:
    """Three readings in a row look at the road; the last agrees with none of them."""
    assert attention(*[gaze(0.0)] * 3).attentive is True
    assert attention(*[gaze(0.0)] * 2, gaze(7.0)).attentive is None
    assert attention(*[gaze(0.0)] * 2, gaze(7.0), gaze(7.0)).attentive is True
    assert attention(*[gaze(0.0)] * 3, gaze(7.0)).attentive is True  # what is confirmed needs no new proof yet


@pytest.mark.requirement("R157-10", "P-21")
def test_a_reading_elsewhere_ends_what_is_held_against_flicker() -> None:
    """A belt that closes as the eyes leave for a display must not begin a "ready" on the look before."""
    cluster = ("road", False, False, True, False, Sight("cluster", "gaze", 0.0, -27.0, 5.5, 0.5, 0.0))
    assert attention(*[gaze(0.0)] * 5).attentive is True
    assert attention(*[gaze(0.0)] * 5, cluster).attentive is None
    assert attention(*[gaze(0.0)] * 5, cluster, gaze(0.0), gaze(0.0)).attentive is True  # a stray one


@pytest.mark.requirement("R157-10", "NV-08")
def test_a_moment_of_hidden_eyes_takes_as_much_proof_as_a_long_one() -> None:
    assert attention(*[gaze(0.0)] * 3).attentive is True
    assert attention(*[gaze(0.0)] * 3, HIDDEN, gaze(0.0)).attentive is None
    assert attention(*[gaze(0.0)] * 3, HIDDEN, *[gaze(0.0)] * 4).attentive is True
    assert attention(*[gaze(0.0)] * 8, HIDDEN, gaze(0.0)).attentive is True  # the look before was proof enough for both
    # but not where it fills all that may be left unseen: then what was seen before it says nothing any more
    assert attention(*[gaze(0.0)] * 8, HIDDEN, *[gaze(0.0)] * 4, share=0.8).attentive is None
    assert attention(*[gaze(0.0)] * 8, HIDDEN, *[gaze(0.0)] * 5, share=0.8).attentive is True


@pytest.mark.requirement("R157-10", "NCAP-01")
def test_the_place_of_a_mirror_look_is_the_mean_of_its_readings() -> None:
    """At (20, 4) and (30, 8), so round (25, 6); and again after it was reset."""
    look, one = LookEvidence(RULES.attention), MirrorLook(RULES.attention, RULES.glance)

    def aim(yaw: float, pitch: float, zone: Zone = "road", std_deg: float | None = 5.5) -> Aim:
        return Aim(zone, sight=Sight(zone, "gaze", yaw, pitch, std_deg, 0.8, 0.8, 2.0, 2.0))

    t = 0.0
    for _ in range(2):
        for step in [aim(-40.0, 0.0)] * 12 + [aim(20.0, 4.0, "rear_mirror"), aim(30.0, 8.0, "rear_mirror")]:
            one.step(Tick(t, 0.125, False), step, look)
            t += 0.125
        assert [one.near(aim(yaw, 6.0), look) for yaw in (19.4, 19.5, 30.5, 30.6)] == [False, True, True, False]
        assert [one.near(aim(25.0, pitch), look) for pitch in (0.4, 0.5, 11.5, 11.6)] == [False, True, True, False]
        assert one.near(aim(25.0, 6.0, std_deg=None), look) and not one.near(aim(25.5, 6.0, std_deg=None), look)
        assert not one.near(Aim("road", sight=Sight("road", "record")), look)


@pytest.mark.requirement("R157-10")
def test_limits_of_a_look_are_met_exactly() -> None:
    assert attention(*[HIDDEN] * 3, *[gaze(5.0 * (n % 2)) for n in range(5)]).attentive is True
    assert attention(*[gaze(40.0, "passenger_mirror", 0.1)] * 4).criterion == "gaze_mirror"
    beside = gaze(16.0, mirror_std=0.9)
    assert attention(*[gaze(0.0)] * 2, *[beside] * 23).attentive is True  # elsewhere from the first picture on


@pytest.mark.requirement("R157-10", "NV-08")
def test_a_look_once_proved_is_confirmed_as_any_other() -> None:
    proved = [*[HIDDEN] * 3, *[gaze(0.0)] * 5]
    assert attention(*proved, LAP, *[gaze(0.0)] * 3).attentive is True
    assert attention(*[HIDDEN] * 3, LAP, *[gaze(0.0)] * 3).attentive is False


def test_eyes_that_move_on_are_told() -> None:
    assert attention(gaze(0.0), gaze(20.0)).another_look is True
    assert attention(gaze(0.0), gaze(0.0)).another_look is False
