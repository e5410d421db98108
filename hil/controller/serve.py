"""The controller as a process of its own: on a real bus, in real time, with a log of what it heard and decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dms.bus.layout import Layout
from dms.bus.port import Bus, CanFrame
from hil.controller.handover import Command, Handover
from hil.controller.peer import HandoverPeer
from hil.controller.vehicle import Vehicle

CYCLE_S = 0.020


@dataclass(frozen=True, slots=True)
class Act:
    """Something done to the controller at a time, s from the start."""

    at: float
    do: Command
    budget_s: float | None = None


@dataclass(slots=True)
class Served:
    """Figures of a run. ``longest_gap_s``: between two DMS_TakeoverReady; ``late_s``: of our own cycle, at worst."""

    seconds: float = 0.0
    heard: int = 0
    ready_s: float = 0.0
    longest_gap_s: float = 0.0
    late_s: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)


class Server:
    """Runs the peer on a clock.

    Args:
        bus: where to.
        layout: message set.
        handover: the logic.
        vehicle: the car.
        clock, sleep: real time.
        told: told of each line of the log, as a plain object.
    """

    def __init__(
        self,
        bus: Bus,
        layout: Layout,
        handover: Handover,
        vehicle: Vehicle,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        told: Callable[[dict[str, Any]], None],
    ) -> None:
        sends = not vehicle.speaks
        self._peer = HandoverPeer(
            bus, layout, period_s=CYCLE_S, handover=handover, sends_vehicle=sends, on_frame=self._frame
        )  # fmt: skip
        self._bus, self._handover, self._vehicle, self._told = bus, handover, vehicle, told
        self._clock, self._sleep = clock, sleep
        self._readiness = ""
        self._heard_at: float | None = None
        self._ready_id = (layout["DMS_TakeoverReady"].can_id, layout["DMS_TakeoverReady"].extended)
        self.served = Served()
        self._stopped = False

    def stop(self) -> None:
        """Make ``run`` return soon; for signal handlers."""
        self._stopped = True

    def run(self, seconds: float | None, acts: Sequence[Act] = ()) -> Served:
        """Until the time is up, the trace is over, or ``stop``.

        Raises:
            HardwareError: the bus is gone.
        """
        start, cycle, waiting = self._clock(), 0, sorted(acts, key=lambda act: act.at)
        ends = [end for end in (seconds, self._vehicle.end) if end is not None]
        while not self._stopped and (not ends or cycle * CYCLE_S <= min(ends)):
            t = cycle * CYCLE_S
            left = start + t - self._clock()
            if left > 0.0:
                self._sleep(left)
            self.served.late_s = max(self.served.late_s, -left)
            while waiting and waiting[0].at <= t + 1e-9:
                act = waiting.pop(0)
                self._handover.command(act.do, act.budget_s)
            self._step(t)
            cycle += 1
        self.served.seconds = cycle * CYCLE_S
        self.served.verdicts = {check.value: n for check, n in self._peer.receiver.verdicts.items() if n}
        return self.served

    def _step(self, t: float) -> None:
        for frame in self._vehicle.frames(t):
            self._bus.send(frame)
        state = self._peer.vehicle.l3_state
        self._peer.vehicle = msgspec.structs.replace(self._vehicle.state(t), l3_state=state)
        before = len(self._handover.log)
        statement = self._peer.step(t)
        self.served.ready_s += CYCLE_S * statement.ready
        readiness = (statement.readiness or "unknown") if statement.operating else "no data"
        if readiness != self._readiness:
            self._readiness = readiness
            self._say(t, "readiness", readiness, "; ".join(statement.because))
        for event in self._handover.log[before:]:
            self._say(event.t, event.what, event.now, event.cause, event.after_s)

    def _say(self, t: float, what: str, now: str, cause: str = "", after_s: float | None = None) -> None:
        line = {"schema": "dms.controller/1", "t": round(t, 3), "event": what, "now": now, "cause": cause, "after_s": after_s}
        self._told(line)

    def _frame(self, frame: CanFrame, t: float) -> None:
        if (frame.can_id, frame.extended) != self._ready_id:
            return
        self.served.heard += 1
        if self._heard_at is not None:
            self.served.longest_gap_s = max(self.served.longest_gap_s, t - self._heard_at)
        self._heard_at = t
