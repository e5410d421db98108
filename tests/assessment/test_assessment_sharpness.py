"""Blur: told by the camera's own usual sharpness within a second, and never by a scene that merely changes a little."""

import pytest

from dms.assessment.health import CameraWatch, picture_fault
from dms.assessment.sharpness import SharpnessWatch
from dms.assessment.windows import Tick
from dms.profiles import load_profile
from dms.records import Image

RULES = load_profile("l3_default").rules.camera
DT = 1 / 30


def drive(watch, seconds, level, start=0.0, wiggle=0.0):
    """Steps at 30 pictures a second; gives the first time at which it was called blurred."""
    first = None
    for k in range(int(seconds / DT)):
        t = start + k * DT
        watch.step(Tick(t, DT, False), level * (1.0 + wiggle * (-1) ** k))
        first = t if first is None and watch.blurred else first
    return first


@pytest.mark.requirement("FS-03")
@pytest.mark.parametrize("share", [0.02, 0.1, 0.19])
def test_a_lens_that_goes_blind_is_told_within_a_second_and_forgotten_when_it_is_well(share):
    watch = SharpnessWatch(RULES)
    assert drive(watch, 20.0, 900.0, wiggle=0.2) is None
    noticed = drive(watch, 3.0, 900.0 * share, 20.0)
    assert noticed is not None and 0.4 < noticed - 20.0 < 1.0
    assert str(watch.blurred).endswith("% of the usual sharpness")
    assert drive(watch, 0.2, 900.0, 23.0) is None


@pytest.mark.parametrize("share", [0.35, 0.6, 2.0])
def test_another_scene_is_no_blur(share):
    watch = SharpnessWatch(RULES)
    drive(watch, 20.0, 900.0)
    assert drive(watch, 60.0, 900.0 * share, 20.0) is None


def test_one_odd_picture_neither_blurs_nor_becomes_the_usual():
    watch = SharpnessWatch(RULES)
    drive(watch, 10.0, 300.0)
    watch.step(Tick(10.0, DT, False), 30.0)
    assert watch.blurred is None
    watch.step(Tick(10.0 + DT, DT, False), 9000.0)
    assert drive(watch, 5.0, 300.0, 10.1) is None


def test_what_was_not_measured_says_nothing():
    watch = SharpnessWatch(RULES)
    drive(watch, 5.0, 300.0)
    for k in range(60):
        watch.step(Tick(5.0 + k * DT, DT, False), None)
    assert watch.blurred is None


@pytest.mark.requirement("FS-03")
def test_blur_is_published_as_degraded_and_a_picture_without_any_edge_as_blocked():
    watch = CameraWatch(RULES)
    for k in range(120):
        image = Image(mean=80.0, sharpness=400.0 if k < 60 else 40.0, blocked=0.0)
        watch.step(Tick(k * DT, DT if k else 0.0, False), picture_fault(image, RULES), False, image)
        if k == 59:
            assert watch.health.state == "ready"
    assert watch.health.state == "degraded" and watch.health.reasons[0].startswith("picture blurred, ")
    assert picture_fault(Image(mean=80.0, sharpness=3.0, blocked=0.3), RULES) == "picture blurred, sharpness 3"
