"""Labels of the real body against what the real renderer draws: the 3-D pupil, projected, is found in the picture."""

from collections.abc import Iterator

import numpy as np
import pytest

from dms.assessment.cabins import load_cabin
from dms.errors import BackendUnavailable
from dms.records import VehicleState
from dms.records.angles import unit
from dms.records.cabin import default_camera
from dms.runtime.graphics import probe_renderer
from hil.driver.ids import Id
from hil.driver.pose import Light, Moment, Pose, Story, head_rotation
from hil.driver.truth.from_body import seen_head
from hil.driver.truth.geometry import View
from hil.driver.truth.labels import Truth
from hil.driver.truth.maker import Take, make_truth
from hil.driver.truth.seen import Person, Seen

POSES = [(0, 0, 0, 0, -12), (1, 20, -10, 5, 8), (2, -30, 5, 0, -5), (3, 10, 12, -8, -15), (4, -15, -15, 10, 12), (5, 35, 0, 0, 5)]
"""Person, head yaw, pitch, roll, and how far the eyes look to the right of the nose."""


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Truth, Seen]]:
    """Each pose with its label; bare figure, no cabin."""
    try:
        probe_renderer()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    from hil.driver.body.figure import Figure
    from hil.driver.render.drawable import Skin
    from hil.driver.render.renderer import Renderer

    cabin = load_cabin("example_lhd")
    view = View(default_camera(1280, 800), cabin.camera)
    renderer = Renderer()
    renderer.set_driver([], Skin(belt=False))
    found = []
    for person, yaw, pitch, roll, aside in POSES:
        target = np.asarray(cabin.ocular_point_mm) + 2000.0 * head_rotation(yaw + aside, pitch, 0.0)[:, 0]
        pose = Pose(
            yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, lids=(1.15, 1.15), pupil_mm=5.0, gaze_target_mm=tuple(target.tolist())
        )
        moment = Moment(t=0.0, pose=pose, light=Light(led=0.0, ambient=0.5), vehicle=VehicleState(t=0.0), story=Story())
        posed = Figure(person, cabin).pose(pose)
        picture = renderer.render(view.camera, view.pose, posed, moment.light, ())
        seen = Seen(head=seen_head(posed), ids=picture.ids, depth_mm=picture.depth_mm)
        take = Take(scenario="golden", person=Person(), view=view)
        found.append((make_truth(moment, seen, take, np.zeros((800, 1280), np.uint8), 0), seen))
    return found


def pupils(drawn: list[tuple[Truth, Seen]]) -> Iterator[tuple[np.ndarray, float]]:
    """(offset of the drawn pupil's middle from the label, px; drawn area over the label's) of each pupil wholly in sight."""
    for truth, seen in drawn:
        y, x = np.nonzero(seen.ids == Id.PUPIL)
        for eye in (truth.eyes or {}).values():
            if eye.pupil is not None and eye.pupil.visible > 0.97:
                px, py = eye.pupil.centre_px
                a, b = eye.pupil.radii_px
                near = np.hypot(x - px, y - py) < 3 * a
                yield np.array([x[near].mean() - px, y[near].mean() - py]), near.sum() / (np.pi * a * b)


def test_drawn_pupils_lie_on_their_labels(drawn: list[tuple[Truth, Seen]]) -> None:
    offsets, areas = zip(*pupils(drawn), strict=True)
    assert len(offsets) >= 6
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.3  # a shift of half a pixel would be a wrong convention
    assert np.abs(offsets).max() < 1.0
    assert 0.9 < np.mean(areas) < 1.2  # the label's entrance pupil is paraxial, the picture's is traced


def test_the_eyes_of_a_bare_face_are_in_sight(drawn: list[tuple[Truth, Seen]]) -> None:
    for truth, _ in drawn:
        assert truth.eyes is not None and truth.face is not None and truth.face.visible > 0.6
        assert all(eye.visible > 0.6 and not eye.closed for eye in truth.eyes.values())


def test_visual_axes_meet_at_the_target(drawn: list[tuple[Truth, Seen]]) -> None:
    for truth, _ in drawn:
        assert truth.gaze is not None and truth.eyes is not None
        for eye in truth.eyes.values():
            to_target = unit(np.array(truth.gaze.target_vehicle_mm) - eye.centre_vehicle_mm)
            assert to_target @ np.array(eye.direction_visual_vehicle) > np.cos(np.radians(0.5))


def test_depth_agrees_with_the_eyes_place(drawn: list[tuple[Truth, Seen]]) -> None:
    for truth, seen in drawn:
        assert truth.eyes is not None and seen.depth_mm is not None
        for eye in truth.eyes.values():
            if eye.pupil is not None and eye.pupil.visible > 0.97:
                x, y = (round(v) for v in eye.pupil.centre_px)
                before = eye.centre_camera_mm[2] - float(seen.depth_mm[y, x])
                assert 5.0 < before < 15.0  # the pupil stands about 9 mm before the eyeball's centre, towards the camera
