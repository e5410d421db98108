"""Glances of hand-made runs, and the limits of a task."""

import json
from itertools import accumulate
from pathlib import Path

import pytest

from dms.assessment import load_cabin
from dms.cli.main import main
from dms.records import Attention, TakeoverReadiness
from dms.records.jsonl import encode
from hil.evaluation.glances import Glance, down_deg, glances, statistics, task

CABIN = load_cabin("example_lhd")


def run(*looks: tuple[float, str], fps: float = 20.0) -> list[TakeoverReadiness]:
    """A state each twentieth of a second; ``looks``: seconds, zone."""
    ends = list(accumulate(seconds for seconds, _ in looks))
    zone = lambda t: next((z for e, (_, z) in zip(ends, looks, strict=True) if t < e - 1e-9), "road")  # noqa: E731
    times = [n / fps for n in range(round(ends[-1] * fps) + 1)]
    return [TakeoverReadiness(t=t, attention=Attention(zone=zone(t))) for t in times]  # type: ignore[arg-type]


def of(*looks: tuple[float, str]) -> list[Glance]:
    return glances(run(*looks), 0.0, 1e9)


@pytest.mark.requirement("GLA-01")
def test_GLA01_transition_and_dwell_make_a_glance() -> None:
    found = of((2.0, "road"), (0.15, "other"), (1.0, "infotainment"), (0.1, "unknown"), (1.0, "road"), (0.5, "rear_mirror"))
    assert [(g.zone, round(g.start, 2), round(g.seconds, 2)) for g in found] == [
        ("road", 0.0, 2.0), ("infotainment", 2.0, 1.15), ("road", 3.15, 1.1), ("rear_mirror", 4.25, 0.5),
    ]  # fmt: skip


@pytest.mark.requirement("GLA-01")
def test_GLA01_count_mean_total_and_time_off_the_road() -> None:
    told = statistics(
        of((2.0, "road"), (1.0, "infotainment"), (1.0, "road"), (2.5, "infotainment"), (1.0, "road"), (1.0, "unknown"))
    )
    assert told["areas"]["infotainment"] == {"count": 2, "mean_s": 1.75, "total_s": 3.5, "longest_s": 2.5, "over_2_s": 0.5}
    assert told["eyes_off_road_s"] == 3.5 and told["unknown_s"] == 1.0
    assert told["road_share"] == pytest.approx(4.0 / 7.5, abs=1e-4)


def test_a_flicker_does_not_make_two_glances_and_unknown_for_long_is_no_look_at_the_road() -> None:
    assert len(of((1.0, "infotainment"), (0.1, "other"), (1.0, "infotainment"))) == 1
    told = statistics(of((1.0, "road"), (5.0, "unknown")))
    assert told["eyes_off_road_s"] == 0.0 and told["road_share"] == 1.0 and told["unknown_s"] == 5.0


@pytest.mark.requirement("GLA-02")
@pytest.mark.parametrize(
    ("seconds", "broken"),
    [
        ([2.0] * 6, []),
        ([1.9] * 6 + [2.1], ["13.5 s in all"]),
        ([1.0] * 5 + [2.1], ["17% of the glances over 2 s"]),
        ([1.0] * 6 + [2.1], []),
        ([2.2, 1.9], ["mean glance 2.05 s", "50% of the glances"]),
    ],
)
def test_GLA02_mean_share_and_total(seconds: list[float], broken: list[str]) -> None:
    found = [Glance("infotainment", 10.0 * n, 10.0 * n + s) for n, s in enumerate(seconds)]
    told = task(found, "infotainment", CABIN)
    assert len(told) == len(broken) and all(text.startswith(begins) for text, begins in zip(told, broken, strict=True))


@pytest.mark.requirement("GLA-02")
def test_GLA02_a_display_that_lies_too_low() -> None:
    assert down_deg(CABIN, "infotainment") == pytest.approx(20.0, abs=1.0)
    assert task([], "lap", CABIN) == [f"display {down_deg(CABIN, 'lap'):.1f} degrees down, 28.16 are allowed"]
    assert task([], "other", CABIN) == ["display not in the vehicle file"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "states.jsonl"
    path.write_bytes(b"\n".join(encode(s) for s in run((2.0, "road"), (3.0, "infotainment"), (1.0, "road"))))
    assert main(["hil", "glances", str(path)]) == 0
    assert "infotainment           1    3.00" in capsys.readouterr().out
    assert main(["hil", "glances", str(path), "--task", "infotainment"]) == 1
    assert "task on infotainment: mean glance 3.00 s" in capsys.readouterr().out
    assert main(["hil", "glances", str(path), "--task", "infotainment", "--start", "3", "--end", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["glances"] == [{"zone": "infotainment", "start": 3.0, "seconds": 1.0}]
    assert main(["hil", "glances", str(path), "--start", "99"]) == 3
    assert "no two states" in capsys.readouterr().err
    assert main(["hil", "glances", str(path), "--task", "infotainmnt"]) == 2
    assert "has no zone infotainmnt; it has " in capsys.readouterr().err
    path.write_text("hello")
    assert main(["hil", "glances", str(path)]) == 3
    assert capsys.readouterr().err.startswith(f"dms: {path} line 1: JSON is malformed")
