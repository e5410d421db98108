"""The CAN receive stage: vehicle inputs and the controller's requests, on a thread of its own."""

import threading
from collections.abc import Callable

from dms.bus.port import Bus, CanFrame
from dms.runtime import clock
from dms.runtime.stages import Pulse

POLL_S = 0.02
"""How long to wait for a frame at most: well under the pulse's deadline."""


class Listening:
    """Work of the CAN receive stage; ``heard`` is told of each frame with its time of arrival."""

    def __init__(self, bus: Bus, heard: Callable[[CanFrame, float], None], pulse: Pulse, stop: threading.Event) -> None:
        self._bus, self._heard, self._pulse, self._stop = bus, heard, pulse, stop

    def work(self) -> None:
        """Listen until ``stop`` is set.

        Raises:
            HardwareError: the bus is gone.
        """
        while not self._stop.is_set():
            self._pulse.beat()
            frame = self._bus.receive(POLL_S)
            self._pulse.trouble = None
            if frame is not None:
                self._heard(frame, clock.now())
