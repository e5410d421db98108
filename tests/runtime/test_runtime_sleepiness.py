"""The shipped drowsiness engine behind the assessment, and a core installation without any back end."""

import json
import sys

import numpy as np
import pytest

from dms.assessment import Assessor, load_cabin
from dms.assessment.lid_history import BIN_ROWS, BINS, BLINK_ROWS, BLINKS
from dms.cli.main import main
from dms.profiles import load_profile
from dms.records import Drowsiness, Eye, Face, Observation
from dms.records.jsonl import encode
from dms.runtime.sleepiness import open_estimator


def picture(t: float, opening: float) -> Observation:
    eye = Eye(visible=1.0, opening_mm=opening, closed=float(opening < 1.8))
    return Observation(t=t, face=Face(present=True), eyes={"left": eye, "right": eye})


def lids(t: float) -> float:
    """Three awake minutes of quick blinks, then drooping lids and blinks of 0.6 s."""
    awake = t < 180.0
    edge, shut, wide = (0.06, 0.05, 9.0) if awake else (0.2, 0.6, 7.0)
    x = t % 4.0
    if x > 2 * edge + shut:
        return wide
    return wide * (1.0 - 0.96 * min(1.0, x / edge, (2 * edge + shut - x) / edge))


def drive(seconds: float) -> list[Drowsiness]:
    assessor = Assessor(load_profile("l3_default"), load_cabin("example_lhd"), estimator=open_estimator())
    states = [assessor.step(picture(n / 20, lids(n / 20))) for n in range(round(seconds * 20))]
    return [state.drowsiness for state in states if state is not None]


def test_slow_blinks_and_drooping_lids_raise_it() -> None:
    states = drive(420.0)
    awake, sleepy = states[175 * 20], states[-1]
    assert awake.kss is not None and sleepy.kss is not None
    assert awake.kss < 5.0 and sleepy.kss > 7.0
    assert sleepy.foretold is not None and awake.foretold is not None
    assert sleepy.foretold.nod > awake.foretold.nod


def test_P14_same_input_same_bytes() -> None:
    assert [encode(state) for state in drive(80.0)] == [encode(state) for state in drive(80.0)]


def test_nothing_seen_gives_a_wide_answer() -> None:
    nothing = {
        "blinks": np.zeros((1, BLINK_ROWS, BLINKS), np.float32),
        "bins": np.zeros((1, BIN_ROWS, BINS), np.float32),
        "known": np.zeros((1, 1), np.float32),
    }
    answer = open_estimator()(nothing)
    assert 1.0 <= answer.kss <= 9.0 and answer.std > 0.0
    assert all(0.0 <= p <= 1.0 for p in answer[2:])


def test_a_core_installation_says_once_that_kss_stays_unknown(tmp_path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    records = tmp_path / "records.jsonl"
    records.write_bytes(b"".join(encode(picture(n / 20, lids(n / 20))) + b"\n" for n in range(1500)))
    assert main(["assess", str(records), "--jsonl"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("KSS stays unknown") == 1
    assert json.loads(shown.out.splitlines()[-1])["drowsiness"]["kss"] is None
