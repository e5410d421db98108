"""Bugs on purpose, to show that the machine finds them: each does to the records what the bug would make the core believe."""

from collections.abc import Callable

import msgspec

from dms.records import Eye, Image, Observation, VehicleState
from hil.never_false_ready.judge import Alter
from hil.never_false_ready.stream import Record

_CLEAR = Image(mean=90.0, sharpness=120.0, saturated=0.0, blocked=0.0, frozen=False)
_SURE = 0.97
_OPEN = Eye(visible=_SURE, opening_mm=9.0, openness=0.95, closed=0.02)


def _eyes_changed(record: Record, change: Callable[[Eye], Eye]) -> Record:
    if not isinstance(record, Observation) or not record.eyes:
        return record
    return msgspec.structs.replace(record, eyes={name: change(eye) for name, eye in record.eyes.items()})


def unknown_is_open() -> Alter:
    """Lids that nobody could judge are taken for open ones, and a gaze that is missing for the head's direction."""

    def alter(record: Record) -> Record:
        seen = _eyes_changed(record, lambda eye: eye if eye.visible is not None and eye.visible >= 0.5 else _OPEN)
        if isinstance(seen, Observation) and seen.gaze is None and seen.head is not None:
            from dms.records import Gaze

            gaze = Gaze(direction_camera=seen.head.forward_camera, std_deg=seen.head.std_deg)
            return msgspec.structs.replace(seen, gaze=gaze)
        return seen

    return alter


def visibility_ignored() -> Alter:
    """Numbers that stand beside a low visibility are taken at their word."""

    def sure(eye: Eye) -> Eye:
        return eye if eye.closed is None else msgspec.structs.replace(eye, visible=_SURE)

    return lambda record: _eyes_changed(record, sure)


class _Stale:
    """The last good value goes on: of vehicle inputs that are null or no longer come, and of pictures that show nothing."""

    def __init__(self) -> None:
        self._inputs: dict[str, object] = {}
        self._picture: Observation | None = None

    def __call__(self, record: Record) -> Record:
        if isinstance(record, VehicleState):
            known = {name: getattr(record, name) for name in record.__struct_fields__ if getattr(record, name) is not None}
            self._inputs.update(known)
            return VehicleState(**self._inputs)  # type: ignore[arg-type]
        image = record.image
        bad = image is not None and (image.frozen or (image.blocked or 0.0) > 0.5 or (image.saturated or 0.0) > 0.5)
        if not bad and record.face is not None and record.face.present and record.gaze is not None:
            self._picture = record
            return record
        return record if self._picture is None else msgspec.structs.replace(self._picture, t=record.t, image=_CLEAR)


PLANTS: dict[str, Callable[[], Alter]] = {
    "unknown_is_open": unknown_is_open, "stale_value_held": _Stale, "visibility_ignored": visibility_ignored,
}  # fmt: skip
"""Made anew for each drive."""
