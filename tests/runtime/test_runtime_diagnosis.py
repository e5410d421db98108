"""Diagnostics of a running loop: a fault on the camera becomes a code, a freeze frame, an effect on the bus; routines; reset."""

import threading
import time
from types import SimpleNamespace

import pytest

from dms.bus.port import BusConfig, open_bus
from dms.diagnostics.isotp_link import IsoTp
from dms.diagnostics.security import key_of
from dms.diagnostics.status import Status
from dms.diagnostics.store import Store
from dms.diagnostics.table import load
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend
from dms.perception.pipeline import SLOTS
from dms.runtime import clock
from dms.runtime.config import DiagnosticsSection, RunConfig, load_parts
from dms.runtime.diagnosis.service import Diagnosis
from dms.runtime.loop import Loop
from dms.runtime.selftest import Item
from dms.runtime.service import Service

SECRET = bytes(range(32))


def waited_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Film:
    """A camera that delivers until it is told to be silent."""

    def __init__(self, frame):
        self._frame = frame
        self.silent = threading.Event()

    def __call__(self, camera):
        index = 0
        while not camera.pause(0.033):
            if not self.silent.is_set():
                camera.deliver(self._frame(clock.now(), index))
                index += 1


class Asker:
    """Sends bytes, waits for the answer."""

    def __init__(self, channel):
        self._bus = open_bus(BusConfig(channel=channel))
        self._link = IsoTp(self._bus, True, listens=0x7C9, speaks=0x7C1)

    def ask(self, request):
        self._link.send(bytes.fromhex(request) if isinstance(request, str) else request)
        end = time.monotonic() + 10.0
        while time.monotonic() < end:
            heard = self._link.poll(0.02)
            if heard is not None and heard[0][:1] + heard[0][2:] != b"\x7f\x78":
                return heard[0].hex(" ")
        return "silence"

    def unlock(self):
        self.ask("10 03")
        seed = bytes.fromhex(self.ask("27 01"))[2:]
        return self.ask(b"\x27\x02" + key_of(SECRET, seed))

    def close(self):
        self._bus.close()


@pytest.fixture
def running(tmp_path, frame, scripted, request, blind_engines):
    """A loop with diagnostics on a virtual bus of its own; gives (loop, diagnosis, film, tester)."""
    (tmp_path / "secret").write_text(SECRET.hex())
    section = DiagnosticsSection(
        store=str(tmp_path / "memory"), security_key=str(tmp_path / "secret"), driver_file=str(tmp_path / "driver.yaml")
    )
    config = RunConfig(source="nothing", diagnostics=section)
    config.bus.channel = request.node.name
    parts = load_parts(config)
    film, resets = Film(frame), []
    source, bus = scripted(film), open_bus(config.bus_config())
    with (
        Loop(parts, source, blind_engines, bus) as loop,
        Diagnosis(parts, section, loop, source, blind_engines, lambda: "unknown", lambda: resets.append(1)) as diagnosis,
    ):
        thread = threading.Thread(target=loop.run)
        thread.start()
        tester = Asker(request.node.name)
        yield loop, diagnosis, film, tester
        tester.close()
        loop.stop()
        thread.join()
    bus.close()


def status(diagnosis, name):
    return Status(diagnosis.keeper.memory.of(load().codes[name].number)[1].life.status)


@pytest.mark.requirement("FS-09")
def test_a_silent_camera_from_the_fault_to_the_disk(running, tmp_path):
    loop, diagnosis, film, tester = running
    assert waited_for(lambda: loop.counts.frames > 20)
    assert Status.CONFIRMED not in status(diagnosis, "camera_no_signal")
    film.silent.set()
    assert waited_for(lambda: Status.CONFIRMED in status(diagnosis, "camera_no_signal"))
    assert loop.effect.operating_state == "fault" and loop.effect.readiness == "never_ready"
    assert "9a 00 31 2f" in tester.ask("19 02 08")
    assert waited_for(lambda: "camera_no_signal" in Store(tmp_path / "memory").load()[0].codes)
    kept = Store(tmp_path / "memory").load()[0].codes["camera_no_signal"]
    assert kept.first is not None and "no picture" in kept.first.causes and kept.first.readiness == "unknown"
    assert loop.health().trouble_codes == diagnosis.keeper.memory.confirmed > 0
    film.silent.clear()
    assert waited_for(lambda: loop.effect.operating_state == "as_judged")
    assert Status.TEST_FAILED in status(diagnosis, "camera_no_signal")  # ten seconds until it counts as healed


def test_reading_a_running_loop(running):
    loop, _, _, tester = running
    assert waited_for(lambda: loop.counts.frames > 20)
    for number in ("F1 95", "FD 00", "FD 02", "FD 03", "FD 04", "FD 05", "FD 06", "FD 07", "FD 08", "FD 41", "FD 45"):
        assert tester.ask(f"22 {number}").startswith(f"62 {number.lower()}"), number
    assert "unknown: " in bytes.fromhex(tester.ask("22 FD 05")).decode("latin-1")
    assert tester.ask("2E F1 90" + "41" * 17) == "7f 2e 7f"


def test_changing_needs_a_vehicle_at_rest(running):
    """No vehicle on the bus: speed unknown is not standstill."""
    _, _, _, tester = running
    assert tester.unlock() == "67 02"
    for request in ("11 01", "28 01 01", "31 01 02 03"):
        assert tester.ask(request)[-2:] == "22", request
    assert tester.ask("31 01 02 02") == "7f 31 22"  # a lamp whose driver says nothing cannot be checked


def test_camera_and_engine_routines(running):
    loop, _, _, tester = running
    assert waited_for(lambda: loop.counts.frames > 5)
    tester.unlock()
    assert tester.ask("31 01 02 01") == "71 01 02 01" and tester.ask("31 03 02 01").startswith("71 03 02 01 01")
    assert tester.ask("31 01 02 04") == "71 01 02 04"
    assert waited_for(lambda: tester.ask("31 03 02 04").startswith("71 03 02 04 02"))  # passed
    assert waited_for(lambda: not tester.ask("31 03 02 01").startswith("71 03 02 01 01"))
    answer = bytes.fromhex(tester.ask("31 03 02 01"))
    assert answer[4] in (2, 3) and 1.0 < int.from_bytes(answer[5:7], "big") / 10 < 40.0


def test_a_failed_start_is_on_the_disk(running, tmp_path):
    _, diagnosis, _, _ = running
    diagnosis.note_self_test([Item("engines", False, "face_mesh: changed", 0.1), Item("CAN", True, "", 0.1)])
    kept = Store(tmp_path / "memory").load()[0].codes
    assert Status.CONFIRMED & kept["engine_integrity"].life.status and diagnosis.keeper.memory.effect.operating_state == "fault"
    diagnosis.note_self_test([Item("engines", True, "", 0.1), Item("golden inference", True, "", 0.1)])
    assert diagnosis.keeper.memory.effect.operating_state == "as_judged"


def test_a_network_that_fails_and_is_well_again(tmp_path, frame, scripted, quiet_bus, scripts):
    """Failed, then loaded again and answering right: the code stays, the effect goes."""
    from dms.errors import EngineFailed

    section = DiagnosticsSection(store=str(tmp_path / "memory"), can=False)
    parts = load_parts(RunConfig(source="nothing", diagnostics=section))
    with EngineSet(SLOTS, FakeBackend(scripts)) as engines:
        film = Film(frame)
        source, bus = scripted(film), quiet_bus()
        with (
            Loop(parts, source, engines, bus, renew=lambda: engines) as loop,
            Diagnosis(parts, section, loop, source, engines, lambda: "unknown", lambda: None) as diagnosis,
        ):
            thread = threading.Thread(target=loop.run)
            thread.start()
            assert waited_for(lambda: loop.counts.frames > 5 and diagnosis.keeper._before is not None)
            healthy = loop.judging._chain.frame

            def broken(*_, **__):
                loop.judging._chain.frame = healthy
                raise EngineFailed("golden inference: gaze gives direction off by 0.3")

            loop.judging._chain.frame = broken
            assert waited_for(lambda: loop.judging.engine_reloads == 1)
            assert waited_for(lambda: Status.NOT_COMPLETED_THIS_CYCLE not in status(diagnosis, "engine_integrity"))
            loop.stop()
            thread.join()


@pytest.mark.parametrize("reset", [False, True])
def test_a_reset_is_no_stop_for_the_service_manager(reset):
    told = []
    service = Service(load_parts(RunConfig(source="nothing")), "a", notifier=SimpleNamespace(stopping=lambda: told.append(1)))
    service.reset_asked = reset
    service.__exit__(None, None, None)
    assert bool(told) != reset
