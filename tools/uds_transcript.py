"""A session of a foreign tester (udsoncan) with the real loop, byte by byte: what ``docs/diagnostics.md`` shows.

    python -m tools.uds_transcript

The sample drive log is played into the loop without its vehicle's CAN, so the inputs are missing and their trouble codes
are set; everything goes over ISO-TP on a virtual bus. Only numbers that depend on the moment differ from run to run.
"""

import sys
import tempfile
import threading
import time
from pathlib import Path

import udsoncan
from udsoncan.client import Client

from dms.bus.port import open_bus
from dms.diagnostics.fields import decode
from dms.diagnostics.identifiers import ALL, BY_NUMBER
from dms.diagnostics.isotp_link import IsoTp, filtered
from dms.diagnostics.security import key_of
from dms.diagnostics.table import load
from dms.diagnostics.tester import codec, connection
from dms.runtime import clock
from dms.runtime.config import DiagnosticsSection, RunConfig, load_parts
from dms.runtime.diagnosis.routines import CameraCheck
from dms.runtime.service import Service

SECRET = bytes(range(32))
SHOWN = 24
"""Bytes shown of a longer message."""


class Shown(IsoTp):
    """Prints what goes over it."""

    def send(self, message: bytes) -> None:
        print(f"-> {line(message)}")
        super().send(message)

    def poll(self, timeout_s: float = 0.02) -> tuple[bytes, bool] | None:
        heard = super().poll(timeout_s)
        if heard is not None:
            print(f"<- {line(heard[0])}")
        return heard


def line(message: bytes) -> str:
    rest = f" ... ({len(message)} bytes)" if len(message) > SHOWN else ""
    return message[:SHOWN].hex(" ").upper() + rest


def refused(wanted) -> None:
    try:
        wanted()
    except udsoncan.exceptions.NegativeResponseException as error:
        print(f"   {error.response.code_name}")


def said(name: str, values: object) -> None:
    print(f"   {name}: {values}")


def session(client: Client) -> None:
    def read(number: int) -> None:
        said(BY_NUMBER[number].name, client.read_data_by_identifier(number).service_data.values[number])

    code = load().codes["seat_belt_lost"]
    print("# who is there")
    for number in (0xF195, 0xFD02, 0xFD05):
        read(number)
    print("# trouble codes: confirmed ones, the freeze frames and counters of one")
    listed = client.get_dtc_by_status_mask(0x08).service_data.dtcs
    said("codes", ", ".join(f"{one.id:06X} {one.status.get_byte_as_int():02X}" for one in listed))
    frames = client.get_dtc_snapshot_by_dtc_number(code.number, 1).service_data.dtcs[0].snapshots
    said(code.code, {name: value for one in frames for name, value in one.data.items()})
    client.get_dtc_extended_data_by_dtc_number(code.number, 1)
    print("# changing something needs the extended session and the secret")
    refused(client.clear_dtc)
    client.change_session(3)
    refused(client.clear_dtc)
    client.unlock_security_access(1)
    client.write_data_by_identifier(0xF190, b"WDB12345678901234")
    read(0xF190)
    print("# a routine")
    client.start_routine(CameraCheck.number)
    time.sleep(3.5)
    result = client.get_routine_result(CameraCheck.number).service_data.routine_status_record
    said("camera", decode(CameraCheck.fields, bytes(result)))
    print("# what only a vehicle at rest may be asked for; its speed is not known here")
    refused(lambda: client.ecu_reset(1))
    refused(lambda: client.communication_control(1, udsoncan.CommunicationType(0, normal_msg=True)))
    print("# halt the memory, clear it, keep the session, end it")
    client.control_dtc_setting(2)
    client.clear_dtc()
    client.get_number_of_dtc_by_status_mask(0x08)
    with client.suppress_positive_response():
        client.tester_present()
    client.change_session(1)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret.hex"
        secret.write_text(SECRET.hex())
        section = DiagnosticsSection(store=f"{folder}/memory", security_key=str(secret))
        config = RunConfig(source="sample", driver="sample", diagnostics=section)
        with Service(load_parts(config), "transcript") as service:
            runner = threading.Thread(target=service.run, args=(40.0,))
            runner.start()
            time.sleep(4.0)
            with_tester(config)
            service.loop.stop()
            runner.join()
    return 0


def with_tester(config: RunConfig) -> None:
    assert config.diagnostics is not None
    addresses, bus_config = config.diagnostics.addresses(), config.bus_config()
    bus = open_bus(filtered(bus_config, (addresses.response,)))
    settings = {
        **udsoncan.configs.default_client_config,
        "data_identifiers": {one.number: codec(udsoncan, one) for one in ALL},
        "extended_data_size": {row.number: 4 for row in load().codes.values()},
        "security_algo": lambda level, seed, params: key_of(SECRET, seed),
        "p2_timeout": 2.0,
        "use_server_timing": False,
        "standard_version": 2020,
    }
    link = Shown(bus, bus_config.fd, addresses.response, addresses.request)
    with Client(connection(link, clock.now), config=settings) as client:
        client.logger.disabled = True
        session(client)
    bus.close()


if __name__ == "__main__":
    sys.exit(main())
