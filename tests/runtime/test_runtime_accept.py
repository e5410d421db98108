"""Acceptance: limits have sources, the unknown is never within them, a dry run is never an acceptance, a record is whole."""

import json

import msgspec
import pytest

from dms.errors import BackendUnavailable, DmsError, InputError
from dms.runtime.accept.fakes import WHAT, FakeGpu
from dms.runtime.accept.part import Check, Limit, Measured, NotRun, Result, judge, load_limits
from dms.runtime.accept.record import PARTS, Content, seal, text, verify, write
from dms.runtime.accept.rig import quiet
from dms.runtime.accept.run import MEASURE, accept, dry_rig, run_part


def parts(status="pass", ok=True):
    checks = [Check("value", 1, "at most 2", "a source", ok)]
    return [Result(number, name, status, checks=checks) for number, name in enumerate(PARTS, 1)]


def content(told, dry=False):
    return Content("2026-01-02T03:04:05+00:00", dry, "0.1.0", "run.yaml", {"gaze": "ab"}, "l3_default a853", told)


@pytest.fixture
def rig(tmp_path, engines_built):
    rig = dry_rig(tmp_path, 0.01)
    rig.slots = ("gaze", "eye_state")
    return rig


def test_every_part_has_limits_with_a_source():
    limits = load_limits()
    assert limits.keys() == {*MEASURE, 11} == set(range(1, 12)) == WHAT.keys() and len(PARTS) == 11
    for number, named in limits.items():
        assert named, number
        for name, limit in named.items():
            assert limit.source, name
            assert str(limit).strip(), name


@pytest.mark.parametrize(
    ("limit", "good", "bad"),
    [
        (Limit("s", min=2), [2, 3.5], [1.9, None, float("nan")]),
        (Limit("s", max=2), [2, 0], [2.1, None, float("nan")]),
        (Limit("s", is_=False), [False], [True, None]),
        (Limit("s", is_=""), [""], ["degraded", None]),
        (Limit("s", one_of=["8.7"]), ["8.7"], ["9.0", None]),
    ],
)
def test_what_is_not_known_is_not_within(limit, good, bad):
    assert all(limit.holds(value) for value in good) and not any(limit.holds(value) for value in bad)


def test_a_limit_file_that_cannot_be_used(tmp_path):
    path = tmp_path / "limits.yaml"
    for wrong in ("schema: [", "schema: other\nparts: {}", "schema: dms.accept-limits/1\nparts: {1: {a: {max: 1}}}"):
        path.write_text(wrong)
        load_limits.cache_clear()
        with pytest.raises(InputError, match=r"limits\.yaml"):
            load_limits(path)
    load_limits.cache_clear()


def test_a_device_is_held_to_limits_that_a_dry_run_is_not():
    real = {check.name: check.ok for check in judge(4, {}, dry=False)}
    dry = {check.name: check.ok for check in judge(4, {"fewest_runs": 3}, dry=True)}
    assert set(real.values()) == {False} and dry["fewest_runs"] is None


def test_one_part_that_breaks_does_not_hide_the_next(rig):
    def measure(error):
        def broken(_):
            raise error

        return run_part(rig, 8, broken)

    assert measure(NotRun("a file")).status == "not run"
    failed = measure(BackendUnavailable("no plan", "build it"))
    assert (failed.status, failed.reason) == ("fail", "no plan; build it")
    assert measure(ZeroDivisionError("a bug")).reason == "ZeroDivisionError: a bug"
    assert run_part(rig, 6, lambda _: Measured({"second_start_built": True})).status == "fail"


def test_verdicts():
    assert content(parts()).verdict == "ACCEPT: PASS 11/11"
    one_missing = [*parts()[:10], Result(11, "record", "not run", "not asked for")]
    assert content(one_missing).verdict == "ACCEPT: FAIL 10/11" and not content(one_missing).accepted
    assert content(parts("fail")).verdict == "ACCEPT: FAIL 0/11"
    assert content(parts(), dry=True).verdict == "ACCEPT: DRY RUN 11/11" and not content(parts(), dry=True).accepted


def test_a_record_is_whole_or_refused(tmp_path):
    path = write(seal(content(parts())), tmp_path)
    assert verify(path).content.verdict == "ACCEPT: PASS 11/11"
    assert (tmp_path / "summary.txt").read_text().splitlines()[-1] == "ACCEPT: PASS 11/11"
    whole = path.read_text()
    for old, new in (('"pass"', '"fail"'), ("run.yaml", "own.yaml"), ('"at most 2"', '"at most 9"')):
        path.write_text(whole.replace(old, new, 1))
        with pytest.raises(DmsError, match="was changed"):
            verify(path)
    data = json.loads(whole)
    path.write_text(json.dumps(data))  # other blanks and order: the same content
    verify(path)
    for wrong in ("", "[]", "{}", '{"schema": "dms.other/1"}', "\xff"):
        path.write_text(wrong, encoding="latin-1")
        with pytest.raises(InputError, match="not a record"):
            verify(path)


@pytest.mark.parametrize("told", [parts()[:10], parts(ok=False), [msgspec.structs.replace(p, checks=[]) for p in parts()]])
def test_a_hash_over_nonsense_helps_nobody(tmp_path, told):
    with pytest.raises(DmsError, match=r"parts 1 to 11|is called passed"):
        verify(write(seal(content(told)), tmp_path))


def test_a_real_pass_needs_every_check_judged(tmp_path):
    unjudged = parts(ok=None)
    verify(write(seal(content(unjudged, dry=True)), tmp_path))
    with pytest.raises(DmsError, match="is called passed"):
        verify(write(seal(content(unjudged)), tmp_path))


def test_networks_and_plans_on_the_fake(rig):
    record = accept(rig, "made up", {4, 5, 6, 11})
    told = {part.number: part for part in record.content.parts}
    assert [n for n, part in told.items() if part.status == "pass"] == [4, 5, 6, 11], text(record)
    assert told[1].status == "not run" and told[1].reason == "not asked for"
    model = told[4].values["models"]["gaze"]
    assert model["runs"] == 3 and model["plan_bytes"] > 0 and len(model["onnx_sha256"]) == 64
    assert told[5].values["distances"]["gaze"]["gaze"]["ok"] is True
    assert record.content.engines.keys() == {"gaze", "eye_state"}


class Careless(FakeGpu):
    """Loads whatever lies in the store."""

    def load(self, spec, options):
        return self._runtime.load(spec, options)


def test_a_damaged_plan_that_is_loaded_fails_the_part(rig, tmp_path):
    rig.gpu = Careless(tmp_path / "plans")
    part = run_part(rig, 6, MEASURE[6])
    assert part.status == "fail" and [c.name for c in part.checks if c.ok is False] == ["corrupt_refused"]
    assert rig.gpu.ensure(rig.spec("eye_state"), rig.options, quiet).built is False


def test_on_a_device_a_file_is_no_camera_and_a_virtual_bus_no_can(rig):
    rig.dry = False
    record = accept(rig, "run.yaml", {1, 8, 9})
    told = {part.number: part for part in record.content.parts}
    assert told[8].status == told[9].status == "not run"
    assert "is a file" in told[8].reason and "no CAN hardware" in told[9].reason
    assert told[1].status == "fail" and record.content.verdict == "ACCEPT: FAIL 0/11"
