"""The Level 3 peer on the bus: the handover controller and the vehicle, as the driver monitoring meets them.

It sends HOC_Request every 20 ms and the example vehicle's frames, and hears DMS_TakeoverReady with its own check. What it says is
either told to it (``follow``, ``ask_takeover``), or decided by a ``Handover``. Either somebody calls ``step(t)`` (lock-step), or
``start`` runs it on a thread.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from dms.bus.codes import Codes
from dms.bus.layout import Layout, load
from dms.bus.messages import Protector
from dms.bus.port import Bus, CanFrame
from dms.bus.receiver import ReceiverParameters, TakeoverStatement
from dms.bus.vehicle_inputs import EXAMPLE
from dms.errors import DmsError
from dms.records import VehicleState
from hil.controller.handover import Decision, Handover
from hil.controller.hearing import Hearing

_L3 = {
    "inactive": "Inactive", "available": "Available", "active": "Active", "takeover_request": "TakeoverRequest",
    "minimum_risk": "MinimumRisk", "fault": "Fault",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the handover controller says. ``phase``: a name of Hoc_TorPhase; ``count`` is stepped with each new request."""

    phase: str = "None"
    budget_s: float | None = None
    manoeuvre: str = "Inactive"
    count: int = 0


class HandoverPeer:
    """The other side of the bus.

    Args:
        bus: where the driver monitoring is heard and spoken to.
        layout: message set; ids may be others than in the shipped DBC.
        parameters: limits of the receiver.
        period_s: HOC_Request, VEH_Motion and VEH_Steering; VEH_Cabin every fifth time.
        handover: decides what is said; without it the peer says what it is told.
        sends_vehicle: send the example vehicle's frames; not when somebody else plays the vehicle.
        on_frame: told of each frame heard, with its time.
    """

    def __init__(
        self,
        bus: Bus,
        layout: Layout | None = None,
        parameters: ReceiverParameters | None = None,
        period_s: float = 0.020,
        handover: Handover | None = None,
        sends_vehicle: bool = True,
        on_frame: Callable[[CanFrame, float], None] = lambda frame, t: None,
    ) -> None:
        self.layout = layout or load()
        self.receiver = Hearing(self.layout, parameters)
        self.handover = handover
        self.decision = Decision(l3_state="active")
        """Newest decision of ``handover``."""
        self._sends_vehicle, self._on_frame = sends_vehicle, on_frame
        self.vehicle = VehicleState(t=0.0, l3_state="active", speed_kmh=60.0, gear="D", belt=True, seat=True, ignition="on")
        self.request = Request()
        self.latest = TakeoverStatement()
        """Newest statement while ``start`` runs."""
        self.error: BaseException | None = None
        self.silent = False
        """Set to stop sending (a lost controller); it still listens."""
        self._vehicle_layout = load(EXAMPLE.with_name("example_vehicle.dbc"))
        self._bus, self._period = bus, period_s
        self._hoc, self._car = Protector(self.layout), Protector(self._vehicle_layout)
        self._next: float | None = None
        self._cycle = 0
        self._asked: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def drive(self, **inputs: object) -> None:
        """Change vehicle inputs, e.g. ``drive(speed_kmh=80.0, hands_on=False)``; ``None`` is sent as "not available"."""
        fields = {name: getattr(self.vehicle, name) for name in self.vehicle.__struct_fields__}
        self.vehicle = VehicleState(**{**fields, **inputs})

    def ask_takeover(self, phase: str = "Imminent", budget_s: float | None = 10.0) -> int:
        """Start a takeover request; returns the counter the monitoring should echo."""
        self.request = Request(phase=phase, budget_s=budget_s, count=(self.request.count + 1) % 15)
        self.drive(l3_state="takeover_request")
        return self.request.count

    def end_takeover(self) -> None:
        """The request is over, the function active again."""
        self.request = replace(self.request, phase="None", budget_s=None)
        self.drive(l3_state="active")

    def follow(self, vehicle: VehicleState, budget_s: float = 10.0) -> None:
        """Say what this record says; a request opens and ends with its state, its budget counting down from ``budget_s``."""
        if vehicle.l3_state == "takeover_request":
            if self._asked is None:
                self._asked = vehicle.t
                self.ask_takeover("Imminent", budget_s)
            self.request = replace(self.request, budget_s=round(max(0.0, self._asked + budget_s - vehicle.t), 1))
        elif self._asked is not None:
            self._asked = None
            self.end_takeover()
        self.vehicle = vehicle

    def step(self, t: float) -> TakeoverStatement:
        """Hear what is waiting, send what is due, and give the statement of time ``t``.

        Raises:
            HardwareError: the bus is gone.
        """
        while (frame := self._bus.receive(0.0)) is not None:
            self.receiver.feed(frame, t)
            self._on_frame(frame, t)
        if self._next is None:
            self._next = t
        if t >= self._next - 1e-9:
            if self.handover is not None:
                self._decide(self.handover, t)
            if not self.silent:
                self._send()
            self._cycle += 1
            skipped = int((t - self._next) / self._period + 1e-9)
            self._next += (skipped + 1) * self._period
        return self.receiver.statement(t)

    def start(self, clock: Callable[[], float], sleep: Callable[[float], None], poll_s: float = 0.002) -> None:
        """Run ``step`` on a thread every ``poll_s``; the newest statement is in ``latest``."""
        self._stop.clear()

        def loop() -> None:
            try:
                while not self._stop.is_set():
                    self.latest = self.step(clock())
                    sleep(poll_s)
            except DmsError as error:  # the bus is gone: nothing is heard any more
                self.error = error
                self.latest = TakeoverStatement(because=(str(error),))

        self._thread = threading.Thread(target=loop, name="handover-peer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; the bus stays open."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _decide(self, handover: Handover, t: float) -> None:
        self.decision = said = handover.step(t, self.receiver.statement(t), self.vehicle)
        self.request = Request(phase=said.phase, budget_s=said.budget_s, manoeuvre=said.manoeuvre, count=said.count)
        self.drive(l3_state=said.l3_state)

    def _send(self) -> None:
        self._bus.send(self._hoc.frame("HOC_Request", self._request_codes()))
        if not self._sends_vehicle:
            return
        self._bus.send(self._car.frame("VEH_Motion", self._motion_codes()))
        self._bus.send(self._car.plain("VEH_Steering", self._steering_codes()))
        if self._cycle % 5 == 0:
            self._bus.send(self._car.plain("VEH_Cabin", self._cabin_codes()))

    def _request_codes(self) -> Codes:
        codes = Codes(self.layout["HOC_Request"])
        codes.word("Hoc_L3St", _L3[self.vehicle.l3_state] if self.vehicle.l3_state else None)
        codes.word("Hoc_TorPhase", self.request.phase)
        codes.number("Hoc_TimeBudget", self.request.budget_s)
        codes.word("Hoc_MrmSt", self.request.manoeuvre)
        codes.number("Hoc_Cnt", self.request.count)
        codes.flag("Hmi_AckSt", self.vehicle.acknowledged)
        return codes

    def _motion_codes(self) -> Codes:
        codes = Codes(self._vehicle_layout["VEH_Motion"])
        speed, brake = self.vehicle.speed_kmh, self.vehicle.brake
        codes.number("Veh_Speed", 0.0 if speed is None else speed)
        codes.word("Veh_SpeedQf", "Faulty" if speed is None else "Ok")
        codes.word("Brake_St", None if brake is None else "Pressed" if brake else "Released")
        return codes

    def _steering_codes(self) -> Codes:
        codes = Codes(self._vehicle_layout["VEH_Steering"])
        torque, hands = self.vehicle.steering_torque_nm, self.vehicle.hands_on
        codes.number("Steer_Torque", 0.0 if torque is None else torque)
        codes.word("Steer_TorqueQf", "Faulty" if torque is None else "Ok")
        codes.word("Hands_Lvl", None if hands is None else "BothHands" if hands else "Off")
        return codes

    def _cabin_codes(self) -> Codes:
        codes = Codes(self._vehicle_layout["VEH_Cabin"])
        car = self.vehicle
        codes.word("Gear_St", car.gear)
        codes.word("Ign_St", car.ignition.capitalize() if car.ignition else None)
        codes.word("BeltDrv_St", None if car.belt is None else "Closed" if car.belt else "Open")
        codes.word("SeatDrv_St", None if car.seat is None else "Occupied" if car.seat else "Empty")
        return codes
