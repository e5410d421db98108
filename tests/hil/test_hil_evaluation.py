"""Evaluation of trials: what is counted, what is refused, what the numbers mean. States are hand-made; one run is simulated."""

import json
from pathlib import Path

import msgspec
import pytest

from dms.cli.main import main
from dms.errors import RecordError
from dms.profiles import load_profile
from dms.records import TakeoverReadiness
from dms.records.jsonl import encode
from dms.records.takeover import Warning
from hil.evaluation.report import lines
from hil.evaluation.result import result_of
from hil.evaluation.run import Evaluation
from hil.evaluation.scheme import scheme
from hil.evaluation.statistics import mean, mean_lower_bound, share_lower_bound, spread
from hil.evaluation.trials import Trial, read_trials
from hil.evaluation.verdict import changes, judge

SCHEME = scheme()


def states(*warnings: tuple[float, float, str], end: float = 100.0) -> list[TakeoverReadiness]:
    """A state each 0.1 s; ``warnings``: start, end, class."""
    given = lambda t: next((name for a, b, name in warnings if a <= t < b), None)  # noqa: E731
    times = [round(0.1 * n, 1) for n in range(round(10 * end))]
    return [TakeoverReadiness(t=t, warning=Warning(class_=given(t), stage=int(given(t) is not None))) for t in times]


def verdict(trial: Trial, *warnings: tuple[float, float, str]) -> object:
    return judge(trial, changes(states(*warnings)), SCHEME)


def long(**told: object) -> Trial:
    return Trial(participant="p1", function="long", start=61.0, **told)  # type: ignore[arg-type]


@pytest.mark.requirement("NCAP-01")
@pytest.mark.parametrize(
    ("warnings", "outcome", "why"),
    [
        ([(64.0, 70.0, "long_distraction")], "passed", ""),
        ([(64.2, 70.0, "long_distraction")], "passed", ""),
        ([(64.4, 70.0, "long_distraction")], "failed", "too late"),
        ([], "failed", "no warning"),
        ([(64.0, 70.0, "short_distraction")], "failed", "no warning"),
        ([(75.0, 80.0, "long_distraction")], "failed", "no warning"),
        ([(60.0, 70.0, "long_distraction")], "failed", "warned before it began"),
        ([(70.0, 80.0, "camera")], "informed", "told that it cannot see"),
        ([(72.0, 80.0, "camera")], "failed", "no warning"),
        ([(50.0, 60.0, "camera")], "failed", "no warning"),
    ],
)
def test_NCAP01_a_warning_counts_in_time_only(warnings: list[tuple[float, float, str]], outcome: str, why: str) -> None:
    found = verdict(long(), *warnings)
    assert (found.outcome, found.why) == (outcome, why)  # type: ignore[attr-defined]


@pytest.mark.requirement("ADDW-06")
@pytest.mark.parametrize(("at", "outcome"), [(3.9, "passed"), (4.1, "failed")])
def test_ADDW06_later_than_four_seconds_is_missing(at: float, outcome: str) -> None:
    trial = Trial(participant="p1", function="low", start=61.0)
    assert verdict(trial, (61.0 + at, 80.0, "long_distraction")).outcome == outcome  # type: ignore[attr-defined]


def test_without_any_state_a_trial_has_failed() -> None:
    assert judge(long(), [], SCHEME).outcome == "failed"
    assert judge(Trial(participant="p1", function="attentive"), [], SCHEME).outcome == "failed"


def drowsy(name: str, ratings: list[tuple[float, float]], **told: object) -> Trial:
    return Trial(participant=name, function="drowsy", ratings=ratings, **told)  # type: ignore[arg-type]


@pytest.mark.requirement("DDAW-06")
def test_DDAW06_hits_misses_and_false_warnings_by_rating() -> None:
    trial = drowsy("p1", [(20.0, 5.0), (40.0, 7.5), (60.0, 8.0), (80.0, 9.0), (100.0, 4.0)])
    found = verdict(trial, (10.0, 12.0, "drowsy"), (35.0, 45.0, "drowsy"), (85.0, 90.0, "drowsy"))
    assert (found.true_positives, found.false_negatives, found.false_warnings) == (1, 1, 2)  # type: ignore[attr-defined]
    assert found.awake_s == 40.0 and found.outcome == "failed"  # type: ignore[attr-defined]


@pytest.mark.requirement("DDAW-08")
@pytest.mark.parametrize(("rating", "case"), [(5.8, False), (5.9, True), (6.26, True)])
def test_DDAW08_another_scale_by_its_stricter_mapping(rating: float, case: bool) -> None:
    found = verdict(drowsy("p1", [(50.0, rating)], scale="jds"))
    assert found.false_negatives == int(case)  # type: ignore[attr-defined]


def evaluated(sensitivities: dict[str, tuple[int, int]], lights: tuple[str, ...] = ("day", "night")) -> dict:
    """A result of people with so many hits of so many drowsy intervals in each light."""
    verdicts = []
    for name, (hits, cases) in sensitivities.items():
        for light in lights:
            ratings = [(10.0 * (n + 1), 8.0) for n in range(cases)]
            given = [(10.0 * n + 1.0, 10.0 * n + 2.0, "drowsy") for n in range(hits)]
            verdicts.append(judge(drowsy(name, ratings, conditions={"light": light}), changes(states(*given)), SCHEME))
    return result_of(verdicts, "eu_ddaw", SCHEME)


@pytest.mark.requirement("DDAW-06", "DDAW-07", "P-13")
def test_DDAW07_sensitivity_of_each_mean_spread_and_bound() -> None:
    found = evaluated({f"p{n:02d}": (n % 5 + 1, 5) for n in range(10)})
    part, each = found["drowsy"], [0.2, 0.4, 0.6, 0.8, 1.0] * 2
    assert [p["sensitivity"] for p in part["participants"]] == each and found["met"] and not found["unmet"]
    assert part["mean"] == pytest.approx(0.6) and part["std"] == pytest.approx(spread(each), abs=1e-4)
    assert part["lower_bound_90"] == pytest.approx(0.6 - 1.3830 * spread(each) / 10**0.5, abs=1e-3)  # t of 9 degrees, table
    assert found["points"]["given"]["drowsy"] == 0.35
    text = "\n".join(lines(found))
    assert "sensitivity, all: mean 60%, standard deviation 30%, lower bound 47%" in text and text.endswith("met")


@pytest.mark.requirement("DDAW-06")
def test_DDAW06_fewer_than_ten_people_prove_nothing() -> None:
    found = evaluated({f"p{n:02d}": (5, 5) for n in range(9)})
    assert not found["met"] and found["unmet"] == ["drowsy: 9 participants with a drowsy interval, 10 are asked for"]


@pytest.mark.requirement("DDAW-07")
def test_DDAW07_a_low_mean_or_bound_is_below() -> None:
    found = evaluated({f"p{n:02d}": (2, 5) for n in range(10)})
    assert not found["met"] and found["unmet"][0] == "drowsy, all: mean sensitivity 40%, over 40% is asked for"
    found = evaluated({f"p{n:02d}": (5, 5) if n < 5 else (0, 5) for n in range(10)})
    assert found["met"] and found["drowsy"]["lower_bound_90"] == pytest.approx(0.27, abs=0.01)
    found = evaluated({f"p{n:02d}": (5, 5) if n < 5 else (0, 5) for n in range(11)})
    assert found["drowsy"]["lower_bound_90"] > 0.2 and found["drowsy"]["mean"] > 0.4


@pytest.mark.requirement("DDAW-04")
def test_DDAW04_day_and_night_each_alone() -> None:
    found = evaluated({f"p{n:02d}": (5, 5) for n in range(10)}, lights=("day",))
    assert found["drowsy"]["by_light"]["day"]["mean"] == 1.0
    assert found["unmet"] == ["drowsy, night: mean sensitivity not known, over 40% is asked for"] and not found["met"]


@pytest.mark.requirement("P-20")
@pytest.mark.parametrize(("of", "proves"), [(20, 0.86), (59, 0.95), (299, 0.99)])
def test_P20_what_a_number_of_passes_proves(of: int, proves: float) -> None:
    assert share_lower_bound(of, of) == pytest.approx(proves, abs=0.001)
    assert share_lower_bound(of - 1, of) < share_lower_bound(of, of)


def test_bounds_at_their_ends() -> None:
    assert share_lower_bound(0, 9) == 0.0 and mean_lower_bound([0.5]) is None
    assert mean_lower_bound([0.2, 0.4]) == pytest.approx(mean([0.2, 0.4]) - 3.0777 * spread([0.2, 0.4]) / 2**0.5, abs=1e-3)
    assert share_lower_bound(8, 10) == pytest.approx(0.4931, abs=1e-3)  # Clopper and Pearson, one-sided 95 %


def of_locations(fails: tuple[str, ...] = (), left_out: tuple[str, ...] = ()) -> dict:
    verdicts = []
    for group in SCHEME.locations:
        for place in group.at:
            if place in left_out:
                continue
            trial = Trial(
                participant="p1", function=group.function, scenario=group.scenario, movement=group.movement, location=place,
                start=61.0, due=64.0, conditions={"eyewear": "none" if place != "glovebox" else "clear"},
            )  # fmt: skip
            name = SCHEME.functions[group.function].warnings[0]
            given = [] if place in fails else [(64.0, 70.0, name)]
            verdicts.append(judge(trial, changes(states(*given)), SCHEME))
    return result_of(verdicts, "euro_ncap_2023", SCHEME)


@pytest.mark.requirement("NCAP-13", "P-13")
def test_NCAP13_points_only_where_every_location_passed() -> None:
    whole = of_locations()
    assert len(whole["locations"]) == 43 and whole["met"]
    assert whole["points"] == {
        "given": {"long": 0.3, "short": 0.3, "phone": 0.3, "drowsy": 0.0, "microsleep": 0.0, "sleep": 0.0, "unresponsive": 0.0},
        "total": 0.9, "of": 2.0,
    }  # fmt: skip
    one = of_locations(fails=("glovebox",))
    assert one["points"]["given"]["long"] == 0.0 and one["points"]["total"] == 0.6
    assert one["unmet"] == ["long: 1 of 15 trials not passed"] and not one["met"]
    missing = of_locations(left_out=("windscreen_mount",))
    assert missing["points"]["given"]["phone"] == 0.0 and not missing["met"]
    assert missing["unmet"] == ["phone: 1 gaze locations of the table not tested, the first: advanced lizard windscreen_mount"]


@pytest.mark.requirement("FS-20", "P-13")
def test_FS20_a_cell_for_each_condition_and_function_with_counts() -> None:
    found = of_locations(fails=("glovebox",))["conditions"]["eyewear"]
    assert found["clear"]["long"] | {"delay_mean_s": 0, "delay_max_s": 0} == {
        "trials": 1, "passed": 0, "informed": 0, "failed": 1, "pass_rate_above": 0.0, "delay_mean_s": 0, "delay_max_s": 0,
    }  # fmt: skip
    assert found["none"]["long"]["passed"] == 14 and found["none"]["long"]["pass_rate_above"] == pytest.approx(0.807, abs=0.001)


@pytest.mark.requirement("P-12")
def test_P12_no_false_warning_in_thirty_hours_proves_a_tenth_an_hour() -> None:
    trial = Trial(participant="p1", function="attentive")
    quiet = judge(trial, changes([TakeoverReadiness(t=0.0), TakeoverReadiness(t=30.0 * 3600)]), SCHEME)
    found = result_of([quiet], "l3_default", SCHEME)
    assert found["met"] and found["false_warnings"] == {"count": 0, "hours": 30.0, "per_hour": 0.0, "per_hour_below": 0.0999}
    noisy = result_of(
        [quiet, verdict(trial, (5.0, 6.0, "drowsy"), *[(10.0 * n, 10.0 * n + 1, "phone") for n in (1, 2, 3)])], "x", SCHEME
    )  # type: ignore[list-item]
    assert noisy["false_warnings"]["count"] == 4 and noisy["unmet"][0].startswith("attentive: 0.133")


def trials_file(folder: Path, *rows: dict) -> Path:
    path = folder / "trials.jsonl"
    path.write_bytes(
        b"\n".join(msgspec.json.encode({"schema": "dms.trial/1", "participant": "p1", **row}) for row in rows) + b"\n\n"
    )
    return path


@pytest.mark.requirement("DDAW-06")
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"function": "long"}, "start is missing"),
        ({"function": "jump", "start": 1.0}, "no function jump"),
        ({"function": "short", "start": 1.0}, "due is missing"),
        ({"function": "long", "start": 5.0, "due": 4.0}, "not in order"),
        ({"function": "drowsy"}, "ratings need times"),
        ({"function": "drowsy", "ratings": [[5, 8], [4, 8]]}, "ratings need times"),
        ({"function": "drowsy", "ratings": [[5, 8]], "scale": "pvt"}, "no scale pvt"),
        ({"function": "long", "start": 1.0, "excluded": " "}, "excluded needs a reason"),
        ({"function": "long", "begin": 1.0}, "begin"),
    ],
)
def test_DDAW06_a_trial_that_cannot_be_judged_is_refused(row: dict, says: str, tmp_path: Path) -> None:
    with open(trials_file(tmp_path, row), "rb") as file, pytest.raises(RecordError, match=says):
        list(read_trials(file, tmp_path, SCHEME))


def test_a_file_that_cannot_be_judged_is_named_and_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trials.jsonl"
    for text, says in (("\n", "holds no trial"), ("\nrubbish\n", " line 2: ")):
        path.write_text(text)
        assert main(["hil", "evaluate", str(path)]) == 3
        assert f"{path} {says.strip()}" in capsys.readouterr().err
    (tmp_path / "states.jsonl").write_text('{"schema":"dms.state/1"\n')
    path = trials_file(tmp_path, {"function": "long", "start": 61.0, "file": "states.jsonl"})
    assert main(["hil", "evaluate", str(path)]) == 3
    assert f"{tmp_path / 'states.jsonl'} line 1: " in capsys.readouterr().err


@pytest.mark.requirement("DDAW-06", "P-13")
def test_DDAW06_the_command_tells_every_exclusion_and_refuses_a_silent_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.jsonl").write_bytes(b"\n".join(encode(s) for s in states((64.0, 70.0, "long_distraction"))))
    good = {"function": "long", "start": 61.0, "file": "good.jsonl"}
    lost = {"function": "long", "start": 61.0, "file": "lost.jsonl"}
    assert main(["hil", "evaluate", str(trials_file(tmp_path, good, lost))]) == 3
    assert "lost.jsonl cannot be read" in capsys.readouterr().err
    excluded = {**lost, "excluded": "camera cable loose"}
    assert main(["hil", "evaluate", str(trials_file(tmp_path, good, excluded))]) == 1
    out = capsys.readouterr().out.splitlines()
    assert "excluded: p1 long : camera cable loose" in out and out[-1] == "not met"
    assert main(["hil", "evaluate", str(trials_file(tmp_path, {**good, "function": "low"})), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["functions"]["low"]["passed"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["x", "--synthetic", "1"], 2),
        (["--synthetic", "0"], 2),
        (["--synthetic", "1", "--functions", "jump"], 2),
        (["none"], 3),
    ],
)
def test_mistakes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hil", "evaluate", *arguments]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_synthetic_participants_go_through_the_whole_core_and_are_the_same_every_time() -> None:
    evaluation = Evaluation(load_profile("euro_ncap_2023"), SCHEME, None)
    verdicts = list(evaluation.of_synthetic(2, 1, ["microsleep", "sleep"]))
    assert [(v.trial.participant, v.trial.function) for v in verdicts] == [
        ("p01", "microsleep"), ("p01", "sleep"), ("p02", "microsleep"), ("p02", "sleep"),
    ]  # fmt: skip
    assert sum(v.outcome == "passed" for v in verdicts) >= 2  # readings are as far off as measured, so not all need to
    assert next(evaluation.of_synthetic(1, 1, ["sleep"])) == verdicts[1]  # whatever else is tried
