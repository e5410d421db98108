"""Expectations and scenario files: what sentences mean, and what is said about wrong ones. No run in here."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.errors import InputError
from hil.bench.expectation import parse
from hil.bench.scenario import decode, load, schema, shipped
from hil.bench.timeline import Timeline
from hil.bench.verdict import horizon, judge

SCENARIO = """
name: t
about: a test
group: gaze
duration_s: 10
parts:
  - {at: 2, for: 3, do: look, zone: lap}
expect:
  - ready yes by 5 s
  - never ready yes from 6 s
"""


def timeline() -> Timeline:
    """Ready from 1 s to 4 s and from 6 s to 8 s of 10 s; a message every 0.1 s up to 5 s; an event at 3 s."""
    t = Timeline()
    for at, value in ((0.0, "no"), (1.0, "yes"), (4.0, "no"), (6.0, "yes"), (8.0, "no")):
        t.set("ready", at, value)
    for at, value in ((0.0, 0), (2.0, 4), (7.0, 5)):
        t.set("level", at, value)
    for n in range(51):
        t.set("message.DMS_Health", n / 10, n + 1)
    t.set("reason", 0.0, frozenset({"phone", "drowsy"}))
    t.mark(3.0, "fault")
    t.end = 10.0
    return t


@pytest.mark.parametrize(
    ("text", "passed", "measured"),
    [
        ("ready yes within 1 s after 0 s", True, "at 1.00 s, 1.00 s after 0.0 s"),
        ("ready yes within 0.9 s after 0 s", False, "at 1.00 s, 1.00 s after 0.0 s; ready was no at 0.90 s"),
        ("ready yes within 900 ms after 5.2s", True, "at 6.00 s, 0.80 s after 5.2 s"),
        ("ready yes between 2 s and 3 s after ready no", False, "at 1.00 s, 1.00 s after ready no; ready was yes at 3.00 s"),
        ("ready no after ready yes", True, "at 4.00 s, 3.00 s after ready yes"),
        ("ready yes by 1 s", True, "at 1.00 s"),
        ("ready yes before level = 4", True, "at 1.00 s"),
        ("level >= 4 before ready yes", False, "at 2.00 s; level was 0 at 1.00 s"),
        ("level = 5 or 4", False, ""),
        ("ready yes for 2.5 s", True, "at 1.00 s"),
        ("ready yes for 2.5 s after 2 s", False, "never came; longest 2.00 s in one piece; ready was no at 10.00 s"),
        ("always ready yes from 1 s to 4 s", True, "held throughout"),
        ("always ready yes from 1 s to 4.1 s", False, "ready was no at 4.00 s"),
        ("always ready yes or no", True, "held throughout"),
        ("always ready no to 1 s", True, "held throughout"),
        ("never ready yes from 4 s to 6 s", True, "did not happen"),
        ("never ready yes from 3.5 s to 7 s", False, "happened at 3.50 s, 1.50 s in all"),
        ("never ready yes from 9 s to 11 s", False, "the run ended at 10 s, before 11 s"),
        ("reason phone", True, "at 0.00 s"),
        ("never reason asleep or microsleep", True, "did not happen"),
        ("message DMS_Health every 100 ms to 5 s", True, "longest gap 100 ms"),
        ("message DMS_Health every 100 ms", False, "longest gap 5000 ms, from 5.00 s"),
        ("message DMS_Health after 5.05 s", False, "never came"),
        ("event fault between 0 s and 1 s after level = 4", True, "at 3.00 s, 1.00 s after level = 4"),
        ("ready no within 1 s after event fault", True, "at 4.00 s, 1.00 s after event fault"),
        ("ready yes after event power", False, "event power never came"),
        ("never event power", True, "did not happen"),
        ("kss < 7", False, "never came; kss was not known at 10.00 s"),
    ],
)  # fmt: skip
def test_what_a_sentence_means(text: str, passed: bool, measured: str) -> None:
    if text == "level = 5 or 4":  # numbers have no `or`
        with pytest.raises(InputError, match="'or'"):
            parse(text)
        return
    verdict = judge(parse(text), timeline())
    assert verdict.passed is passed, verdict.measured
    assert verdict.measured.startswith(measured)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends where a signal"),
        ("redy yes", "did you mean 'ready'?"),
        ("ready", "ends where a value of ready"),
        ("ready maybe", "ready is never 'maybe'; known: yes, no"),
        ("readiness ready_delay", "did you mean 'ready_delayed'?"),
        ("level high", "which is no number"),
        ("level >= ", "which is no number"),
        ("ready yes withn 1 s", "did you mean 'within'?"),
        ("ready yes within", "ends where a time behind 'within'"),
        ("ready yes within 1 h", "'h' is"),
        ("ready yes within -1 s", "no time such as"),
        ("ready yes within soon", "no time such as"),
        ("ready yes by 1 s before 2 s", "say the same"),
        ("ready yes after 1 s after 2 s", "there twice"),
        ("always ready yes for 1 s", "needs no 'for'"),
        ("always message DMS_Health", "cannot hold"),
        ("ready yes every 1 s", "goes with a message"),
        ("ready yes between 3 s and 2 s", "before"),
        ("ready yes between 3 s or 2 s", "goes as"),
    ],
)
def test_what_is_said_about_a_wrong_one(text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_up_to_when_a_run_must_go_on() -> None:
    assert horizon(parse("ready yes within 1 s after 2 s"), timeline()) == 3.0
    assert horizon(parse("ready yes after event power"), timeline()) is None
    assert horizon(parse("ready yes before level = 5"), timeline()) == 7.0
    assert horizon(parse("never ready yes"), timeline()) is None


times = st.floats(0.0, 10.0).map(lambda t: round(t, 2))


@given(st.lists(st.tuples(times, st.sampled_from(["yes", "no"])), max_size=8), times, times)
def test_always_is_never_the_opposite(changes: list, a: float, b: float) -> None:
    t = Timeline()
    t.set("ready", 0.0, "no")
    for at, value in sorted(changes, key=lambda change: change[0]):
        t.set("ready", at, value)
    t.end = 10.0
    low, high = sorted((a, b))
    always, never = (judge(parse(f"{mode} from {low} s to {high} s"), t) for mode in ("always ready yes", "never ready no"))
    if high - low > 0.01:
        assert always.passed == never.passed
    once = judge(parse(f"ready no from {low} s to {high} s"), t)
    if not never.passed:
        assert once.passed


def test_shipped_scenarios_and_schema() -> None:
    assert len(shipped()) >= 40
    groups = {load(name).scenario.group for name in shipped()}
    assert groups == {"gaze", "availability", "takeover", "drowsiness", "gesture", "eyewear", "light", "cabin", "seat", "bus"}
    assert all(load(name).scenario.name == name for name in shipped())
    file = Path(__file__).parents[2] / "hil" / "bench" / "scenario.schema.json"
    assert json.loads(file.read_text()) == json.loads(msgspec.json.encode(schema())), (
        "make it again: dms hil list --schema > hil/bench/scenario.schema.json"
    )


def test_rows_that_are_covered_are_there() -> None:
    import yaml

    rows = yaml.safe_load((Path(__file__).parents[2] / "docs" / "requirements.yaml").read_text())
    known = json.dumps(rows)
    for name in shipped():
        scenario = load(name).scenario
        assert scenario.covers, name
        assert not [row for row in scenario.covers if f'"{row}"' not in known], name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("zone: lap", "zone: lapp"), "t: line 7: parts[0].zone: Invalid enum value 'lapp'; allowed: cluster, driver_mirror"),
        (("group: gaze", "group: gazes"), "t: line 4: group: "),
        (("duration_s: 10", "duration_s: 4"), "t: line 7: parts[0] ends at 5 s; allowed: up to duration_s = 4"),
        (("ready yes by 5 s", "readi yes by 5 s"), "t: line 9: 'readi yes by 5 s': there is no signal 'readi'"),
        (("about: a test", "about: [a"), "t: line 4: not YAML"),
        (("about: a test", "profile: eu"), "t: the file: Object missing required field `about`"),
        (("about: a test", "about: a test\nexpct: []"), "t: the file: Object contains unknown field `expct`; allowed: name"),
        (("expect:\n  - ready yes by 5 s\n  - never ready yes from 6 s", "expect: []"), "t: line 8: expect: Expected"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(change: tuple[str, str], said: str) -> None:
    assert change[0] in SCENARIO
    with pytest.raises(InputError) as error:
        decode(SCENARIO.replace(*change), "t")
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def test_a_right_file_knows_its_lines() -> None:
    loaded = decode(SCENARIO, "t")
    assert [one.line for one in loaded.expectations] == [9, 10]
