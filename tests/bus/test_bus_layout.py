"""The message set: rules every signal must keep, golden bytes at minimum, maximum, SNA and error, broken DBC files."""

import cantools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.bus.codes import REASONS
from dms.bus.layout import CLASSIC_DBC, COUNTER, CRC, DBC, load
from dms.errors import InputError, UsageError

LAYOUT = load()
SIGNALS = [(m.name, s.name) for m in LAYOUT.by_name.values() for s in m.signals.values() if s.name not in (CRC, COUNTER)]
EXPECTED = {
    "DMS_TakeoverReady": (0x3A0, 16, 0.05), "DMS_DriverState": (0x3A1, 24, 0.1), "DMS_GazeHead": (0x3A2, 32, 0.05),
    "DMS_Health": (0x3A3, 32, 0.5), "DMS_Gesture": (0x3A4, 8, 0.1), "HOC_Request": (0x3B0, 8, 0.02),
    "HMI_Status": (0x3B1, 8, 0.1),
}  # fmt: skip


def test_ids_lengths_and_cycles():
    assert {n: (m.can_id, m.length, m.cycle_s) for n, m in LAYOUT.by_name.items()} == EXPECTED
    assert all(m.fd and not m.extended and m.protection.data_id for m in LAYOUT.by_name.values())
    assert len({m.protection.data_id for m in LAYOUT.by_name.values()}) == len(EXPECTED)


def test_the_classic_set_is_a_part_of_the_other():
    """Same ids, same cycles, and every signal means the same; only the camera's counter is shorter."""
    classic = load(CLASSIC_DBC)
    assert set(classic.by_name) == {"DMS_TakeoverReady", "DMS_Health", "DMS_Gesture", "HOC_Request", "HMI_Status"}
    for message in classic.by_name.values():
        whole = LAYOUT[message.name]
        assert (message.can_id, message.cycle_s) == (whole.can_id, whole.cycle_s)
        assert not message.fd and message.length == 8 and message.protection.name == "P22"
        for signal in message.signals.values():
            if signal.name not in (CRC, COUNTER, "Smpl_FrameCnt"):
                assert signal == whole.signals[signal.name]
    counter = classic["DMS_TakeoverReady"].signals["Smpl_FrameCnt"]
    assert (counter.high, counter.names) == (253.0, {"Error": 254, "SNA": 255})


def test_classic_header_is_where_the_protection_writes_it():
    for message in cantools.database.load_file(CLASSIC_DBC, strict=True).messages:
        places = {s.name: (s.start, s.length, s.byte_order) for s in message.signals}
        assert places[CRC] == (0, 8, "little_endian") and places[COUNTER] == (8, 4, "little_endian")
        assert message.comment and all(s.comment for s in message.signals)


PROTECTED = 'VERSION ""\nBU_: A\nBO_ 1 M: 8 A\n SG_ a : 16|8@1+ (1,0) [0|0] "" A\n{}'
ATTRIBUTES = 'BA_DEF_ BO_ "E2EProfile" STRING ;\nBA_DEF_ BO_ "E2EDataIdList" STRING ;\nBA_DEF_DEF_ "E2EProfile" "";\n'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('BA_ "E2EProfile" BO_ 1 "P07";\n', "^M: no E2E profile 'P07'"),
        ('BA_ "E2EProfile" BO_ 1 "P22";\n', "^M: e2e P22: the data id list has 0 bytes"),
        ('BA_ "E2EProfile" BO_ 1 "P22";\nBA_ "E2EDataIdList" BO_ 1 "nonsense";\n', "^M: non-hexadecimal"),
    ],
)
def test_a_protection_that_cannot_be_is_refused(tmp_path, lines, words):
    (tmp_path / "x.dbc").write_text(PROTECTED.format(ATTRIBUTES + lines))
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "x.dbc")


def test_a_single_data_id_cannot_replace_a_list():
    with pytest.raises(UsageError, match="takes a list of 16 data ids"):
        load(CLASSIC_DBC, data_ids={"DMS_Health": 7})


def test_header_is_where_the_protection_writes_it():
    for message in cantools.database.load_file(DBC, strict=True).messages:
        places = {s.name: (s.start, s.length, s.byte_order) for s in message.signals}
        assert places[CRC] == (0, 16, "little_endian") and places[COUNTER] == (16, 8, "little_endian")
        assert message.comment and all(s.comment for s in message.signals)


@pytest.mark.parametrize(("message", "name"), SIGNALS)
def test_sna_is_all_ones_and_zero_is_no_permission(message, name):
    signal = LAYOUT[message].signals[name]
    labels = signal.names
    if name == "Avail_Criteria":  # a bit field of positive evidence: none is the safe value
        assert not labels
        return
    sna = labels["SNA"]
    signed = signal.low < 0 and signal.offset == 0
    assert sna == (-(1 << signal.bits - 1) if signed else (1 << signal.bits) - 1)
    assert signal.code(None) == sna and signal.value(sna) is None
    if signal.label(0) is not None:
        assert signal.label(0) in ("NotDetermined", "Unknown", "Init")


def test_wrong_values_become_error_or_the_code_for_too_much():
    signals = LAYOUT["DMS_TakeoverReady"].signals
    assert (
        signals["TkoRdy_Score"].code(100.6)
        == signals["TkoRdy_Score"].code(-0.1)
        == signals["TkoRdy_Score"].code(float("nan"))
        == 254
    )
    assert signals["TkoRdy_TimeEst"].code(25.4) == 254 and signals["TkoRdy_TimeEst"].code(float("inf")) == 254
    assert signals["Smpl_Age"].code(508) == 254
    assert LAYOUT["DMS_GazeHead"].signals["Head_Yaw"].code(180.1) == -2047


GOLDEN = {
    # all other signals 0, counter 0; payload behind the header
    ("DMS_TakeoverReady", "DMS_OperSt"): ("01", "0e", "0f"),
    ("DMS_TakeoverReady", "TkoRdy_St"): ("30", "e0", "f0"),
    ("DMS_TakeoverReady", "TkoRdy_Score"): ("00c8", "00fe", "00ff"),
    ("DMS_TakeoverReady", "TkoRdy_Conf"): ("0000c8", "0000fe", "0000ff"),
    ("DMS_TakeoverReady", "TkoRdy_TimeEst"): ("000000fd", "000000fe", "000000ff"),
    ("DMS_TakeoverReady", "TkoRdy_Reason"): ("00000000feff", None, "00000000ffff"),
    ("DMS_TakeoverReady", "Smpl_Age"): ("000000000000fd", "000000000000fe", "000000000000ff"),
    ("DMS_TakeoverReady", "Smpl_FrameCnt"): ("00" * 7 + "fdff", "00" * 7 + "feff", "00" * 7 + "ffff"),
    ("DMS_TakeoverReady", "TOR_AckCnt"): ("00" * 10 + "0e", None, "00" * 10 + "0f"),
    ("DMS_TakeoverReady", "TkoRdy_Lvl"): ("00" * 10 + "50", "00" * 10 + "e0", "00" * 10 + "f0"),
    ("DMS_GazeHead", "Head_Yaw"): ("0807", "0108", "0008"),
    ("DMS_GazeHead", "Head_Pitch"): ("008070", "001080", "000080"),
    ("DMS_Health", "Soc_Temp"): ("00" * 6 + "fd", "00" * 6 + "fe", "00" * 6 + "ff"),
    ("HOC_Request", "Hoc_Cnt"): ("0000e0", None, "0000f0"),
}


@pytest.mark.parametrize(("key", "golden"), GOLDEN.items(), ids=[f"{m}.{s}" for m, s in GOLDEN])
def test_golden_bytes(key, golden):
    message = LAYOUT[key[0]]
    signal = message.signals[key[1]]
    top = {"DMS_OperSt": "Active", "TkoRdy_St": "Ready"}.get(signal.name)
    error = signal.names.get("Error", signal.names.get("Faulty", signal.names.get("Longer", signal.names.get("Older"))))
    codes = (signal.names[top] if top else signal.code(signal.high), error, signal.names["SNA"])
    for code, hexadecimal in zip(codes, golden, strict=True):
        if hexadecimal is None:
            assert error is None
            continue
        zero = dict.fromkeys(message.signals, 0)
        data = message.pack({**zero, signal.name: code}, 0)
        assert data[3:] == bytes.fromhex(hexadecimal).ljust(message.length - 3, b"\0")


@pytest.mark.parametrize(("message", "name"), SIGNALS)
def test_every_signal_round_trips_at_its_ends(message, name):
    described = LAYOUT[message]
    signal = described.signals[name]
    others = {n: s.code(None) for n, s in described.signals.items()}
    for value in (signal.low, signal.high):
        code = signal.code(value)
        back = described.unpack(described.pack({**others, name: code}, 3))
        assert back == {**others, name: code, CRC: back[CRC], COUNTER: 3}
        assert signal.value(code) in (None, pytest.approx(value)) and (
            signal.value(code) is not None or code in signal.names.values()
        )


@given(st.sampled_from(SIGNALS), st.floats(allow_nan=True, allow_infinity=True))
def test_a_code_always_fits_its_bits_and_never_invents_a_value(which, value):
    signal = LAYOUT[which[0]].signals[which[1]]
    code = signal.code(value)
    signed = signal.low < 0 and signal.offset == 0
    assert (-(1 << signal.bits - 1) if signed else 0) <= code < (1 << signal.bits - signed)
    if not signal.low <= value <= signal.high and signal.names:
        assert signal.label(code) in ("Error", "Longer", "Older", "SNA", "Faulty")


def test_reason_bits_are_the_ones_the_dbc_explains():
    text = cantools.database.load_file(DBC).get_message_by_name("DMS_TakeoverReady").get_signal_by_name("TkoRdy_Reason").comment
    listed = text.split(": ", 1)[1].replace("unresponsive to takeover request", "unresponsive")
    for bit, word in enumerate(REASONS):
        assert f"{bit} {word.replace('_', ' ')}" in listed


def test_other_ids():
    changed = load(can_ids={"DMS_TakeoverReady": 0x18FF0001}, data_ids={"DMS_Health": 7})
    assert changed["DMS_TakeoverReady"].can_id == 0x18FF0001 and changed["DMS_TakeoverReady"].extended
    assert changed["DMS_Health"].protection.data_id == 7 and changed["DMS_DriverState"].can_id == 0x3A1


@pytest.mark.parametrize(
    "kwargs",
    [
        {"can_ids": {"Nix": 1}},
        {"can_ids": {"DMS_Health": 1 << 30}},
        {"data_ids": {"DMS_Health": 70000}},
        {"can_ids": {"DMS_Health": 0x3A0}},
    ],
)
def test_bad_ids_are_refused(kwargs):
    with pytest.raises(UsageError):
        load(**kwargs)


BROKEN = {
    "no text": "\0\1\2",
    "overlap": 'VERSION ""\nBU_: A\nBO_ 1 M: 8 A\n SG_ a : 0|8@1+ (1,0) [0|0] "" A\n SG_ b : 4|8@1+ (1,0) [0|0] "" A\n',
    "outside": 'VERSION ""\nBU_: A\nBO_ 1 M: 1 A\n SG_ a : 4|8@1+ (1,0) [0|0] "" A\n',
    "a piece lost": DBC.read_text()[:3000] + DBC.read_text()[3040:],
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_dbc_is_one_clear_line(tmp_path, kind):
    path = tmp_path / "x.dbc"
    path.write_text(BROKEN[kind])
    with pytest.raises(InputError, match=r"x\.dbc is not a usable DBC: .+") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_dbc(tmp_path):
    with pytest.raises(InputError, match="cannot read DBC"):
        load(tmp_path / "none.dbc")


def test_unknown_message_and_wrong_length():
    with pytest.raises(UsageError, match="DMS_Health"):
        LAYOUT["Nix"]
    with pytest.raises(InputError, match="16 bytes"):
        LAYOUT["DMS_TakeoverReady"].unpack(bytes(8))
