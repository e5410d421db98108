"""Diagnostics of one running service: keeper, server, and the transports the configuration asks for."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from dms.bus.port import Bus, open_bus
from dms.bus.samples import LedWord
from dms.camera.live import LiveSource
from dms.diagnostics.doip import DoipServer
from dms.diagnostics.isotp_link import IsoTp, filtered
from dms.diagnostics.responder import Responder
from dms.diagnostics.server import Server
from dms.errors import DmsError
from dms.inference.engine_set import EngineSet
from dms.runtime import clock
from dms.runtime.config import DiagnosticsSection, Loaded
from dms.runtime.diagnosis.data import Data
from dms.runtime.diagnosis.keeper import Keeper
from dms.runtime.diagnosis.look import Look
from dms.runtime.diagnosis.routines import CameraCheck, EngineIntegrity, GazeCalibration, LampCheck
from dms.runtime.diagnosis.unit import LoopUnit
from dms.runtime.loop import Loop
from dms.runtime.machine import Machine
from dms.runtime.selftest import Item, engine_files

REST_S = 0.01
"""After each request: a tester is served a hundred times a second at the most, so that the networks keep their time."""

REOPEN_S = 1.0
"""After the diagnostic bus was lost it is opened again so much later."""

START_TESTS = {
    "engines": "engine_integrity",
    "golden inference": "engine_integrity",
    "CAN": "can_bus_off",
    "camera": "camera_no_signal",
}
"""Start-up self-test to trouble code."""


class Diagnosis:
    """Use as a context manager, inside that of the loop. It opens the bus a second time, so neither waits for the other.

    Args:
        parts: loaded configuration, with a section ``diagnostics``.
        section: that section.
        loop: the running loop.
        source: its camera.
        engines: as they were opened.
        lamp: reads the infrared lamp.
        reset: ends the service and starts it again.

    Raises:
        DmsError: store, bus or port cannot be used.
    """

    def __init__(
        self,
        parts: Loaded,
        section: DiagnosticsSection,
        loop: Loop,
        source: LiveSource,
        engines: EngineSet,
        lamp: Callable[[], LedWord],
        reset: Callable[[], None],
    ) -> None:
        look = Look(parts, loop, source, engines.degraded)
        self.keeper = Keeper(look, Path(section.store))
        driver = Path(section.driver_file) if section.driver_file else None
        routines = [
            CameraCheck(look),
            LampCheck(lamp),
            GazeCalibration(look, driver),
            EngineIntegrity(lambda: engine_files(engines), self._engines_checked),
        ]
        data = Data(look, self.keeper.memory, engines, Machine())
        unit = LoopUnit(look, data, [*routines], self.keeper.save, reset)
        self.server = Server(unit, self.keeper.memory, clock.now, parts.secret, os.urandom)
        self.keeper.steps += [*(routine.step for routine in routines), unit.step, self.server.tick]
        self._parts, self._section = parts, section
        self._stop = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> "Diagnosis":
        with ExitStack() as stack:
            stack.enter_context(self.keeper)
            self._pool = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="dms-uds"))
            if self._section.can:
                self._open_can(stack)
            if self._section.doip is not None:
                self._open_doip(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._stack.close()

    def note_self_test(self, items: list[Item]) -> None:
        """The start-up self-test is a test like others; its failures are on the disk before the program ends over them."""
        found: dict[str, bool] = {}
        for item in items:
            name = START_TESTS.get(item.name)
            if name is not None:
                found[name] = found.get(name, False) or not item.ok
        self.keeper.conclude(found)
        self.keeper.save()

    def _engines_checked(self, failed: bool) -> None:
        self.keeper.conclude({"engine_integrity": failed})

    def _open_can(self, stack: ExitStack) -> None:
        link, bus = self._link()  # here, so that a bus that cannot be had is told at the start
        thread = threading.Thread(target=self._converse, args=(link, bus), name="dms-isotp", daemon=True)
        stack.callback(thread.join, 2.0)
        thread.start()

    def _open_doip(self, stack: ExitStack) -> None:
        section = self._section.doip
        assert section is not None
        self.doip = DoipServer(section.host, section.port, section.address, self._responder)
        stack.callback(self.doip.close)

    def _responder(self, send: Callable[[bytes], None]) -> Responder:
        return Responder(self.server, send, self._pool, _tell, lambda: self._stop.wait(REST_S))

    def _link(self) -> tuple[IsoTp, Bus]:
        addresses, config = self._section.addresses(), self._parts.config.bus_config()
        bus = open_bus(filtered(config, (addresses.request, addresses.functional)))
        return IsoTp(bus, config.fd, addresses.request, addresses.response, addresses.functional), bus

    def _converse(self, link: IsoTp, bus: Bus) -> None:
        """Until the end; a bus that was lost is opened again. Testers may lose a session over it, the loop loses nothing."""
        while True:
            try:
                self._serve(link)
            except Exception as error:  # a lost bus, or a bug: neither may be the end of diagnostics, or of anything else
                _tell(str(error) if isinstance(error, DmsError) else f"{type(error).__name__}: {error}")
            bus.close()
            again = self._again()
            if again is None:
                return
            link, bus = again

    def _serve(self, link: IsoTp) -> None:
        responder = self._responder(link.send)
        try:
            while not self._stop.is_set():
                heard = link.poll()
                if heard is not None:
                    responder.handle(*heard)
        finally:
            responder.close()

    def _again(self) -> tuple[IsoTp, Bus] | None:
        """``None``: it is time to stop."""
        while not self._stop.wait(REOPEN_S):
            try:
                return self._link()
            except DmsError:  # it has been told why
                continue
        return None


def _tell(text: str) -> None:
    print(f"dms: diagnostics: {text}", file=sys.stderr)
