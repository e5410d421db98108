"""A slice of the million random records, and that the program's own judgement can fail."""

from collections import deque

import pytest

from dms.assessment import Assessor
from tools import fuzz_assessment as fuzz


def test_law1_random_records_find_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz.main(["--records", "9000", "--seed", "1"]) == 0
    told = capsys.readouterr().out
    assert "0 found" in told and int(told.split(" states ready")[0].split()[-1]) > 300


def test_an_exception_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(self: Assessor, record: object) -> None:
        raise KeyError("planted")

    monkeypatch.setattr(Assessor, "step", fails)
    assert fuzz.main(["--records", "10", "--seed", "1"]) == 1
    assert "seed 1: KeyError: 'planted'" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["seat", "face", "eyes", "gaze"])
def test_ready_without_evidence_is_found(missing: str) -> None:
    stream = [r for r in fuzz.records(fuzz.Chance(1)) if r is not None][:60]
    profile = fuzz.load_profile("l3_default")
    assessor, history, state = Assessor(profile, fuzz.load_cabin("example_lhd")), deque[fuzz.Record](maxlen=200), None
    for record in stream:
        told = assessor.step(record)
        history.append(record)
        state = state if told is None else fuzz.ready_for_takeover(told, profile)
    assert state is not None and fuzz.unlawful(history, state) is None
    kind = fuzz.VehicleState if missing == "seat" else fuzz.Observation
    without = [fuzz.msgspec.structs.replace(r, **{missing: None}) if isinstance(r, kind) else r for r in history]
    assert fuzz.unlawful(deque(without), state) is not None


def test_wrong_usage() -> None:
    assert fuzz.main(["--profile", "none", "--records", "5"]) == 2
    with pytest.raises(SystemExit):
        fuzz.main(["--records", "0"])
