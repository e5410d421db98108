"""E2E profiles 1, 2, 5, 11, 22: golden vectors, an independent oracle, every flipped bit, wrong ids."""

from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.bus.e2e_profiles import Profile, Profile1, Profile2, Profile5, Profile11, Profile22, profile
from dms.bus.layout import CLASSIC_DBC, load
from dms.errors import UsageError

IDS = bytes(range(1, 17))
GOLDEN = [
    # payload of zeros, data id 0x123 (P05: 0x1234), data id list 1 to 16; the bytes are those of two other implementations
    (Profile1(0x123), 0, "cc00000000000000"),
    (Profile1(0x123), 1, "9101000000000000"),
    (Profile1(0x123, "nibble"), 0, "2a10000000000000"),
    (Profile1(0x123, "nibble"), 1, "7711000000000000"),
    (Profile2(IDS), 1, "1b01000000000000"),
    (Profile2(IDS), 2, "9802000000000000"),
    (Profile5(0x1234), 0, "1cca000000000000"),
    (Profile5(0x1234), 1, "cf8d010000000000"),
    (Profile11(0x123), 0, "cc00000000000000"),
    (Profile11(0x123, "nibble"), 0, "2a10000000000000"),
    (Profile11(0x123, "nibble"), 1, "7711000000000000"),
    (Profile22(IDS), 1, "1b01000000000000"),
    (Profile22(IDS), 2, "9802000000000000"),
]


@pytest.mark.parametrize(("protection", "counter", "golden"), GOLDEN, ids=[f"{p.name}-{c}-{g[:4]}" for p, c, g in GOLDEN])
def test_golden_vectors(protection, counter, golden):
    frame = protection.protect(bytes(8), counter)
    assert frame.hex() == golden and protection.crc_ok(frame) and protection.counter(frame) == counter


def p01(mode: int) -> Callable[..., None]:
    e2e = pytest.importorskip("e2e.p01")
    return lambda data, data_id, ids: e2e.e2e_p01_protect(data, data_id, data_id_mode=mode, increment_counter=False)


def p11(mode: int) -> Callable[..., None]:
    e2e = pytest.importorskip("e2e.p11")
    return lambda data, data_id, ids: e2e.e2e_p11_protect(data, data_id, data_id_mode=mode, increment_counter=False)


def p02() -> Callable[..., None]:
    e2e = pytest.importorskip("e2e.p02")
    return lambda data, data_id, ids: e2e.e2e_p02_protect(data, ids, increment_counter=False)


def p05() -> Callable[..., None]:
    e2e = pytest.importorskip("e2e.p05")
    return lambda data, data_id, ids: e2e.e2e_p05_protect(data, data_id, increment_counter=False)


PAIRS: dict[str, tuple[Callable[[int, bytes], Profile], Callable[[], Callable[..., None]]]] = {
    "P01 both": (lambda i, _: Profile1(i), lambda: p01(0)),
    "P01 alternating": (lambda i, _: Profile1(i, "alternating"), lambda: p01(1)),
    "P01 low": (lambda i, _: Profile1(i, "low"), lambda: p01(2)),
    "P01 nibble": (lambda i, _: Profile1(i & 0xFFF, "nibble"), lambda: p01(3)),
    "P02": (lambda _, ids: Profile2(ids), p02),
    "P05": (lambda i, _: Profile5(i), p05),
    "P11 both": (lambda i, _: Profile11(i), lambda: p11(0)),
    "P11 nibble": (lambda i, _: Profile11(i & 0xFFF, "nibble"), lambda: p11(3)),
    "P22": (lambda _, ids: Profile22(ids), p02),  # the same bytes; the oracle has no P22
}


@pytest.mark.parametrize("pair", PAIRS)
@given(st.binary(min_size=3, max_size=64), st.integers(0, 0xFFFF), st.binary(min_size=16, max_size=16), st.integers(0, 255))
def test_agrees_with_an_independent_implementation(pair, data, data_id, ids, counter):
    build, oracle = PAIRS[pair]
    ours, theirs = build(data_id, ids), bytearray(data)
    counter %= ours.counter_period
    theirs[2 if pair == "P05" else 1] = counter if pair == "P05" else theirs[1] & 0xF0 | counter
    oracle()(theirs, data_id & 0xFFF if "nibble" in pair else data_id, ids)
    assert ours.protect(data, counter) == bytes(theirs)
    assert ours.crc_ok(theirs) and ours.counter(theirs) == counter


def undetected(protection: Profile, counter: int, most: int) -> int:
    """How many of all changes of one (``most`` 1) or up to two bits of an 8-byte frame stay unseen."""
    good = int.from_bytes(protection.protect(bytes(range(8)), counter), "big")
    flips = [1 << bit for bit in range(64)]
    flips += [a | b for a, b in combinations(flips, 2)] if most == 2 else []
    return sum(protection.crc_ok((good ^ flip).to_bytes(8, "big")) for flip in flips)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_flipped_bit_is_found_and_every_pair_where_the_counter_chooses_no_id(pair):
    protection = PAIRS[pair][0](0x3A1, IDS)
    most = 1 if pair in ("P01 alternating", "P02", "P22") else 2
    assert not any(undetected(protection, counter, most) for counter in range(protection.counter_period))


def test_the_data_id_lists_of_the_classic_set_miss_no_pair_of_flipped_bits():
    """A flipped counter bit chooses another id, which may undo a second flipped bit: these lists were searched to avoid it."""
    messages = load(CLASSIC_DBC).by_name.values()
    for message in messages:
        assert not any(undetected(message.protection, counter, 2) for counter in range(16)), message.name
    lists = [message.protection.data_ids for message in messages]
    assert all(len(set(column)) == len(lists) for column in zip(*lists, strict=True))  # no frame passes under another's id
    assert any(undetected(Profile22(IDS), counter, 2) for counter in range(16))  # the search was needed


def test_a_foreign_data_id_is_found():
    pairs = [
        (Profile5(1), Profile5(2)), (Profile11(0x101), Profile11(0x102)), (Profile11(0x101), Profile11(0x201)),
        (Profile11(0x101, "nibble"), Profile11(0x201, "nibble")), (Profile22(IDS), Profile22(IDS[::-1])),
    ]  # fmt: skip
    for ours, theirs in pairs:
        for counter in range(15):
            assert not ours.crc_ok(theirs.protect(bytes(8), counter)), (ours, counter)


def test_what_is_not_a_header():
    for build, _ in PAIRS.values():
        protection = build(0x3A1, IDS)
        assert not protection.crc_ok(b"") and not protection.crc_ok(b"\0")
    fifteen = bytearray(Profile22(IDS).protect(bytes(8), 15))
    assert Profile22(IDS).crc_ok(fifteen) and not Profile11(0x123).crc_ok(fifteen)
    frame = bytearray(Profile11(0x123).protect(bytes(8), 14))
    assert frame[1] == 14
    for crc in range(256):  # 15 is no counter of profiles 1 and 11, whatever the CRC says
        assert not Profile11(0x123).crc_ok(bytes([crc, 15]) + bytes(6))


@pytest.mark.parametrize(
    "bad", [(Profile5(1), b"12", 0), (Profile5(1), bytes(8), 256), (Profile11(1), bytes(8), 15), (Profile22(IDS), b"1", 0)]
)
def test_protect_refuses(bad):
    with pytest.raises(UsageError, match=bad[0].name):
        bad[0].protect(*bad[1:])


@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("P04", {}, "no E2E profile 'P04'; one of: P01, P02, P05, P11, P22"),
        ("P05", {"data_id": 0x10000}, "data id 0x10000"),
        ("P11", {"data_id": -1}, "data id -0x1"),
        ("P11", {"mode": "low"}, "no data id mode 'low'; one of: both, nibble"),
        ("P01", {"data_id": 0x1234, "mode": "nibble"}, "12 bits"),
        ("P22", {"data_ids": b"1234"}, "4 bytes, 16 are needed"),
        ("P02", {}, "0 bytes, 16 are needed"),
    ],
)
def test_profiles_that_cannot_be_are_refused(name, how, words):
    with pytest.raises(UsageError, match=words):
        profile(name, **how)


@pytest.mark.parametrize("name", ["P01", "P02", "P05", "P11", "P22"])
def test_profiles_by_name(name):
    assert profile(name, 0x123, IDS).name == name
