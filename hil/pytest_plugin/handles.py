"""What the fixtures ``can_bus`` and ``controller`` hand out."""

from collections.abc import Iterator
from typing import Any

import pytest

from dms.bus.layout import Layout, Message
from dms.bus.port import Bus, CanFrame
from dms.errors import DmsError
from hil.controller.handover import Decision, Handover
from hil.controller.peer import HandoverPeer


class CanBus:
    """The bus as the car hears it.

    Args:
        layout: message set.
        port: of the car, for sending.
    """

    def __init__(self, layout: Layout, port: Bus) -> None:
        self.frames: list[tuple[float, CanFrame]] = []
        """All frames heard so far: time, s, and frame."""
        self._layout, self._port = layout, port

    def heard(self, frame: CanFrame, t: float) -> None:
        """Told of each frame."""
        self.frames.append((t, frame))

    def named(self, message: str) -> list[tuple[float, CanFrame]]:
        """Frames of one message, by its name in the DBC; a name that the DBC lacks fails the test."""
        wanted = self._message(message)
        return [(t, frame) for t, frame in self.frames if (frame.can_id, frame.extended) == (wanted.can_id, wanted.extended)]

    def decoded(self, message: str) -> Iterator[tuple[float, dict[str, Any]]]:
        """The same with signals: a name where the DBC has one, else the physical value; ``None`` is not available."""
        wanted = self._message(message)
        for t, frame in self.named(message):
            codes = wanted.unpack(frame.data)
            yield t, {name: _plain(wanted.signals[name], code) for name, code in codes.items()}

    def send(self, frame: CanFrame) -> bool:
        """Send a frame of your own, beside the car's."""
        return self._port.send(frame)

    def _message(self, name: str) -> Message:
        try:
            return self._layout[name]
        except DmsError as error:
            pytest.fail(str(error), pytrace=False)


def _plain(signal: Any, code: int) -> Any:
    label = signal.label(code)
    return signal.value(code) if label is None else label


class Controller:
    """The simulated Level 3 controller."""

    def __init__(self, handover: Handover, peer: HandoverPeer, inputs: dict[str, Any]) -> None:
        self._handover, self._peer, self._inputs = handover, peer, inputs

    @property
    def decision(self) -> Decision:
        """Newest: state, phase, budget, cause."""
        return self._peer.decision

    @property
    def state(self) -> str:
        """``inactive available active takeover_request minimum_risk fault``."""
        return self._peer.decision.l3_state

    def activate(self) -> None:
        """The driver's button."""
        self._handover.command("activate", None)

    def deactivate(self) -> None:
        """The driver's button."""
        self._handover.command("deactivate", None)

    def request_takeover(self, budget_s: float = 10.0) -> None:
        """A transition demand from outside."""
        self._handover.command("request_takeover", budget_s)

    def fail(self) -> None:
        """A severe failure of the driving function."""
        self._handover.command("fail", None)

    def drive(self, **inputs: Any) -> None:
        """Set vehicle inputs from now on, whatever driver and car do: ``drive(belt=False)``; ``None`` is unknown."""
        self._inputs.update(inputs)
