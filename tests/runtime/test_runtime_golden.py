"""Golden inference: the shipped engines answer their stored questions, a damaged one does not, and nothing is delayed for it."""

import numpy as np
import pytest

from dms.errors import EngineFailed
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend
from dms.perception.pipeline import SLOTS
from dms.runtime.chain import CHAIN_SLOTS
from dms.runtime.golden import Golden, question


@pytest.mark.usefixtures("engines_built")
@pytest.mark.requirement("FS-02", "FS-01")
def test_the_real_engines_answer_their_stored_questions_and_a_damaged_weight_shows(monkeypatch):
    with EngineSet(CHAIN_SLOTS) as engines:
        golden = Golden(engines, 60.0)
        golden.ask_all()
        assert golden.without_reference == []
        gaze = engines["gaze"]
        answer = gaze._infer
        monkeypatch.setattr(gaze, "_infer", lambda feeds: {n: v * np.float32(1.02) for n, v in answer(feeds).items()})
        with pytest.raises(EngineFailed, match=r"golden inference: gaze gives \w+ off by"):
            golden.ask_all()


@pytest.mark.usefixtures("engines_built")
@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_lower_precision_has_its_own_limits(precision):
    from dms.inference.base import Options

    with EngineSet(("head_pose",), options=Options(precision={"head_pose": precision})) as engines:
        one = question("head_pose", engines["head_pose"])
        assert one.stored
        one.ask(engines["head_pose"])


@pytest.mark.usefixtures("engines_built")
def test_other_arithmetic_is_judged_in_degrees(monkeypatch):
    """TensorRT's answers differ from the reference by more than rounding: 0.012 degrees may, 0.1 may not."""
    with EngineSet(("gaze",)) as engines:
        gaze = engines["gaze"]
        answer, off = gaze._infer, [0.012]
        monkeypatch.setattr(type(gaze), "exact", False)
        one = question("gaze", gaze)
        monkeypatch.setattr(
            gaze, "_infer", lambda feeds: {n: v + np.float32(off[0] * (n == "angles")) for n, v in answer(feeds).items()}
        )
        one.ask(gaze)
        monkeypatch.setattr(type(gaze), "exact", True)
        with pytest.raises(EngineFailed, match=r"gaze gives angles off by 0\.012"):
            question("gaze", gaze).ask(gaze)
        off[0] = 0.1
        with pytest.raises(EngineFailed, match=r"golden inference: gaze: gaze 0\.1 deg off, allowed 0\.02"):
            one.ask(gaze)


def fakes(scripts, **changes):
    return EngineSet(SLOTS, FakeBackend({**scripts, **changes}))


@pytest.mark.parametrize("wrong", [0.01, float("nan"), float("inf")])
def test_an_engine_without_stored_answers_must_at_least_not_change(scripts, wrong):
    worn = []

    def network(feeds):
        return {name: value + np.float32(wrong) if worn else value for name, value in scripts["gaze"].items()}

    golden = Golden(fakes(scripts, gaze=network), 60.0)
    assert set(golden.without_reference) == set(SLOTS)
    golden.ask_all()
    worn.append(True)
    with pytest.raises(EngineFailed, match="golden inference: gaze"):
        golden.ask_all()


def drive(golden, seconds, spare_s):
    """Times at which the loop would have asked, at 30 pictures a second."""
    asked = []
    for k in range(int(seconds * 30)):
        before = golden.asked
        golden.ask_in_turn(k / 30, spare_s)
        asked += [k / 30] * (golden.asked - before)
    return asked


@pytest.mark.requirement("FS-02")
@pytest.mark.requirement("FS-02")
def test_each_engine_is_asked_once_in_its_time_one_at_a_time(scripts):
    golden = Golden(fakes(scripts), 60.0)
    asked = drive(golden, 121.0, spare_s=1.0)
    assert len(asked) >= 2 * 2 * len(SLOTS)
    assert np.diff(asked).min() > 0.5 * 60.0 / len(SLOTS) * 0.99  # never two in a row


@pytest.mark.requirement("FS-02")
def test_without_spare_time_it_waits_one_turn_and_no_longer(scripts):
    golden = Golden(fakes(scripts), 60.0)
    for slot in SLOTS:
        golden._engines[slot]._times.append(10.0)  # ms
    asked = drive(golden, 61.0, spare_s=0.001)
    assert len(SLOTS) - 1 <= len(asked) <= len(SLOTS)


def test_newly_loaded_engines_are_asked_everything_before_they_are_used(scripts):
    golden = Golden(fakes(scripts), 60.0)
    other = {name: value + np.float32(0.1) for name, value in scripts["eye_state"].items()}
    with pytest.raises(EngineFailed, match="golden inference: eye_state"):
        golden.exchange(fakes(scripts, eye_state=other))
