"""Unusable pictures, picture rate and eyes that stay unseen, at their limits."""

from collections.abc import Iterable

import msgspec
import pytest
from steps import RULES

from dms.assessment.health import CameraWatch, picture_fault
from dms.assessment.windows import Tick
from dms.records import Image


@pytest.mark.requirement("FS-03")
@pytest.mark.parametrize(
    ("image", "said"),
    [
        (None, None), (Image(), None), (Image(mean=4.1, blocked=0.79, saturated=0.49, frozen=False), None),
        (Image(frozen=True), "picture frozen"), (Image(blocked=0.8), "camera blocked, 80% of the picture shows nothing"),
        (Image(mean=4.0), "picture dark, mean 4 of 255"), (Image(saturated=0.5), "picture over-exposed, 50% saturated"),
    ],
)  # fmt: skip
def test_why_a_picture_cannot_be_used(image: Image | None, said: str | None) -> None:
    assert picture_fault(image, RULES.camera) == said


def watch(pictures: Iterable[tuple[str | None, bool | None]], fps: float) -> CameraWatch:
    """After pictures of (fault, face without eyes)."""
    one = CameraWatch(RULES.camera)
    for n, (fault, unseen) in enumerate(pictures):
        one.step(Tick(n / fps, 1 / fps if n else 0.0, False), fault, unseen)
    return one


@pytest.mark.requirement("P-10")
@pytest.mark.parametrize(
    ("fps", "state", "countable"),
    [(4.9, "fault", False), (5.0, "degraded", False), (14.0, "degraded", False), (15.0, "degraded", True),
     (19.0, "degraded", True), (20.0, "ready", True), (60.0, "ready", True)],
)  # fmt: skip
def test_picture_rates_at_their_limits(fps: float, state: str, countable: bool) -> None:
    one = watch([(None, False)] * 80, fps)
    assert one.fps == pytest.approx(fps, rel=0.02)
    assert (one.health.state, one.blinks_countable, one.inform) == (state, countable, False)
    assert bool(one.health.reasons) == (state != "ready")


def test_no_rate_is_known_from_the_first_pictures_or_after_a_gap() -> None:
    assert watch([(None, False)] * 6, 20.0).health.state == "init" and watch([(None, False)] * 7, 20.0).health.state == "ready"
    one = watch([(None, False)] * 40, 20.0)
    one.step(Tick(3.0, 1.05, True), None, False)
    assert one.fps is None and one.health.state == "init" and not one.blinks_countable


@pytest.mark.requirement("P-10")
def test_the_rate_is_that_of_the_last_second_and_a_picture_told_twice_is_one() -> None:
    one = CameraWatch(RULES.camera)
    times_s = [n / 30 for n in range(90)] + [3.0 + n / 10 for n in range(12)]
    for before, t in zip([times_s[0], *times_s], times_s, strict=False):
        one.step(Tick(t, t - before, False), None, False)
        one.step(Tick(t, 0.0, False), None, False)
    assert one.fps == pytest.approx(10.0, abs=0.5) and not one.blinks_countable


def test_where_a_profile_informs_at_once_a_good_view_informs_of_nothing() -> None:
    at_once = msgspec.structs.replace(RULES.camera, inform_after_s=0.0)
    one = CameraWatch(at_once)
    assert not one.inform and not CameraWatch(RULES.camera).inform
    one.step(Tick(0.0, 0.0, False), None, False)
    assert not one.inform
    one.step(Tick(0.05, 0.05, False), "dark", None)
    one.step(Tick(0.1, 0.05, False), "dark", None)
    assert one.inform


@pytest.mark.requirement("FS-03", "P-11")
def test_the_driver_is_told_of_a_bad_view_after_a_second() -> None:
    assert not watch([("dark", None)] * 20, 20.0).inform and watch([("dark", None)] * 21, 20.0).inform
    assert not watch([("dark", None)] * 19 + [(None, False)] + [("dark", None)] * 5, 20.0).inform
    assert watch([("dark", None)] * 2, 20.0).health.reasons == ["dark"]
    one = watch([(None, False)] * 40, 20.0)
    one.silent(0.99)
    assert one.health.state == "fault" and not one.inform
    one.silent(1.0)
    assert one.inform
    one.step(Tick(3.1, 1.1, True), None, False)
    assert not one.inform


@pytest.mark.requirement("NV-08")
def test_eyes_that_stay_unseen_degrade_and_are_told() -> None:
    assert watch([(None, True)] * 100, 20.0).health.state == "ready"
    late = watch([(None, True)] * 101, 20.0)
    assert (late.health.state, late.inform) == ("degraded", True) and "eyes not visible for 5.0 s" in late.health.reasons
    assert watch([(None, True)] * 101 + [(None, False)] * 6, 20.0).health.state == "ready"


@pytest.mark.requirement("FS-03")
@pytest.mark.parametrize(
    ("name", "limit", "worse"),
    [
        ("blocked", "blocked_share", 1.0),
        ("saturated", "saturated_share", 1.0),
        ("mean", "dark_mean", 0.0),
        ("sharpness", "sharpness_min", 0.0),
    ],
)
def test_a_picture_at_a_limit_or_beyond_cannot_be_used(name: str, limit: str, worse: float) -> None:
    at = getattr(RULES.camera, limit)
    better = at + (at - worse) * 0.1
    assert picture_fault(Image(**{name: worse}), RULES.camera) is not None
    assert picture_fault(Image(**{name: at}), RULES.camera) is not None
    assert picture_fault(Image(**{name: better}), RULES.camera) is None


@pytest.mark.requirement("FS-03")
def test_a_lens_that_lost_its_focus_is_known_from_good_pictures() -> None:
    watch = CameraWatch(RULES.camera)
    for n in range(240):
        sharpness = 100.0 if n < 160 else 15.0
        watch.step(Tick(n / 16, 1 / 16 if n else 0.0, False), None, False, Image(sharpness=sharpness))
    assert watch.health.state != "ready" and any("blur" in reason or "sharp" in reason for reason in watch.health.reasons)
