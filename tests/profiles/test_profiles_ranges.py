"""FS-12: no value outside its legal range is taken, whoever gives it, and no range can be widened."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.errors import InputError
from dms.profiles import available, decode_profile, load_profile
from dms.profiles.setting import Setting, inside, narrower

KEYS = [(name, key) for name in available() for key in load_profile(name).settings]


def changed(profile: str, key: str, **changes: Any) -> bytes:
    """A profile that extends another one and gives one value anew."""
    setting = load_profile(profile).settings[key]
    entry = {"value": setting.value, "unit": setting.unit, "source": setting.source, "certainty": "proposed", **changes}
    section, _, name = key.partition(".")
    return yaml.safe_dump({"name": "mine", "extends": profile, section: {name: entry}}).encode()


@st.composite
def outside(draw: st.DrawFn, setting: Setting) -> Any:
    """A value of the right kind that is not legal."""
    assert setting.range is not None
    low, high = setting.range
    if isinstance(low, bool):
        return draw(st.sampled_from([0.5, 2, "yes", None]))
    if isinstance(low, list):
        assert isinstance(high, list)
        missing = [word for word in low if draw(st.booleans())] if low else ["rear_seat"]
        return missing if missing != low else [*low, "roof"]
    assert isinstance(low, (int, float)) and isinstance(high, (int, float))
    step = draw(st.floats(1e-6, 1e6))
    bad = draw(st.sampled_from([low - step, high + step, math.nan, math.inf, -math.inf]))
    return [bad, *setting.value[1:]] if isinstance(setting.value, list) else bad


@pytest.mark.requirement("FS-12")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.sampled_from(KEYS), st.data())
def test_FS12_any_value_outside_its_range_is_refused(where: tuple[str, str], data: st.DataObject) -> None:
    name, key = where
    value = data.draw(outside(load_profile(name).settings[key]))
    with pytest.raises(InputError) as caught:
        decode_profile(changed(name, key, value=value), "mine")
    assert "\n" not in str(caught.value)


@pytest.mark.requirement("FS-12")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(KEYS), st.floats(1e-6, 1e6), st.booleans())
def test_FS12_no_range_can_be_widened(where: tuple[str, str], step: float, below: bool) -> None:
    name, key = where
    low, high = load_profile(name).settings[key].range or (0, 0)
    if isinstance(low, bool):
        wide: Any = [low, 2] if not high else [0, 1]
    elif isinstance(low, list) or isinstance(high, list):
        assert isinstance(high, list)
        wide = [low, [*high, "roof"]]
    else:
        wide = [low - step, high] if below else [low, high + step]
    with pytest.raises(InputError, match="legal range"):
        decode_profile(changed(name, key, range=wide), "mine")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(KEYS))
def test_the_same_value_given_again_is_taken(where: tuple[str, str]) -> None:
    """So that the refusals above are refusals of the value and not of the way it was written."""
    name, key = where
    setting = load_profile(name).settings[key]
    mine = decode_profile(changed(name, key, range=list(setting.range or ())), "mine")
    assert mine.rules == load_profile(name).rules and mine.settings[key].range == setting.range


@pytest.mark.parametrize(
    ("value", "legal", "expected"),
    [
        (1, (1, 2), True), (1.5, (1, 2), True), (2.0001, (1, 2), False), (True, (0, 1), False), (1, (False, True), False),
        (False, (False, True), True), (True, (False, False), False), ([], ([], ["road"]), True),
        (["road"], (["road"], ["road"]), True),
        (["lap"], ([], ["road"]), False), ([1.0, 3.0], (1, 3), True), ([1.0, 4.0], (1, 3), False), ([], (1, 3), False),
        (["road"], (1, 3), False), (1, ([], ["road"]), False), (math.nan, (-math.inf, math.inf), False), ([True], (0, 1), False),
    ],
)  # fmt: skip
def test_inside(value: Any, legal: Any, expected: bool) -> None:
    assert inside(value, legal) is expected


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ((1, 2), (1, 2), True), ((1.1, 1.9), (1, 2), True), ((0.9, 2), (1, 2), False), ((2, 1), (1, 2), False),
        ((True, True), (False, True), True), ((False, True), (False, False), False), ((0, 1), (False, True), False),
        ((["road"], ["road"]), ([], ["road", "lap"]), True), (([], ["road"]), (["road"], ["road"]), False),
        (([], ["road", "lap"]), ([], ["road"]), False), (([], 3), ([], ["road"]), False),
    ],
)  # fmt: skip
def test_narrower(inner: Any, outer: Any, expected: bool) -> None:
    assert narrower(inner, outer) is expected
