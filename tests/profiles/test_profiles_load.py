"""Profiles are data with sources; what cannot be used is refused in one line."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.errors import InputError, UsageError
from dms.profiles import FOLDER, available, decode_profile, load_profile
from dms.profiles.document import merge, read_document, read_yaml
from dms.profiles.rules import Rules
from dms.profiles.setting import inside
from dms.records import words

TEXT = (FOLDER / "l3_default.yaml").read_bytes()
ROW = re.compile(r"(R157|R171|DDAW|ADDW|GSR|NCAP|NV|MET|GLA|ACC|TOT|FS|P)-\d\d$")


OWN = b"""extends: euro_ncap_2026
name: mine
follows:
  - {text: a text, series: "1", supplement: "2", primary_read: false}
long_distraction:
  warn_s: {value: 2.5, unit: s, source: [NCAP-01], certainty: proposed, range: [1.0, 3.0]}
attention:
  road_zones: {value: [road], unit: zone, source: [R157-10], certainty: recalled}
"""


def own(tmp_path: Path, text: str, name: str = "mine.yaml") -> str:
    path = tmp_path / name
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", available())
@pytest.mark.requirement("P-01")
def test_P01_every_value_has_unit_source_certainty_and_range(name: str) -> None:
    profile = load_profile(name)
    assert len(profile.settings) > 50 and profile.name == name and profile.identity.trust == "manifest"
    for key, setting in profile.settings.items():
        assert setting.unit and setting.source, key
        assert all(ROW.match(row) for row in setting.source), key
        assert setting.range is not None and inside(setting.value, setting.range), key


@pytest.mark.parametrize("name", [name for name in available() if name != "openpilot_ref"])
def test_family_profiles_say_which_edition_they_follow_and_that_it_was_not_read(name: str) -> None:
    follows = load_profile(name).follows
    assert follows and all(text.text and text.series and text.supplement and text.note for text in follows)
    assert not any(text.primary_read for text in follows)


@pytest.mark.requirement("FS-12")
def test_every_value_that_a_profile_may_add_has_a_limit() -> None:
    limits = read_yaml((FOLDER / "limits.yaml").read_bytes())["limits"]
    base = read_yaml((FOLDER / "base.yaml").read_bytes())
    for section in msgspec.structs.fields(Rules):
        kind = next(arm for arm in getattr(section.type, "__args__", (section.type,)) if arm is not type(None))
        values = {field.name for field in msgspec.structs.fields(kind)}
        found = limits if section.default is None else base
        assert values == set(found[section.name]), section.name


def test_unknown_profile_lists_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown profile l4; available: .*l3_default.*path of your own file"):
        load_profile("l4")


def test_the_shipped_profiles_are_those_of_the_contract() -> None:
    assert available() == sorted(get_args(words.Profile))


@pytest.mark.requirement("FS-11")
def test_FS11_hash_is_stable_and_sees_a_changed_value() -> None:
    one, two = load_profile("l3_default"), load_profile("l3_default")
    changed = decode_profile(TEXT.replace(b"warn_s: {value: 3.0", b"warn_s: {value: 3.5"), "l3_default")
    assert one.hash == two.hash != changed.hash and one.hash16 != changed.hash16
    assert one.identity.hash == one.hash[:16] and one.hash16 == int(one.hash[:4], 16)
    assert len({load_profile(name).hash16 for name in available()}) == len(available())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"warn_s: {value: 3.0", b"warn_s: {value: 5.5", "long_distraction.warn_s = 5.5 s is outside its legal range 1..4"),
        (b"warn_s: {value: 3.0", b"warn_s: {value: .nan", "long_distraction.warn_s = nan s is outside its legal range 1..4"),
        (b"warn_s: {value: 3.0", b"warn_s: {value: true", "long_distraction.warn_s = yes s is outside its legal range 1..4"),
        (b"warn_s: {value: 3.0", b"warn_s: {value: soon", "Expected `bool | int | float | array`, got `str`"),
        (b"warn_s: {value: 3.0, unit: s", b"warn_s: {value: 3.0, unit: ms", "warn_s is given in ms, expected s"),
        (b"  warn_s:", b"  warm_s:", "no value in section long_distraction named warm_s; did you mean warn_s?"),
        (b"long_distraction:", b"long_destruction:", "no section named long_destruction; did you mean long_distraction?"),
        (b"certainty: secondary, range: [1.0, 4.0]", b"certainty: sure, range: [1.0, 4.0]", "Invalid enum value 'sure'"),
        (b"range: [1.0, 4.0]", b"range: [1.0, 40.0]", "warn_s may not have its legal range widened from 1..4 to 1..40"),
        (b"range: [1.0, 4.0]", b"range: [4.0, 1.0]", "warn_s has a legal range that is none: 4..1"),
        (b"range: [1.0, 4.0]", b"range: [1.0, .nan]", "warn_s has a legal range that is none: 1..nan"),
        (b"range: [1.0, 4.0]", b"range: [1.0, [road]]", "warn_s has a legal range that is none"),
        (b"range: [1.0, 4.0]", b"range: [1.0]", "Expected `array` of length 2"),
        (b"source: [NCAP-01], certainty", b"certainty", "missing required field `source`"),
        (b"[lap, ", b"[lab, ", "low_gaze.zones = lab knee footwell zone is outside its legal range"),
        (b"[lap, knee, footwell]", b"[lap, knee]", "low_gaze.zones = lap knee zone is outside its legal range"),
        (b"name: l3_default", b"name: [l3_default", "not YAML"),
        (b"name: l3_default", b"name: l3 default", "Expected `str` matching regex"),
        (b"name: l3_default", b"{", "not YAML"),
        (b"version: 2", b"version: 0", "Expected `int` >= 1"),
        (b"extends: base", b"extends: bass", "it extends bass, which is not shipped"),
        (b"extends: base", b"", "a profile extends a shipped one"),
        (b"extends: base", b"extends: base\nextends: un_r157", "line 7: extends is given twice"),
        (b"  warn_s:", b"  warn_s: 3\n  warn_s:", "warn_s is given twice"),
        (b"escalate_s: {value: 6.0", b"escalate_s: {value: 3.0", None),
    ],
)  # fmt: skip
@pytest.mark.requirement("P-01", "FS-12")
def test_P01_damaged_profile_is_refused_in_one_line(old: bytes, new: bytes, told: str | None) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    if told is None:
        decode_profile(text, "l3_default")
        return
    with pytest.raises(InputError) as caught:
        decode_profile(text, "l3_default")
    line = str(caught.value)
    assert line.startswith("profile l3_default is not usable: ") and told in line and "\n" not in line


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"- a\n", b"3", b"1: 2\nextends: base", b"a: *b", b"[" * 3000, b"closures: 3\nextends: base"]
)
def test_what_is_no_profile_is_refused_in_one_line(text: bytes) -> None:
    with pytest.raises(InputError) as caught:
        decode_profile(text, "mine")
    assert "\n" not in str(caught.value)


def test_own_profile_extends_a_shipped_one_and_is_marked(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "extends: euro_ncap_2026\nlong_distraction:\n  warn_s: {value: 2.5, unit: s, source: [NCAP-01], certainty: proposed}\n",
    )
    profile, shipped = load_profile(path), load_profile("euro_ncap_2026")
    assert (profile.name, profile.identity.trust) == ("mine", "unlisted")
    assert profile.rules.long_distraction is not None and profile.rules.long_distraction.warn_s == 2.5
    assert profile.settings["long_distraction.warn_s"].range == (1.0, 4.0)
    assert profile.origins["long_distraction.warn_s"] == "mine" and profile.origins["closures.release_s"] == "euro_ncap_2026"
    assert profile.rules.journey == shipped.rules.journey and profile.follows == shipped.follows


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("extends: eu_addw\nname: eu_addw\n", "calls itself eu_addw, the name of a shipped one"),
        ("name: base\n", "a profile extends a shipped one"),
        ("extends: ../../etc/x\n", "Expected `str` matching regex"),
        ("extends: base\nclosures:\n  release_s: {value: 1.0, unit: s, *}\n", "missing required field"),
        # a range that the parent has narrowed cannot be widened again, nor can base's
        ("extends: un_r171_cn\nhands_on:\n  escalate_s: {value: 9.0, unit: s, *}\n",
         "hands_on.escalate_s = 9 s is outside its legal range 0.5..3"),
        ("extends: un_r171_cn\nhands_on:\n  escalate_s: {value: 9.0, unit: s, *, range: [0.5, 10.0]}\n",
         "hands_on.escalate_s may not have its legal range widened from 0.5..3 to 0.5..10"),
        ("extends: un_r157\navailability:\n  valid_min: {value: 1, unit: criteria, *, range: [1, 5]}\n",
         "availability.valid_min may not have its legal range widened from 2..5 to 1..5"),
        ("extends: euro_ncap_2023\nclosure:\n  microsleep_s: {value: 2.0, unit: s, *}\n"
         "  blink_max_s: {value: 0.5, unit: s, *}\n  unresponsive_s: {value: 3.0, unit: s, *}\n",
         None),
        ("extends: base\nclosure:\n  unresponsive_s: {value: 3.0, unit: s, *}\n"
         "perclos:\n  drowsy: {value: 0.08, unit: share, *}\n",
         "perclos.recovered = 0.12 may not be above perclos.drowsy = 0.08"),
    ],
)  # fmt: skip
@pytest.mark.requirement("FS-12", "R171-13")
def test_own_profile_gains_no_freedom(tmp_path: Path, text: str, told: str | None) -> None:
    path = own(tmp_path, text.replace("*", "source: [x], certainty: proposed"))
    if told is None:
        load_profile(path)
        return
    with pytest.raises(InputError) as caught:
        load_profile(path)
    assert told in str(caught.value)


def test_a_chain_that_runs_in_a_circle_or_lies_about_names_is_refused() -> None:
    files = {"a": b"name: a\nextends: b", "b": b"name: b\nextends: a", "c": b"name: base"}
    for start, told in (("a", "extends does not end"), ("c", "the file of c calls itself base")):
        with pytest.raises(ValueError, match=told):
            merge(read_document(f"name: mine\nextends: {start}".encode(), "mine"), files.__getitem__)


PARTS = (
    b"{", b"}", b"[", b"]", b": ", b"\n", b"  ", b"&a ", b"*a", b"? ", b"- ", b"!!python/object:os.system ",
    b".nan", b"\xff", b"<<: ",
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PARTS)), min_size=1, max_size=4))
def test_a_garbled_profile_is_refused_or_legal_and_nothing_else(cuts: list[tuple[float, int, bytes]]) -> None:
    text = OWN
    for where, length, part in cuts:
        start = int(where * len(text))
        text = text[:start] + part + text[start + length :]
    try:
        profile = decode_profile(text, "mine")
    except InputError as error:
        one_line = "\n" not in str(error)
        assert one_line
        return
    for key, setting in profile.settings.items():
        assert setting.range is not None and inside(setting.value, setting.range), key


def test_own_profile_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read: No such file"):
        load_profile(str(tmp_path / "none.yaml"))
