"""Samples the bus tests share."""

from collections.abc import Callable

import pytest
from hypothesis import settings

from dms.bus.samples import Sample
from dms.records import (
    Attention,
    Availability,
    Drowsiness,
    Eye,
    Face,
    Gaze,
    Head,
    Health,
    Mouth,
    Objects,
    Observation,
    TakeoverReadiness,
)  # fmt: skip

settings.register_profile("no_deadline", deadline=None)  # shared machines stall now and then
settings.load_profile("no_deadline")


@pytest.fixture
def state() -> Callable[..., TakeoverReadiness]:
    """An attentive, available driver; anything can be overridden."""

    def build(**changes: object) -> TakeoverReadiness:
        usual: dict[str, object] = {
            "t": 1.0, "readiness": "ready", "readiness_score": 0.9, "takeover_time_s": 1.5, "confidence": 0.8, "level": 4,
            "attention": Attention(
                zone="road", eyes_off_road_s=0.0, cumulative_off_30s=2.0, attentive=True, criterion="gaze_road"
            ),
            "availability": Availability(available=True, criteria={"blink": 1.2, "head_movement": 0.4}, valid=2, monitorable=4),
            "drowsiness": Drowsiness(kss=3, perclos_60s=0.04, mean_closure_s=0.2, blinks_total=10),
            "health": Health(state="ready"),
        }  # fmt: skip
        return TakeoverReadiness(**{**usual, **changes})

    return build


@pytest.fixture
def observation() -> Observation:
    eye = Eye(visible=0.9, openness=0.92, closed=0.02, opening_mm=9.0)
    return Observation(
        t=1.0,
        face=Face(present=True, confidence=0.97),
        head=Head(forward_camera=(0, 0, -1), up_camera=(0, -1, 0), position_camera_mm=(0, 0, 650),
                  yaw_deg=1.5, pitch_deg=-2.0, roll_deg=0.5, std_deg=2.0),
        gaze=Gaze(direction_camera=(0, 0, -1), yaw_deg=-3.0, pitch_deg=4.0, std_deg=3.0),
        eyes={"left": eye, "right": eye},
        mouth=Mouth(yawn=0.02),
        objects=Objects(phone=0.01, sunglasses=0.9, mask=None),
    )  # fmt: skip


@pytest.fixture
def sample(state: Callable[..., TakeoverReadiness], observation: Observation) -> Callable[..., Sample]:
    """A sample captured at 1.0 s."""

    def build(captured: float = 1.0, counter: int | None = 7, **changes: object) -> Sample:
        return Sample(state=state(**changes), captured=captured, frame_counter=counter, observation=observation)

    return build
