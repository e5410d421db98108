"""The program that times the rules: a line for each profile and each spread of the gaze."""

import json

import pytest

from dms.profiles import available
from tools import time_rules


def test_a_line_for_the_line_of_sight_and_each_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert time_rules.main(["--pictures", "40", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = [(what, std) for std in time_rules.SPREADS for what in ["line of sight to zone", *available()]]
    assert [(line["what"], line["std_deg"]) for line in lines] == expected
    assert all(0.0 < line["tenth"] <= line["median"] for line in lines)
    assert time_rules.main(["--pictures", "10"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(lines)


@pytest.mark.parametrize("wrong", ["9", "many", "-1"])
def test_wrong_counts_are_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        time_rules.main(["--pictures", wrong])
    assert caught.value.code == 2 and "--pictures" in capsys.readouterr().err
