"""P-21, GLA-06: the same patterns of glances under four rules, through the whole assessment, and the program that prints them."""

import json

import pytest

from tools import glance_table

FRAME_S = 0.05
Levels = tuple[float | None, float | None, float | None]
NONE: Levels = (None, None, None)
GOLDEN: list[tuple[float, float, float | None, float | None, float | None, Levels]] = [
    (3.5, 4, 3.0, None, 2.0, (3.25, None, None)),
    (2.9, 1, None, 13.0, 2.0, (6.1, 14.5, None)),
    (2.5, 2.5, None, None, 2.0, NONE),
    (2, 2, None, None, 2.0, NONE),
    (2, 1.9, None, 17.6, 2.0, NONE),
    (2, 1, None, 14.0, 2.0, (23.0, None, None)),
    (1.5, 1, None, 16.0, 3.9, NONE),
    (1.5, 0.5, None, 13.0, 2.9, (7.0, 13.4, None)),
    (1, 1, None, 19.0, 21.0, NONE),
    (1, 0.5, None, 14.5, 3.8, (14.5, None, None)),
    (1, 0.3, None, 12.7, 3.0, (4.9, 8.6, 20.4)),
    (0.8, 1.2, None, 24.4, None, NONE),
]
"""Off, on; first warning of a long glance, of 10 s in 30 s, AttenD empty, openpilot levels 1 to 3; s, at 20 pictures/s."""


@pytest.mark.requirement("P-21", "GLA-06", "NCAP-01", "NCAP-02")
@pytest.mark.parametrize(("off", "on", "long_glance", "added_up", "empty", "levels"), GOLDEN)
@pytest.mark.requirement("P-03")
def test_P21_GLA06_same_pattern_under_four_rules(
    off: float, on: float, long_glance: float | None, added_up: float | None, empty: float | None, levels: Levels
) -> None:
    found = glance_table.row(off, on)
    times = (found.long_glance, found.added_up, found.buffer_empty, *found.openpilot)
    for t, expected in zip(times, (long_glance, added_up, empty, *levels), strict=True):
        assert t == (None if expected is None else pytest.approx(expected, abs=FRAME_S + 1e-6))


def test_program_prints_a_line_for_each_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    assert glance_table.main(["--seconds", "4"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert "AttenD empty" in head and len(lines) == len(GOLDEN) == len(glance_table.PATTERNS)
    assert lines[0].split() == ["3.5", "/", "4", "3.00", "-", "2.00", "3.25", "/", "-", "/", "-"]
    assert glance_table.main(["--seconds", "1", "--fps", "10", "--json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["off_s"], one["on_s"]) for one in objects] == list(glance_table.PATTERNS)


@pytest.mark.parametrize("wrong", [["--fps", "0"], ["--fps", "nan"], ["--seconds", "-1"], ["--fps", "many"]])
def test_program_refuses_what_cannot_be(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        glance_table.main(wrong)
    assert caught.value.code == 2 and "Traceback" not in capsys.readouterr().err
