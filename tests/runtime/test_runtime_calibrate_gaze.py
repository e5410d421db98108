"""Few-point gaze calibration: from observations at known points to a driver file, or one clear line why not."""

import math
import random
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import load_cabin
from dms.errors import DmsError, InputError, UsageError
from dms.records import Eye, Face, Gaze, Head, Observation
from dms.records.angles import direction_from
from dms.records.cabin import decode_driver
from dms.records.head_axes import head_axes
from dms.records.jsonl import encode
from dms.runtime.calibrate_gaze import baseline, collect_at, driver_file, report
from dms.runtime.fit_gaze import MIN_READINGS, Readings, fit_gaze
from dms.runtime.gaze_targets import Target, aim_of, check_targets, decode_targets, parse_point

CABIN = load_cabin("example_lhd")
OPEN = Eye(visible=0.98, openness=0.95, closed=0.01)
SHUT = Eye(visible=0.98, openness=0.02, closed=0.98)
EYES_MM = (0.0, 0.0, 650.0)
NOSE = tuple(float(v) for v in direction_from(2.0, 8.0))
POINTS = ("lens", "ahead", "rear_mirror", "driver_mirror", "cluster", "infotainment")


def spans(names: Sequence[str], seconds: float = 2.0) -> list[Target]:
    return [Target(at=name, start=3.0 * i, end=3.0 * i + seconds) for i, name in enumerate(names)]


class Man:
    """Reads ``(truth - offset) / gain``, so that ``gain * reading + offset`` is the truth."""

    def __init__(self, yaw: tuple[float, float], pitch: tuple[float, float], noise: float = 1.0, eyes: Eye = OPEN) -> None:
        self._yaw, self._pitch, self._noise, self._eyes = yaw, pitch, noise, eyes
        self._random = random.Random(4)

    def looks_at(self, target: Target, fps: float = 20.0, off: tuple[float, float] = (0.0, 0.0)) -> list[Observation]:
        return [self._picture(target, target.start + n / fps, off) for n in range(round((target.end - target.start) * fps))]

    def _picture(self, target: Target, t: float, off: tuple[float, float]) -> Observation:
        head = Head(forward_camera=NOSE, up_camera=(0.0, -1.0, 0.0), position_camera_mm=EYES_MM)
        axes = head_axes(head)
        assert axes is not None
        direction = aim_of(target, CABIN)(Observation(t=t, head=head))
        assert direction is not None
        yaw, pitch = axes.angles_deg(tuple(direction))
        noise = self._random.gauss
        yaw = (yaw + off[0] - self._yaw[1]) / self._yaw[0] + noise(0, self._noise)
        pitch = (pitch + off[1] - self._pitch[1]) / self._pitch[0] + noise(0, self._noise)
        gaze = Gaze(direction_camera=axes.direction_camera(yaw, pitch), origin_camera_mm=EYES_MM)
        eyes = {"left": self._eyes, "right": self._eyes}
        return Observation(t=t, face=Face(present=True), head=head, gaze=gaze, eyes=eyes)


def readings_of(man: Man, names: Sequence[str]) -> list[Readings]:
    targets = spans(names)
    return collect_at([o for target in targets for o in man.looks_at(target)], targets, CABIN)


PLAIN = ((1.0, 4.0), (1.0, -6.0))


@pytest.mark.parametrize("names", [("lens",), ("ahead", "rear_mirror"), ("lens", "ahead", "cluster"), POINTS])
def test_a_constant_error_is_an_offset_whatever_the_number_of_points(names: tuple[str, ...]) -> None:
    readings = readings_of(Man(*PLAIN), names)
    found, fit = baseline(readings, "anna"), fit_gaze(readings)
    assert (found.gaze_yaw_deg, found.gaze_pitch_deg) == pytest.approx((4.0, -6.0), abs=0.6)
    assert (found.gaze_yaw_gain, found.gaze_pitch_gain) == (1.0, 1.0)
    assert fit.points == len(names) and fit.residual_deg < 0.6 and 0.5 < fit.spread_deg < 2.0
    assert (fit.left_out_deg is None) == (len(names) == 1)
    assert 3.0 <= found.gaze_std_deg <= 5.3


def test_more_points_leave_less_uncertainty() -> None:
    stds = [baseline(readings_of(Man(*PLAIN), POINTS[:n]), "anna").gaze_std_deg for n in (1, 2, 6)]
    assert stds == sorted(stds, reverse=True) and stds[0] - stds[2] > 1.0


def test_gains_come_with_well_spread_points_and_correct_the_reading() -> None:
    man = Man((1.25, 3.0), (0.8, -5.0))
    found = baseline(readings_of(man, POINTS), "anna")
    assert (found.gaze_yaw_gain, found.gaze_pitch_gain) == pytest.approx((1.25, 0.8), abs=0.08)
    assert found.corrected(20 / 1.25, 10 / 0.8) == pytest.approx((23.0, 5.0), abs=1.2)


def test_a_gain_is_tied_to_its_axis() -> None:
    """Points that differ in yaw only tell nothing about the gain of the pitch."""
    targets = [Target(direction_camera=tuple(direction_from(y, 8.0)), start=3.0 * i, end=3.0 * i + 2) for i, y in enumerate((-30, -10, 10, 30))]  # fmt: skip  # noqa: E501
    man = Man((1.3, 0.0), (0.7, 2.0))
    fit = fit_gaze(collect_at([o for t in targets for o in man.looks_at(t)], targets, None))
    assert fit.yaw.gain == pytest.approx(1.3, abs=0.1) and fit.pitch.gain == 1.0


def test_points_in_a_heap_and_one_far_away_tell_no_gain() -> None:
    angles = [(0.0, 8.0), (1.0, 8.5), (-1.0, 9.0), (0.5, 7.0), (25.0, 8.0)]
    targets = [Target(direction_camera=tuple(direction_from(*a)), start=3.0 * i, end=3.0 * i + 2) for i, a in enumerate(angles)]
    fit = fit_gaze(collect_at([o for t in targets for o in Man((1.2, 0.0), (1.0, 0.0)).looks_at(t)], targets, None))
    assert fit.yaw.gain == 1.0


@pytest.mark.parametrize("gain", [0.3, 3.0])
def test_gains_are_clamped_or_the_points_refused(gain: float) -> None:
    try:
        found = baseline(readings_of(Man((gain, 0.0), (1.0, 0.0), noise=0.3), POINTS), "anna")
    except InputError:
        return
    assert 0.5 <= found.gaze_yaw_gain <= 2.0


def test_the_head_offset_comes_from_points_people_turn_to() -> None:
    frontal = baseline(readings_of(Man(*PLAIN), ("lens",)), "anna")
    assert (frontal.head_yaw_deg, frontal.head_pitch_deg) == pytest.approx((-2.0, -8.0), abs=0.1)
    mirrors = baseline(readings_of(Man(*PLAIN), ("rear_mirror", "driver_mirror")), "anna")
    assert (mirrors.head_yaw_deg, mirrors.head_pitch_deg) == (0.0, 0.0)


def test_outliers_at_a_point_do_not_move_it() -> None:
    targets = spans(("lens",), 4.0)
    seen = Man(*PLAIN).looks_at(targets[0])
    stray = Man(*PLAIN).looks_at(targets[0], off=(40.0, 20.0))
    found = baseline(collect_at([*seen[:60], *stray[60:]], targets, CABIN), "anna")
    assert (found.gaze_yaw_deg, found.gaze_pitch_deg) == pytest.approx((4.0, -6.0), abs=0.6)


def refusal(observations: list[Observation], targets: list[Target]) -> str:
    with pytest.raises(InputError) as caught:
        baseline(collect_at(observations, targets, CABIN), "anna")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nonsense_is_refused_in_one_line() -> None:
    lens, two = spans(("lens",)), spans(("lens", "rear_mirror"))
    assert "only 0 of 40 frames" in refusal(Man(*PLAIN, eyes=SHUT).looks_at(lens[0]), lens)
    assert "only 0 of 40 frames" in refusal(Man(*PLAIN, eyes=Eye(visible=0.1)).looks_at(lens[0]), lens)
    assert f"{MIN_READINGS} are needed" in refusal(Man(*PLAIN).looks_at(lens[0])[:20], lens)
    assert "at rear_mirror" in refusal(Man(*PLAIN).looks_at(two[0]), two)
    assert "wanders" in refusal(Man(*PLAIN, noise=15.0).looks_at(lens[0]), lens)
    assert "cannot be" in refusal(Man((1.0, 30.0), (1.0, 0.0)).looks_at(lens[0]), lens)


def test_a_point_that_was_not_looked_at_is_named() -> None:
    targets = spans(("lens", "ahead", "rear_mirror", "cluster"))
    seen = [o for t in targets for o in Man(*PLAIN).looks_at(t, off=(25.0, 0.0) if t.at == "rear_mirror" else (0.0, 0.0))]
    assert "point rear_mirror is" in refusal(seen, targets)


def test_two_points_that_contradict_each_other_are_refused() -> None:
    targets = spans(("lens", "ahead"))
    seen = [o for t in targets for o in Man(*PLAIN).looks_at(t, off=(12.0, 0.0) if t.at == "ahead" else (0.0, 0.0))]
    assert "off what the other points say" in refusal(seen, targets)


def test_the_same_point_told_in_each_frame_is_the_same_direction() -> None:
    box = next(box for box in CABIN.zones if box.zone == "rear_mirror")
    middle = (np.array(box.low_mm) + np.array(box.high_mm)) / 2
    in_camera = CABIN.camera.rotation().T @ (middle - CABIN.camera.position_mm)
    seen = Observation(t=0.0, head=Head(forward_camera=(0, 0, -1), up_camera=(0, -1, 0), position_camera_mm=EYES_MM))
    told = [{"at": "rear_mirror"}, {"vehicle_mm": tuple(middle)}, {"camera_mm": tuple(in_camera)}]
    directions = [aim_of(Target(start=0.0, end=1.0, **how), CABIN)(seen) for how in told]  # type: ignore[arg-type]
    assert directions[0] == pytest.approx(directions[1]) and directions[0] == pytest.approx(directions[2])
    lens = aim_of(Target(at="lens", start=0.0, end=1.0), None)
    assert lens(seen) == pytest.approx((0, 0, -1)) and lens(Observation(t=0.0)) is None


def test_points_of_the_command_line() -> None:
    assert parse_point("rear_mirror:4-6.5") == Target(at="rear_mirror", start=4.0, end=6.5)
    assert parse_point("vehicle=2100,370,-9.5:7-9") == Target(vehicle_mm=(2100.0, 370.0, -9.5), start=7.0, end=9.0)
    assert parse_point("camera=0,-100,5:0-1").camera_mm == (0.0, -100.0, 5.0)
    for text in ("lens", "lens:3", "lens:5-3", ":1-2", "vehicle=1,2:0-1", "moon=1,2,3:0-1", "camera=nan,0,0:0-1", "lens:0-inf"):
        if text == "lens:0-inf":
            assert parse_point(text).end == math.inf
            continue
        with pytest.raises(UsageError, match="--point"):
            parse_point(text)


def test_targets_of_a_file() -> None:
    text = b"targets:\n- {at: lens, start: 0, end: 2}\n- {direction_camera: [0, 0, -2], start: 3, end: 5}\n"
    assert [target.name for target in decode_targets(text, "t.yaml")] == ["lens", "direction_camera=0,0,-2"]
    for bad in (b"targets: 3", b"points: []", b"targets: [{at: lens, start: 0}]", b"targets: [{start: 0, end: 1}]", b"[", b"\xff",
                b"targets: [{at: lens, camera_mm: [0, 0, 0], start: 0, end: 1}]"):  # fmt: skip
        with pytest.raises(InputError, match=r"^t\.yaml is not a usable targets file"):
            decode_targets(bad, "t.yaml")


@pytest.mark.parametrize(
    ("targets", "cabin", "kind", "words"),
    [
        ([Target(at="lens", start=0, end=2), Target(at="ahead", start=1, end=3)], True, UsageError, "overlap"),
        ([Target(at="ahead", start=0, end=2)], False, UsageError, "--vehicle"),
        ([Target(vehicle_mm=(0, 0, 0), start=0, end=2)], False, UsageError, "--vehicle"),
        ([Target(at="moon", start=0, end=2)], True, InputError, "no point moon"),
        ([Target(at="road", start=0, end=2)], True, InputError, "use ahead"),
        ([Target(at="driver_window", start=0, end=2)], True, InputError, "no point to look at"),
    ],
)
def test_targets_that_cannot_be_meant(targets: list[Target], cabin: bool, kind: type[DmsError], words: str) -> None:
    with pytest.raises(kind, match=words):
        check_targets(targets, CABIN if cabin else None)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(*[st.floats(-180, 180)] * 4), min_size=0, max_size=40).map(
            lambda rows: Readings("p", [r[:2] for r in rows], [r[2:] for r in rows], [], len(rows))
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_was_read_gives_a_lawful_file_or_one_line(readings: list[Readings]) -> None:
    try:
        fit = fit_gaze(readings)
    except InputError as error:
        text = str(error)
    else:
        text = report(fit)
        found = driver_file(fit, readings, "x")
        assert decode_driver(msgspec.yaml.encode(found), "x") == found
    assert "\n" not in text


def test_observation_records_give_a_driver_file_at_the_command_line(dms, tmp_path) -> None:
    targets = spans(POINTS)
    lines = [encode(o) for target in targets for o in Man((1.2, 3.0), (1.0, -5.0)).looks_at(target)]
    (tmp_path / "seen.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    points = [word for target in targets for word in ("--point", f"{target.at}:{target.start:g}-{target.end:g}")]
    command = ("calibrate", "gaze", tmp_path / "seen.jsonl", "--vehicle", "example_lhd", "--name", "anna")
    result = dms(*command, *points, "--out", tmp_path / "anna.yaml")
    assert result.code == 0, result.err
    assert "6 points" in result.out and "residual" in result.out and "spread" in result.out
    found = decode_driver((tmp_path / "anna.yaml").read_bytes(), "anna.yaml")
    assert found.gaze_yaw_gain == pytest.approx(1.2, abs=0.08) and found.name == "anna"
    listed = "".join(f"- {{at: {target.at}, start: {target.start}, end: {target.end}}}\n" for target in targets)
    (tmp_path / "t.yaml").write_text("targets:\n" + listed)
    again = dms(*command, "--targets", tmp_path / "t.yaml")
    assert again.code == 0 and decode_driver(again.out.encode(), "stdout") == found and "6 points" in again.err


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--point", "cluster:0-2"], 2, "--vehicle"),
        (["--point", "lens:2-0"], 2, "--point"),
        (["--point", "lens:0-2", "--start", "1"], 2, "--start"),
        (["--point", "lens:0-2", "--point", "camera=0,0,0:1-3"], 2, "overlap"),
        (["--targets", "none.yaml"], 3, "none.yaml"),
        (["--point", "moon:0-2", "--vehicle", "example_lhd"], 3, "moon"),
        (["--point", "lens:50-52"], 3, "only 0 of 0 frames"),
    ],
)
def test_mistakes_at_the_command_line_are_one_line(dms, tmp_path, monkeypatch, more: list[str], code: int, words: str) -> None:
    monkeypatch.chdir(tmp_path)
    target = spans(("lens",))[0]
    (tmp_path / "seen.jsonl").write_bytes(b"\n".join(encode(o) for o in Man(*PLAIN).looks_at(target)) + b"\n")
    result = dms("calibrate", "gaze", "seen.jsonl", *more)
    assert (result.code, words in result.complaint) == (code, True), result.complaint
    assert result.out == ""
