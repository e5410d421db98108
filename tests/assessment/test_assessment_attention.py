"""Attentiveness, sample by sample."""

import msgspec
import pytest
from steps import RULES, ticks

from dms.assessment.attention import Attentiveness
from dms.assessment.windows import Tick
from dms.records.words import Zone


def attention(*samples: tuple[Zone, bool, bool], share: float = 0.5) -> Attentiveness:
    """After samples of (zone, by head, blinking)."""
    rules = msgspec.structs.replace(RULES.attention, confirm_s=0.25, confirm_share=share, mirror_max_s=3.0, mirror_reset_s=1.0)
    one = Attentiveness(rules, msgspec.structs.replace(RULES.glance, flicker_s=0.25))
    for tick, sample in ticks(samples):
        one.step(tick, *sample)  # type: ignore[misc]
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


def test_after_shut_eyes_the_look_is_confirmed_anew() -> None:
    one = attention(*[ROAD] * 4)
    one.doubt()
    states = []
    for n in range(3):
        one.step(Tick(0.5 + 0.125 * n, 0.125, False), "road", False, False)
        states.append(one.attentive)
    assert states == [None, None, True]
