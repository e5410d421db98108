"""Attentiveness, sample by sample."""

import msgspec
import pytest
from steps import RULES, ticks

from dms.assessment.attention import Attentiveness
from dms.records.words import Zone


def attention(*samples: tuple[Zone, bool, float]) -> Attentiveness:
    """After samples of (zone, by head, seconds off the road)."""
    rules = msgspec.structs.replace(RULES.attention, confirm_s=0.25, mirror_max_s=3.0)
    one = Attentiveness(rules, msgspec.structs.replace(RULES.glance, flicker_s=0.25))
    for tick, sample in ticks(samples):
        one.step(tick, *sample)  # type: ignore[misc]
    return one


ROAD, LAP, MIRROR, LOST = ("road", False, 0.0), ("lap", False, 1.0), ("rear_mirror", False, 1.0), ("unknown", False, 0.0)
HEAD = ("road", True, 0.0)


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
        ([MIRROR] * 3 + [("rear_mirror", False, 2.9)], True, "gaze_mirror"),
        ([MIRROR] * 3 + [("rear_mirror", False, 3.0)], False, None),  # a stare is no look
        ([HEAD] * 3, True, "head_movement"),
        ([("driver_mirror", True, 0.0)] * 3, True, "head_movement"),
        ([HEAD] * 3 + [ROAD], None, None),  # the head confirms no gaze
        ([HEAD] * 3 + [ROAD] * 3, True, "gaze_road"),
        ([LAP] + [HEAD] * 2, None, None),
        ([ROAD] * 3 + [LAP] + [ROAD], False, None),  # after each look away it must be confirmed again
        ([HEAD] * 3 + [("lap", True, 1.0)] + [HEAD] * 2, None, None),
    ],
)
def test_attentive(samples: list[tuple[Zone, bool, float]], attentive: bool | None, criterion: str | None) -> None:
    one = attention(*samples)
    assert (one.attentive, one.criterion) == (attentive, criterion)
