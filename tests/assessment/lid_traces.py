"""Lids as functions of time, and the records a perception would make of them."""

import math
from collections.abc import Callable, Sequence

from drives import CABIN, PROFILE, observation, vehicle

from dms.assessment import Assessor
from dms.records import DriverState, Eye, Gaze, Observation

Course = Callable[[float], float | None]
"""Opening over the open level; ``None``: not seen."""

CLOSING_S, OPENING_S = 0.07, 0.15


def closing(start: float, down_s: float, lowest: float = 0.02) -> Course:
    """One closure: the lids are at or under a fifth for ``down_s`` from ``start`` on; straight down, straight up."""
    share = (1.0 - 0.2) / (1.0 - lowest)
    first, last = start - share * CLOSING_S, start + down_s + share * OPENING_S
    full = first + CLOSING_S, last - OPENING_S

    def opening(t: float) -> float:
        if t <= first or t >= last:
            return 1.0
        down = min((t - first) / CLOSING_S, (last - t) / OPENING_S, 1.0) if full[0] <= full[1] or t <= full[0] else 1.0
        return 1.0 - (1.0 - lowest) * down

    return opening


def closures(spans: Sequence[tuple[float, float]], lowest: float = 0.02) -> Course:
    """Closures at (start, seconds at or under a fifth) that do not touch."""
    courses = [(start, down_s, closing(start, down_s, lowest)) for start, down_s in spans]

    def opening(t: float) -> float:
        return min((one(t) for start, down_s, one in courses if start - 1.0 < t < start + down_s + 1.0), default=1.0)

    return opening


def blinking(t: float) -> float:
    """A blink of 0.15 s every 4 s."""
    return closing(0.5, 0.12)(t % 4.0)


def mesh_eye(opening_mm: float) -> Eye:
    """As the perception tells it: openness against a population of 9 mm, shut under half of that."""
    openness = max(0.0, min(2.0, (opening_mm - 1.0) / 8.0))
    return Eye(visible=0.98, opening_mm=opening_mm, openness=openness, closed=1.0 / (1.0 + math.exp((openness - 0.5) / 0.06)))


def mm_eye(opening_mm: float) -> Eye:
    return Eye(visible=0.98, opening_mm=opening_mm)


def share_eye(openness: float) -> Eye:
    return Eye(visible=0.98, openness=openness)


def pictures(
    course: Course, level: float, seconds: float, fps: float = 30.0, eye: Callable[[float], Eye] = mesh_eye, start: float = 0.0
) -> list[Observation]:
    """Attentive pictures with these lids; ``level``: the open level in the eye's unit."""
    found = []
    for n in range(round(seconds * fps)):
        t = start + n / fps
        share = course(t)
        one = Eye(visible=0.05) if share is None else eye(share * level)
        found.append(observation(t, eyes={"left": one, "right": one}))
    return found


def states(
    records: Sequence[Observation],
    speed: Callable[[float], float | None] = lambda t: 90.0,
    seat: Callable[[float], bool] = lambda t: True,
    assessor: Assessor | None = None,
) -> list[DriverState]:
    """What the assessment makes of them, with vehicle inputs at each picture."""
    assessor, found = assessor or Assessor(PROFILE, CABIN), []
    for record in records:
        assessor.take_inputs(vehicle(record.t, speed_kmh=speed(record.t), seat=seat(record.t)))
        state = assessor.step(record)
        assert state is not None
        found.append(state)
    return found


def looking_down(record: Observation, degrees: float) -> Observation:
    """The same picture with the gaze turned down from the road (the camera looks up by 12 degrees)."""
    angle = math.radians(12.0 - degrees)
    direction = (0.0, -math.sin(angle), -math.cos(angle))
    return observation(record.t, eyes=record.eyes, gaze=Gaze(direction_camera=direction, origin_camera_mm=(0.0, 0.0, 650.0)))
