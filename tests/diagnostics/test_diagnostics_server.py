"""Every service and every negative response, byte by byte; sessions and S3 on a clock set by hand; random requests."""

import pytest
from control_unit import SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dms.diagnostics.fields import decode
from dms.diagnostics.identifiers import ALL, BY_NUMBER, FREEZE_FRAME
from dms.diagnostics.nrc import SILENT_WHEN_FUNCTIONAL, Nrc
from dms.diagnostics.security import DELAY_S, key_of
from dms.diagnostics.server import SERVICES, Server
from dms.diagnostics.table import load

VIN = b"WDB12345678901234"
BLOCKED = load().codes["camera_blocked"].number.to_bytes(3, "big")


@pytest.fixture
def talk(server):
    return server.open()


@pytest.fixture
def ask(server, talk):
    """Send bytes (hexadecimal), get the answer's."""

    def run(request, functional=False):
        data = bytes.fromhex(request) if isinstance(request, str) else request
        answer = server.answer(talk, data, functional)
        return None if answer is None or not answer.wanted else answer.data.hex(" ")

    return run


@pytest.fixture
def unlock(ask):
    def run():
        assert ask("10 03") == "50 03 00 32 01 f4"
        seed = bytes.fromhex(ask("27 01"))[2:]
        assert ask(b"\x27\x02" + key_of(SECRET, seed)) == "67 02"

    return run


def test_sessions_and_their_timing(ask):
    assert ask("10 01") == "50 01 00 32 01 f4"
    assert ask("10 03") == "50 03 00 32 01 f4"
    assert ask("22 F1 86") == "62 f1 86 03"
    assert ask("10 02") == "7f 10 12"  # programming: flashing is not done over UDS
    assert ask("10 7F") == "7f 10 12"
    assert ask("10") == "7f 10 13" and ask("10 01 00") == "7f 10 13"


def test_a_session_ends_s3_after_the_last_request_and_tester_present_keeps_it(ask, clock, server):
    ask("10 03")
    for _ in range(10):
        clock.t += 4.9
        assert ask("3E 80") is None
    assert ask("22 F1 86") == "62 f1 86 03"
    clock.t += 5.1
    server.tick()
    assert ask("22 F1 86") == "62 f1 86 01"


def test_the_end_of_a_session_undoes_what_belongs_to_it(ask, unlock, clock, unit, memory):
    unlock()
    assert ask("28 01 01") == "68 01" and ask("85 02") == "c5 02"
    assert unit.quieted and not memory.setting
    clock.t += 5.1
    assert ask("22 F1 86") == "62 f1 86 01"
    assert not unit.quieted and memory.setting
    assert ask("10 03") and ask("2E F1 90" + VIN.hex()) == "7f 2e 33"


def test_the_default_session_ends_it_too(ask, unlock, unit, memory):
    unlock()
    ask("28 01 03"), ask("85 02")
    assert ask("10 01") and not unit.quieted and memory.setting


def test_only_one_tester_at_a_time_has_a_session(ask, server):
    ask("10 03")
    other = server.open()
    assert server.answer(other, b"\x10\x03").data.hex() == "7f1022"
    assert server.answer(other, b"\x22\xf1\x86").data.hex() == "62f18601"
    ask("10 01")
    assert server.answer(other, b"\x10\x03").data.hex().startswith("5003")
    server.close(other)
    assert ask("10 03").startswith("50")


def test_what_one_tester_unlocks_stays_locked_for_another(ask, unlock, server):
    unlock()
    other = server.open()
    ask("10 01")
    server.answer(other, b"\x10\x03")
    assert server.answer(other, b"\x14\xff\xff\xff").data.hex() == "7f1433"


def test_no_positive_answer_where_none_is_wanted(ask):
    assert ask("10 83") is None and ask("22 F1 86") == "62 f1 86 03"
    assert ask("3E 80") is None and ask("3E 00") == "7e 00"
    assert ask("3E 81") == "7f 3e 12"  # a refusal is always told
    assert ask("19 8A") is None


def test_a_request_to_all_is_not_refused_for_what_others_may_have(ask):
    for request in ("AA 00", "19 77", "22 12 34", "14 FF FF FF"):
        assert ask(request, functional=True) is None, request
    assert ask("10", functional=True) == "7f 10 13"
    assert ask("3E 00", functional=True) == "7e 00"
    assert Nrc.SECURITY_ACCESS_DENIED not in SILENT_WHEN_FUNCTIONAL


def test_silence_for_an_empty_request(ask):
    assert ask(b"") is None


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_changing_services_need_session_and_key(ask, unlock, service):
    rule = SERVICES[service]
    sub = min(rule.subs) if rule.subs else 0
    request = bytes([service, sub, 0, 0, 0])
    if rule.extended:
        assert ask(request) == f"7f {service:02x} 7f"
    ask("10 03")
    if rule.unlocked:
        assert ask(request) == f"7f {service:02x} 33"
        unlock()
        assert ask(request).split()[-1] not in ("33", "7f", "11")
    assert {s for s, r in SERVICES.items() if r.unlocked} == {0x11, 0x14, 0x28, 0x2E, 0x31, 0x85}


def test_services_that_are_not_there(ask):
    for service in (0x00, 0x23, 0x24, 0x2A, 0x2C, 0x2F, 0x34, 0x36, 0x37, 0x3D, 0x83, 0x84, 0x86, 0x87, 0xFF):
        assert ask(bytes([service, 0])) == f"7f {service:02x} 11"


def test_reset_only_at_rest_and_after_the_answer(ask, unlock, unit, server, talk):
    unlock()
    unit.resting = False
    assert ask("11 01") == "7f 11 22" and ask("11 02") == "7f 11 12" and ask("11 01 00") == "7f 11 13"
    unit.resting = True
    answer = server.answer(talk, b"\x11\x03")
    assert answer.data.hex() == "5103" and unit.resets == 0
    answer.then()
    assert unit.resets == 1


def test_security_access(ask, clock, memory, server, unit):
    assert ask("27 01") == "7f 27 7f"
    ask("10 03")
    assert ask("27 02" + "00" * 16) == "7f 27 24"  # no seed asked for
    assert ask("27 03") == "7f 27 12" and ask("27 01 00") == "7f 27 13" and ask("27 02 00") == "7f 27 13"
    for _ in range(2):
        ask("27 01")
        assert ask("27 02" + "00" * 16) == "7f 27 35"
    ask("27 01")
    assert ask("27 02" + "00" * 16) == "7f 27 36"
    assert ask("27 01") == "7f 27 37"
    for _ in range(3):
        clock.t += DELAY_S / 3 + 0.1
        ask("3E 80")
    seed = bytes.fromhex(ask("27 01"))[2:]
    assert len(seed) == 16 and ask(b"\x27\x02" + key_of(SECRET, seed)) == "67 02"
    assert memory.failed_attempts == 0 and ask("27 01") == "67 01" + " 00" * 16  # unlocked already
    assert ask(b"\x27\x02" + key_of(SECRET, bytes(16))) == "7f 27 24"


def test_a_restart_gives_no_new_tries(ask, memory, unit, clock):
    ask("10 03"), ask("27 01"), ask("27 02" + "00" * 16)
    again = Server(unit, memory, clock, SECRET, lambda n: bytes(n))
    talk = again.open()
    again.answer(talk, b"\x10\x03")
    assert again.answer(talk, b"\x27\x01").data.hex() == "7f2737"


def test_without_a_secret_nothing_can_be_unlocked(memory, unit, clock):
    server = Server(unit, memory, clock, None, lambda n: bytes(n))
    talk = server.open()
    server.answer(talk, b"\x10\x03")
    assert server.answer(talk, b"\x27\x01").data.hex() == "7f2722"


def test_communication_control(ask, unlock, unit):
    unlock()
    unit.resting = False
    assert ask("28 01 01") == "7f 28 22" and not unit.quieted
    unit.resting = True
    assert ask("28 01 01") == "68 01" and unit.quieted
    assert ask("28 00 01") == "68 00" and not unit.quieted
    assert ask("28 02 01") == "7f 28 12" and ask("28 03 01") == "7f 28 12"  # reception is evidence and stays
    assert ask("28 01 02") == "7f 28 31" and ask("28 01") == "7f 28 13"


def test_every_identifier_can_be_read(ask, unit):
    for one in ALL:
        data = bytes.fromhex(ask(b"\x22" + one.number.to_bytes(2, "big")))
        assert data[:3] == b"\x62" + one.number.to_bytes(2, "big")
        values = decode(one.fields, data[3:])
        assert set(values) == {field.name for field in one.fields}
    assert sum(one.length for one in FREEZE_FRAME) == 4 + 3 + 2 + 1 + 4 + 80


def test_reading_several_identifiers(ask, unit):
    unit.values["temperature_degc"] = 61.0
    assert ask("22 F1 86 FD 43") == "62 f1 86 01 fd 43 65"
    assert ask("22 F1 86 12 34") == "62 f1 86 01"  # what we don't have is left out
    assert ask("22 12 34") == "7f 22 31"
    assert ask("22 F1") == "7f 22 13" and ask("22 F1 86 01") == "7f 22 13" and ask("22" + "F186" * 9) == "7f 22 13"
    unit.values["causes"] = "x" * 4096
    assert ask("22 FD 05") == "7f 22 14"


def test_writing(ask, unlock, unit, memory):
    unlock()
    assert ask("22 F1 90") == "62 f1 90" + " 00" * 17
    assert ask(b"\x2e\xf1\x90" + VIN) == "6e f1 90" and unit.saves == 1
    assert ask("22 F1 90") == "62 f1 90 " + VIN.hex(" ") and memory.written(0xF190) == VIN
    assert ask("2E F1 90 41") == "7f 2e 13" and ask("2E F1 95 41") == "7f 2e 31" and ask("2E 12 34 41") == "7f 2e 31"
    assert ask("2E F1 90" + "00" * 17) == "7f 2e 31" and ask("2E F1 90" + "C4" * 17) == "7f 2e 31" and ask("2E F1") == "7f 2e 13"
    unit.disk = False
    assert ask("2E F1 90" + "41" * 17) == "7f 2e 72" and memory.written(0xF190) == VIN


def test_routines(ask, unlock, unit):
    unlock()
    assert ask("31 03 02 01") == "7f 31 24" and ask("31 02 02 01") == "7f 31 24"
    assert ask("31 01 02 01") == "71 01 02 01" and ask("31 01 02 01") == "7f 31 24"
    assert ask("31 03 02 01") == "71 03 02 01 01 01 2c"  # running, 30.0
    assert ask("31 02 02 01") == "71 02 02 01"
    assert ask("31 01 99 99") == "7f 31 31" and ask("31 04 02 01") == "7f 31 12"
    assert ask("31 01 02") == "7f 31 13" and ask("31 01 02 01 00") == "7f 31 13"


def test_codes_by_mask_and_supported(ask, fail):
    fail("camera_blocked")
    assert ask("19 01 08") == "59 01 7f 00 00 01"
    assert ask("19 02 08") == "59 02 7f 9a 00 97 2f"
    assert ask("19 02 80") == "59 02 7f"
    everything = bytes.fromhex(ask("19 0A"))
    assert len(everything) == 3 + 4 * len(load().codes)
    assert ask("19 02") == "7f 19 13" and ask("19 0A 00") == "7f 19 13" and ask("19 05") == "7f 19 12" and ask("19") == "7f 19 13"


def test_freeze_frames(ask, fail):
    assert ask("19 03") == "59 03"
    fail("camera_blocked")
    assert ask("19 03") == "59 03 9a 00 97 01 9a 00 97 02"
    data = bytes.fromhex(ask(b"\x19\x04" + BLOCKED + b"\x01"))
    assert data[:8].hex(" ") == "59 04 9a 00 97 2f 01 06"
    at, values = 8, {}
    while at < len(data):
        one = BY_NUMBER[int.from_bytes(data[at : at + 2], "big")]
        values |= decode(one.fields, data[at + 2 : at + 2 + one.length])
        at += 2 + one.length
    assert values == {
        "running_s": 12.5, "operating_state": "blocked", "readiness": "unknown", "level": 0, "speed_kmh": 87.5,
        "temperature_degc": 61.0, "frame_counter": 4711, "causes": "unknown: camera blocked",
    }  # fmt: skip
    assert len(bytes.fromhex(ask(b"\x19\x04" + BLOCKED + b"\xff"))) == 6 + 2 * (len(data) - 6)
    assert ask(b"\x19\x04" + BLOCKED + b"\x03") == "7f 19 31" and ask("19 04 12 34 56 01") == "7f 19 31"
    assert ask(b"\x19\x04" + BLOCKED) == "7f 19 13"


def test_extended_data_and_detection_counters(ask, fail):
    fail("camera_blocked")
    assert ask(b"\x19\x06" + BLOCKED + b"\x01") == "59 06 9a 00 97 2f 01 01 00 01 7f"
    assert ask(b"\x19\x06" + BLOCKED + b"\x02") == "7f 19 31" and ask("19 06 12 34 56 FF") == "7f 19 31"
    assert ask("19 14") == "59 14"
    fail("lamp_faulty", seconds=0.5)
    assert ask("19 14") == "59 14 9a 02 96 40"


def test_clearing(ask, unlock, fail, unit, memory):
    fail("camera_blocked"), fail("lamp_faulty")
    unlock()
    assert ask(b"\x14" + BLOCKED) == "54" and unit.saves == 1 and memory.confirmed == 1
    assert ask("14 12 34 56") == "7f 14 31" and ask("14 FF FF") == "7f 14 13" and ask("14 FF FF FF 00") == "7f 14 13"
    unit.disk = False
    assert ask("14 FF FF FF") == "7f 14 72"


def test_the_memory_can_be_halted(ask, unlock, fail, memory):
    unlock()
    assert ask("85 02") == "c5 02"
    memory.report({}, None, 0.0)
    fail("camera_blocked", seconds=3.0)
    assert memory.confirmed == 0 and ask("85 01") == "c5 01" and ask("85 03") == "7f 85 12" and ask("85 01 00") == "7f 85 13"
    fail("camera_blocked", seconds=3.0)
    assert memory.confirmed == 1


def test_every_negative_response_there_is_can_be_had(ask, unlock, unit):
    """0x78 and 0x10 are the link's to give (test_diagnostics_link)."""
    requests = ["AA", "14 FF FF FF", "10 03", "14 FF FF FF", "10 02", "10", "22 12 34", "27 02" + "00" * 16]
    codes = {int(answer[-2:], 16) for request in requests if (answer := ask(request)).startswith("7f")}
    unlock()
    unit.resting, unit.disk, unit.values["causes"] = False, False, "x" * 4096
    codes |= {int(ask(request)[-2:], 16) for request in ("11 01", "14 FF FF FF", "22 FD 05")}
    ask("10 03")
    for _ in range(3):
        ask("27 01")
        codes.add(int(ask("27 02" + "00" * 16)[-2:], 16))
    codes.add(int(ask("27 01")[-2:], 16))
    assert codes == set(Nrc) - {Nrc.RESPONSE_PENDING, Nrc.GENERAL_REJECT}


ALLOWED = set(Nrc) - {Nrc.RESPONSE_PENDING, Nrc.GENERAL_REJECT}
PLAUSIBLE = st.builds(lambda service, rest: bytes([service]) + rest, st.sampled_from(sorted(SERVICES)), st.binary(max_size=24))


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(st.one_of(PLAUSIBLE, st.binary(max_size=64)), min_size=1, max_size=12), unlocked=st.booleans())
def test_whatever_is_asked_the_answer_is_an_allowed_one(requests, unlocked, server, unit, clock):
    unit.resting = unlocked
    talk = server.open()
    if unlocked:
        server.answer(talk, b"\x10\x03")
        seed = server.answer(talk, b"\x27\x01").data[2:]
        if len(seed) == 16:
            server.answer(talk, b"\x27\x02" + key_of(SECRET, seed))
    for request in requests:
        clock.t += 0.01
        answer = server.answer(talk, request)
        if not request:
            assert answer is None
        elif answer.data[0] == 0x7F:
            assert answer.data[1] == request[0] and answer.data[2] in ALLOWED and len(answer.data) == 3
        else:
            assert answer.data[0] == request[0] + 0x40 and request[0] in SERVICES and len(answer.data) <= 4095
    server.close(talk)
    clock.t += 60.0
