"""Scenario to drive log: pictures, labels, vehicle records, and the CAN traffic of car and handover controller."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from dms.bus.port import BusCounts, CanFrame
from dms.drivelog.codec import Codec
from dms.drivelog.format import TRUTH, CanRecord, LogHeader
from dms.drivelog.noise import Noise
from dms.drivelog.writer import LogWriter
from dms.records import Frame, VehicleState
from hil.controller.peer import HandoverPeer
from hil.driver.truth.atomic import finished_file
from hil.driver.truth.labels import Truth

CAN_PERIOD_S = 0.020
TAKEOVER_BUDGET_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How the log is coded; ``quality`` and ``coding`` (further options) as in ``dms.drivelog.codec.encoder``.

    ``noise``: sensor noise to be added by the reader, for a camera that made none. ``landmarks``: more than half of the labels'
    bytes; they can be left out.
    """

    codec: Codec = "jpeg"
    quality: int | None = None
    coding: Mapping[str, object] = field(default_factory=dict)
    fps: float = 30.0
    noise: Noise | None = None
    labels: bool = True
    landmarks: bool = True
    can: bool = True
    sync: bool = False


class _LoggedBus:
    """A CAN bus with nobody else on it: what the peer sends goes into the log as received."""

    def __init__(self, log: LogWriter) -> None:
        self.counts = BusCounts()
        self.now = 0.0
        self._log = log

    def send(self, frame: CanFrame) -> bool:
        self._log.can(CanRecord(frame.can_id, frame.data, frame.extended, frame.fd, frame.bit_rate_switch), self.now)
        return True

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        return None

    def close(self) -> None:
        pass


class Traffic:
    """The car's and the controller's messages up to each picture, as the vehicle state of the scenario says."""

    def __init__(self, log: LogWriter) -> None:
        self._bus = _LoggedBus(log)
        self._peer = HandoverPeer(self._bus)
        self._next: float | None = None
        self._before: VehicleState | None = None

    def until(self, t: float, vehicle: VehicleState) -> None:
        """Log every 20 ms up to ``t``: before it with the inputs of the call before, from ``t`` on with those of ``vehicle``."""
        self._next = t if self._next is None else self._next
        while self._next <= t + 1e-9:
            self._drive(self._next, self._before if self._before and self._next < t - 1e-9 else vehicle)
            self._bus.now = self._next
            self._peer.step(self._next)
            self._next += CAN_PERIOD_S
        self._before = vehicle

    def _drive(self, t: float, vehicle: VehicleState) -> None:
        self._peer.follow(msgspec.structs.replace(vehicle, t=t), TAKEOVER_BUDGET_S)


def write_log(path: Path, pairs: Iterable[tuple[Frame, Truth]], header: LogHeader, options: LogOptions | None = None) -> int:
    """Write the log under ``path`` once it is whole; returns the number of pictures.

    Raises:
        InputError: the file cannot be written.
        UsageError: odd sides for h264.
        HardwareError: h264 without PyAV.
    """
    how = options or LogOptions()
    coding: dict[str, object] = {"fps": how.fps, "quality": how.quality, **how.coding}
    with finished_file(path) as part:
        with LogWriter(part, header, how.codec, coding, how.noise, sync=how.sync) as log:
            traffic = Traffic(log) if how.can else None
            for frame, truth in pairs:
                if traffic is not None:
                    traffic.until(frame.t, truth.vehicle)
                log.record(truth.vehicle, frame.t)
                meta = {"exposure_us": truth.image.exposure_us, "gain": truth.image.gain}
                log.frame(frame, **{name: value for name, value in meta.items() if value is not None})
                if how.labels:
                    label = truth if how.landmarks else msgspec.structs.replace(truth, landmarks=[])
                    log.json(TRUTH, msgspec.to_builtins(label), frame.t, frame.t)
        return log.frames
