"""Profiles are data with sources; illegal values are refused."""

import re
from pathlib import Path
from typing import get_args

import pytest

import dms.profiles
from dms.errors import InputError, UsageError
from dms.profiles import available, decode_profile, load_profile
from dms.records import words

TEXT = (Path(dms.profiles.__file__).parent / "l3_default.yaml").read_bytes()
ROW = re.compile(r"(R157|R171|DDAW|ADDW|GSR|NCAP|NV|MET|GLA|ACC|TOT|FS|P)-\d\d$")


@pytest.mark.requirement("P-01")
def test_P01_every_value_has_unit_source_certainty_and_range() -> None:
    profile = load_profile("l3_default")
    assert len(profile.settings) > 50
    for name, setting in profile.settings.items():
        assert setting.unit and setting.source, name
        assert all(ROW.match(row) for row in setting.source), name
        assert isinstance(setting.value, (bool, list)) or setting.range is not None, name


@pytest.mark.parametrize(
    ("name", "value"), [("long_distraction.warn_s", 3.0), ("short_distraction.cumulative_s", 10.0), ("closure.sleep_s", 3.0)]
)
def test_NCAP_values_are_the_ones_of_the_clauses(name: str, value: float) -> None:
    profile = load_profile("l3_default")
    section, key = name.split(".")
    assert getattr(getattr(profile.rules, section), key) == value == profile.settings[name].value


@pytest.mark.requirement("FS-12")
def test_FS12_value_outside_legal_range_is_refused() -> None:
    text = TEXT.replace(b"warn_s: {value: 3.0", b"warn_s: {value: 5.5")
    with pytest.raises(InputError, match=r"long_distraction.warn_s = 5.5 s is outside its legal range 1..4"):
        decode_profile(text, "l3_default")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"warn_s: {value: 3.0", b"warn_s: {value: .nan"),
        (b"warn_s: {value: 3.0", b"warn_s: {value: soon"),
        (b"  warn_s:", b"  warm_s:"),
        (b"certainty: secondary, range: [1.0, 4.0]", b"certainty: sure, range: [1.0, 4.0]"),
        (b", range: [1.0, 4.0]", b""),
        (b"[lap, ", b"[lab, "),
        (b"name: l3_default", b"name: [l3_default"),
    ],
)
@pytest.mark.requirement("P-01", "FS-12")
def test_P01_damaged_profile_is_refused_in_one_line(old: bytes, new: bytes) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        decode_profile(TEXT.replace(old, new), "l3_default")
    assert "\n" not in str(caught.value)


def test_unknown_profile_lists_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match="unknown profile l4; available: l3_default"):
        load_profile("l4")


@pytest.mark.parametrize("name", get_args(words.Profile))
def test_contract_names_load_or_say_not_shipped_yet(name: str) -> None:
    if name in available():
        assert load_profile(name).name == name
        return
    with pytest.raises(UsageError, match=f"^profile {name} is not shipped yet; available: {', '.join(available())}$"):
        load_profile(name)


@pytest.mark.requirement("FS-11")
def test_FS11_hash_is_16_bit_stable_and_sees_a_changed_value() -> None:
    one, two = load_profile("l3_default"), load_profile("l3_default")
    changed = decode_profile(TEXT.replace(b"warn_s: {value: 3.0", b"warn_s: {value: 3.5"), "l3_default")
    assert one.hash16 == two.hash16 != changed.hash16
    assert 0 <= one.hash16 <= 0xFFFF
