"""GLA-06: AttenD's buffer empties off the road, fills on it after a latency, and leaves mirrors and cluster free for a while."""

from collections.abc import Sequence

import pytest
from drives import CABIN, PROFILE, drive, never, observation

from dms.assessment import Assessor
from dms.assessment.buffer import AttentionBuffer
from dms.assessment.geometry import vehicle_direction
from dms.assessment.windows import Tick
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Gaze
from dms.records.words import Zone

RULES = PROFILE.rules.buffer
assert RULES is not None
FREE: list[Zone] = ["rear_mirror", "driver_mirror", "passenger_mirror", "cluster"]


def left_after(spans: Sequence[tuple[Zone, float]], fps: float = 20.0, buffer: AttentionBuffer | None = None) -> float:
    """What is left after looking at each zone for so many seconds."""
    buffer = buffer or AttentionBuffer(RULES, ["road"])
    n, end = 0, 0.0
    for zone, seconds in spans:
        end += seconds
        while n / fps < end - 1e-9:
            buffer.step(Tick(n / fps, 1 / fps if n else 0.0, n == 0), zone)
            n += 1
    buffer.step(Tick(n / fps, 1 / fps, False), spans[-1][0])
    return buffer.left_s


@pytest.mark.requirement("GLA-06")
@pytest.mark.parametrize("fps", [15.0, 20.0, 30.0, 60.0])
@pytest.mark.parametrize(("spans", "left"), [
    ([("road", 5)], 2.0), ([("lap", 1)], 1.0), ([("lap", 2)], 0.0), ([("lap", 9)], 0.0),
    ([("lap", 1), ("road", 0.1)], 1.0), ([("lap", 1), ("road", 0.6)], 1.5), ([("lap", 1), ("road", 5)], 2.0),
    ([("lap", 9), ("road", 1.1)], 1.0),  # no debt below empty
    ([("lap", 1), ("phone", 0.5)], 0.5),
    ([("rear_mirror", 1)], 2.0), ([("rear_mirror", 1.5)], 1.5), ([("rear_mirror", 3)], 0.0),
    ([("rear_mirror", 0.8), ("cluster", 0.8)], 1.4),  # one look away from the road, though at two of them
    ([("rear_mirror", 0.8), ("road", 0.2), ("cluster", 0.8)], 2.0),
    ([("lap", 1), ("cluster", 1)], 1.0), ([("cluster", 1), ("lap", 1)], 1.0),
    ([("lap", 1), ("unknown", 5)], 1.0), ([("unknown", 5), ("lap", 1)], 1.0),
])  # fmt: skip
def test_GLA06_what_is_left(spans: list[tuple[Zone, float]], left: float, fps: float) -> None:
    assert left_after(spans, fps) == pytest.approx(left, abs=1 / fps + 1e-6)


@pytest.mark.requirement("GLA-06")
@pytest.mark.parametrize("zone", FREE)
def test_GLA06_every_free_zone(zone: Zone) -> None:
    assert left_after([(zone, 1.0)]) == pytest.approx(2.0, abs=0.051)


def test_GLA06_a_gap_in_the_pictures_holds_it() -> None:
    buffer = AttentionBuffer(RULES, ["road"])
    left_after([("lap", 1)], buffer=buffer)
    buffer.step(Tick(9.0, 8.0, True), "lap")
    assert buffer.left_s == pytest.approx(1.0, abs=0.051)


def test_GLA06_a_change_confirmed_late_counts_from_when_it_began() -> None:
    """Through the geometry the zone is held against flicker for 0.1 s; the buffer must not be late for that."""
    lap = CABIN.camera.rotation().T @ vehicle_direction(13, -50)
    gaze = Gaze(direction_camera=(float(lap[0]), float(lap[1]), float(lap[2])), origin_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0)
    away = lambda o: observation(o.t, gaze=gaze) if 2 <= round(o.t, 6) < 3 else o  # noqa: E731
    assessor = Assessor(PROFILE, CABIN)
    states = [state for record in drive(5, 20.0, shut=never, picture=away) if (state := assessor.step(record))]
    left = {round(state.t, 2): state.attention.buffer_s for state in states}
    assert left[2.0] == 2.0 and left[2.2] == pytest.approx(1.8) and left[3.0] == pytest.approx(1.0)
    assert left[3.3] == pytest.approx(1.2) and left[4.5] == 2.0


def test_GLA06_published_as_a_measure_and_warns_of_nothing() -> None:
    assessor = Assessor(PROFILE, CABIN)
    records = drive(2.5, 20.0, shut=never, zone=lambda t: "lap", inputs=lambda t: None)
    states = [ready_for_takeover(state, PROFILE) for record in records if (state := assessor.step(record))]
    assert states[-1].attention.buffer_s == 0.0 and states[-1].warning.class_ is None
    unseen = assessor.step(observation(2.6, zone="unknown"))
    assert unseen is not None and unseen.attention.buffer_s is None


def test_GLA06_a_profile_without_the_section_has_no_buffer() -> None:
    assert load_profile("openpilot_ref").rules.buffer is None
    state = Assessor(load_profile("openpilot_ref"), CABIN).step(observation(0.0))
    assert state is not None and state.attention.buffer_s is None
