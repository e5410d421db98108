"""The car around the controller: what it knows of driver and car, from a drive profile or from a recorded CAN trace."""

from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import msgspec
import yaml

from dms.bus.layout import Layout
from dms.bus.port import CanFrame
from dms.bus.trace import read_trace
from dms.bus.vehicle_inputs import EXAMPLE, VehicleInputs
from dms.errors import InputError
from dms.records import VehicleState
from dms.records.words import Gear, Ignition


class Vehicle(Protocol):
    """Asked in order of time, s from the start."""

    end: float | None
    """When there is no more; ``None``: never."""
    speaks: bool
    """It puts frames of its own on the bus; otherwise the peer sends the example vehicle's."""

    def state(self, t: float) -> VehicleState:
        """What is known at ``t``; what is not known is ``None``."""

    def frames(self, t: float) -> list[CanFrame]:
        """What the car itself puts on the bus now."""


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``at`` on; what is not given stays as it was, ``unknown`` is sent as not available. Speed goes in straight lines."""

    at: float
    speed_kmh: float | None = None
    gear: Gear | None = None
    belt: bool | None = None
    seat: bool | None = None
    hands_on: bool | None = None
    brake: bool | None = None
    ignition: Ignition | None = None
    unknown: list[str] = []


class Drive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drive profile file."""

    about: str = ""
    frames: list[Frame]


_STEADY = Drive(
    about="steady drive, hands off",
    frames=[Frame(at=0.0, speed_kmh=90.0, gear="D", belt=True, seat=True, hands_on=False, brake=False, ignition="on")],
)
_HELD = ("gear", "belt", "seat", "hands_on", "brake", "ignition")


class DriveProfile:
    """A car that does what a drive profile says."""

    end: float | None = None
    speaks = False

    def __init__(self, drive: Drive = _STEADY) -> None:
        self._frames = drive.frames
        self._speeds = [(frame.at, frame.speed_kmh) for frame in drive.frames if frame.speed_kmh is not None]

    def state(self, t: float) -> VehicleState:
        """The last frame's values."""
        held: dict[str, Any] = {}
        for frame in self._frames:
            if frame.at <= t:
                held |= {name: value for name in _HELD if (value := getattr(frame, name)) is not None}
                held |= dict.fromkeys(frame.unknown)
        speed = None if "speed_kmh" in held else self._speed(t)
        return VehicleState(t=t, **{**held, "speed_kmh": speed})

    def frames(self, t: float) -> list[CanFrame]:
        """None of its own."""
        return []

    def _speed(self, t: float) -> float | None:
        before = [v for at, v in self._speeds if at <= t]
        for (t0, v0), (t1, v1) in pairwise(self._speeds):
            if t0 <= t < t1:
                return v0 + (v1 - v0) * (t - t0) / (t1 - t0)
        return before[-1] if before else None


def read_drive(path: str) -> DriveProfile:
    """A drive profile file (YAML).

    Raises:
        InputError: unreadable, or not in order of time.
    """
    try:
        drive = msgspec.convert(yaml.safe_load(Path(path).read_bytes()), Drive)
    except OSError as error:
        raise InputError(f"drive profile {path} cannot be read: {error.strerror}") from None
    except (msgspec.ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no drive profile: {' '.join(str(error).split())}") from None
    times = [frame.at for frame in drive.frames]
    if not times or any(later <= sooner for sooner, later in pairwise(times)):
        raise InputError(f"{path}: frames have times {times}; allowed: one or more, each later than the one before")
    unknown = {name for frame in drive.frames for name in frame.unknown} - {*_HELD, "speed_kmh"}
    if unknown:
        raise InputError(f"{path}: unknown: {', '.join(sorted(unknown))}; allowed: speed_kmh, {', '.join(_HELD)}")
    return DriveProfile(drive)


class TraceVehicle:
    """A car played from a CAN trace. Messages of the driver monitoring and of the controller in it are left out.

    Args:
        path: candump, ASC or BLF.
        layout: message set whose messages are left out.
        mapping: which CAN signal is which input.

    Raises:
        InputError: the trace cannot be read, or holds nothing of a vehicle.
    """

    speaks = True

    def __init__(self, path: str, layout: Layout, mapping: Path = EXAMPLE) -> None:
        ours = set(layout.by_id)
        everything = list(read_trace(path))
        start = everything[0][0] if everything else 0.0
        found = [(t - start, frame) for t, frame in everything if (frame.can_id, frame.extended) not in ours]
        if not found:
            raise InputError(f"trace {path} holds no frame but those of driver monitoring and controller")
        self._waiting = deque(found)
        self._inputs = VehicleInputs(mapping)
        self.end: float | None = found[-1][0]

    def state(self, t: float) -> VehicleState:
        """As read from the frames up to now; call ``frames`` first."""
        return self._inputs.snapshot(t)

    def frames(self, t: float) -> list[CanFrame]:
        """Frames due by ``t``."""
        due = []
        while self._waiting and self._waiting[0][0] <= t + 1e-9:
            at, frame = self._waiting.popleft()
            self._inputs.feed(frame, at)
            due.append(frame)
        return due
