"""A control unit without a camera: fixed data, one routine, a switch for "the vehicle stands", a clock that is set by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dms.diagnostics.fields import Field
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.store import Snapshot
from dms.diagnostics.unit import STATE

SECRET = bytes(range(32))


class Clock:
    """Stands until it is set."""

    def __init__(self) -> None:
        self.t = 100.0

    def __call__(self) -> float:
        return self.t


class FakeRoutine:
    number, name, fields = 0x0201, "camera", (STATE, Field("fps", 2, scale=0.1))

    def __init__(self) -> None:
        self.state = "idle"

    def start(self) -> None:
        if self.state == "running":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        self.state = "running"

    def stop(self) -> None:
        if self.state != "running":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        self.state = "stopped"

    def results(self) -> dict[str, Any]:
        if self.state == "idle":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        return {"state": self.state, "fps": 30.0}


@dataclass
class FakeUnit:
    """Keeps what it was told."""

    resting: bool = True
    disk: bool = True
    resets: int = 0
    quieted: bool = False
    saves: int = 0
    slow: Callable[[], None] = lambda: None
    values: dict[str, Any] = field(default_factory=lambda: {"version": "0.1.0", "causes": "ready: attentive", "level": 4})
    routine: FakeRoutine = field(default_factory=FakeRoutine)

    @property
    def routines(self) -> dict[int, FakeRoutine]:
        return {self.routine.number: self.routine}

    def read(self, number: int) -> dict[str, Any]:
        self.slow()
        return self.values

    def at_rest(self) -> bool:
        return self.resting

    def save(self) -> bool:
        self.saves += 1
        return self.disk

    def quiet(self, quiet: bool) -> None:
        self.quieted = quiet

    def reset(self) -> None:
        self.resets += 1


def frame(**changes: Any) -> Snapshot:
    usual: dict[str, Any] = {
        "running_s": 12.5, "operating_state": "blocked", "readiness": "unknown", "level": 0, "speed_kmh": 87.5,
        "temperature_degc": 61.0, "frame_counter": 4711, "causes": "unknown: camera blocked",
    }  # fmt: skip
    return Snapshot(**{**usual, **changes})
