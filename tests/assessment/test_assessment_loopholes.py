"""Streams that once read as ready without the evidence for it; each must stay closed."""

from collections.abc import Iterator

import pytest

from dms.assessment import Assessor, load_cabin
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Eye, Face, Gaze, Head, Observation, TakeoverReadiness, VehicleState
from dms.records.angles import direction_from

PROFILE = load_profile("l3_default")
ROAD, LAP = (0.0, 14.0), (-10.0, -40.0)  # shown angles as the camera of the example cabin sees them


def direction(angles: tuple[float, float]) -> tuple[float, float, float]:
    x, y, z = direction_from(*angles)
    return float(x), float(y), float(z)


def picture(
    t: float, look: tuple[float, float] | None = ROAD, shut: bool = False, std: float = 4.0, blink: bool = False
) -> Observation:
    lids = Eye(visible=0.95, openness=0.05 if shut else 0.95, closed=0.98 if shut else 0.01)
    head = Head(forward_camera=direction(ROAD), up_camera=(0.0, -1.0, 0.0), std_deg=3.0)
    gaze = None if look is None or shut else Gaze(direction_camera=direction(look), std_deg=std)
    return Observation(t=t, face=Face(present=True, confidence=0.95), head=head, gaze=gaze, eyes={"left": lids, "right": lids})


def car(t: float, seat: bool = True) -> VehicleState:
    return VehicleState(t=t, speed_kmh=60.0, l3_state="active", seat=seat, belt=True)


def states(pictures: list[Observation]) -> Iterator[TakeoverReadiness]:
    assessor = Assessor(PROFILE, load_cabin("example_lhd"))
    for shot in pictures:
        assessor.take_inputs(car(shot.t))
        driver = assessor.step(shot)
        assert driver is not None
        yield ready_for_takeover(driver, PROFILE)


def blinked(t: float) -> bool:
    """A blink of 0.2 s at one second: what makes the driver available."""
    return 1.0 <= t < 1.2


def stream(seconds: float, fps: int = 30) -> list[Observation]:
    return [picture(n / fps, shut=blinked(n / fps)) for n in range(int(seconds * fps))]


def test_the_control_is_ready() -> None:
    assert [s.readiness for s in states(stream(4))][-1] == "ready"


def test_a_blink_is_not_better_evidence_than_open_eyes() -> None:
    """A gaze too uncertain for ready must not become ready while the lids are down."""
    shots = [picture(n / 30, shut=blinked(n / 30), std=PROFILE.rules.gaze.std_max_deg * 1.05) for n in range(90)]
    assert all(s.readiness != "ready" for s in states(shots))


def test_mostly_on_the_lap_is_not_ready() -> None:
    shots = stream(3) + [picture(3 + n / 30, look=ROAD if n % 4 == 3 else LAP) for n in range(240)]
    got = list(states(shots))[-120:]
    assert sum(s.readiness == "ready" for s in got) < 5
    assert any(s.warning.class_ == "long_distraction" for s in got)


def test_mostly_shut_eyes_are_impaired_within_the_short_window() -> None:
    shots = stream(3) + [picture(3 + n / 30, shut=n % 17 < 14) for n in range(300)]
    got = list(states(shots))[-120:]
    assert all(s.readiness == "impaired" for s in got)


def test_head_alone_confirms_no_gaze() -> None:
    shots = stream(3) + [picture(3 + n / 30, look=None) for n in range(60)] + [picture(5.0), picture(5.0 + 1 / 30)]
    assert all(s.readiness != "ready" for s in list(states(shots))[-2:])


def test_evidence_of_a_driver_who_left_is_not_the_next_ones() -> None:
    assessor = Assessor(PROFILE, load_cabin("example_lhd"))
    got = []
    for n in range(420):
        t = n / 30
        gone = 2.0 <= t < 12.0
        assessor.take_inputs(car(t, seat=not gone))
        shot = Observation(t=t, face=Face(present=False)) if gone else picture(t, shut=blinked(t))
        driver = assessor.step(shot)
        assert driver is not None
        got.append(ready_for_takeover(driver, PROFILE).readiness)
    assert "ready" in got[:60] and "ready" not in got[361:]


@pytest.mark.parametrize("fps", [3, 4])
@pytest.mark.requirement("P-10")
def test_P10_too_few_pictures_are_no_evidence(fps: int) -> None:
    shots = stream(3) + [picture(3 + n / fps) for n in range(1, 6 * fps)]
    assert all(s.readiness != "ready" for s in list(states(shots))[-3 * fps :])


def test_the_same_picture_told_twice_is_no_frame_rate() -> None:
    shots = [picture(n // 2 / 4, shut=False) for n in range(80)]
    assert all(s.readiness != "ready" for s in states(shots))


@pytest.mark.parametrize(
    "eyes",
    [
        {"third": Eye(visible=0.9, openness=0.9, closed=0.01)},
        {"left": Eye(visible=0.9, openness=0.0, closed=0.01), "right": Eye(visible=0.9, openness=0.0, closed=0.01)},
    ],
)
def test_lids_that_make_no_sense_are_not_open(eyes: dict[str, Eye]) -> None:
    shots = stream(3)
    shots += [
        Observation(t=3 + n / 30, face=Face(present=True, confidence=0.95), gaze=picture(0).gaze, eyes=eyes) for n in range(30)
    ]
    assert all(s.readiness != "ready" for s in list(states(shots))[-20:])
