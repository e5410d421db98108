"""Labels against the pixels of the same geometry, visibility, and the perfect observation."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.errors import RecordError
from dms.records.jsonl import decode_input, encode
from hil.driver.behaviour.scenario import CameraSetup, Scenario
from hil.driver.ids import EYE_WORDS, Id
from hil.driver.pose import Moment
from hil.driver.truth.fake import FakeStudio
from hil.driver.truth.geometry import Circle, View
from hil.driver.truth.labels import HandTruth, Truth, decode_truth
from hil.driver.truth.maker import Take, make_truth
from hil.driver.truth.observation import observe
from hil.driver.truth.seen import Person, Seen, Wear
from hil.driver.truth.visibility import disc_share, eye_region, eye_shares, outline_share

SCENARIO = Scenario(name="fake", about="A fake.", duration_s=8.0, fps=10.0, camera=CameraSetup(size=(640, 400)))


@pytest.fixture(scope="module")
def studio() -> FakeStudio:
    return FakeStudio(SCENARIO)


def label(studio: FakeStudio, t: float, seen: Seen | None = None, moment: Moment | None = None) -> Truth:
    moment = moment or studio.moment(t)
    seen = seen or studio.seen(moment)
    take = Take(scenario="fake", person=Person(), view=View(studio.camera, studio.cabin.camera))
    return make_truth(moment, seen, take, studio.grey(seen, 0), 0)


def test_words_of_the_id_picture_are_fixed() -> None:
    assert [i.value for i in Id] == list(range(20)) and Id.EYE == 3 and Id.PHONE == 13 and Id.BELT == 19


def test_the_pupil_label_lies_on_the_pupil_s_pixels(studio: FakeStudio) -> None:
    for t in (0.0, 0.7, 1.5):
        moment = studio.moment(t)
        seen = studio.seen(moment)
        truth = label(studio, t, seen)
        assert truth.eyes is not None
        y, x = np.nonzero(seen.ids == Id.PUPIL)
        for eye in truth.eyes.values():
            assert eye.pupil is not None and eye.iris is not None
            near = np.hypot(x - eye.pupil.centre_px[0], y - eye.pupil.centre_px[1]) < 8
            assert (x[near].mean(), y[near].mean()) == pytest.approx(eye.pupil.centre_px, abs=0.35)
            a, b = eye.pupil.radii_px
            assert near.sum() == pytest.approx(np.pi * a * b, rel=0.25)
            assert eye.iris.radii_px[0] == pytest.approx(3.0 * a, rel=0.02)  # 6 mm against 2 mm
            assert eye.visible > 0.95 and eye.pupil.visible > 0.8 and not eye.closed


def test_gaze_and_head_in_both_frames(studio: FakeStudio) -> None:
    truth = label(studio, 1.0)
    assert truth.head is not None and truth.gaze is not None
    assert truth.head.yaw_vehicle_deg == pytest.approx(studio.moment(1.0).pose.yaw_deg, abs=1e-3)
    assert truth.head.position_vehicle_mm == pytest.approx(studio.cabin.ocular_point_mm)
    assert truth.head.position_camera_mm == pytest.approx((0.0, 0.0, 650.0), abs=0.1)  # as the vehicle file says
    rotation = studio.cabin.camera.rotation()
    assert rotation @ truth.gaze.direction_camera == pytest.approx(truth.gaze.direction_vehicle, abs=1e-5)
    to_target = np.array(truth.gaze.target_camera_mm) - truth.gaze.origin_camera_mm
    assert to_target / np.linalg.norm(to_target) == pytest.approx(truth.gaze.direction_camera, abs=1e-3)


def test_a_head_straight_at_the_lens_is_all_zero(studio: FakeStudio) -> None:
    """The example camera looks up 12 degrees, so a head looking down 12 degrees looks into it."""
    moment = studio.moment(0.0)
    moment = replace(moment, pose=replace(moment.pose, yaw_deg=0.0, pitch_deg=-12.0, roll_deg=0.0))
    truth = label(studio, 0.0, moment=moment)
    assert truth.head is not None
    assert truth.head.forward_camera == pytest.approx((0.0, 0.0, -1.0), abs=1e-4)
    assert truth.head.up_camera == pytest.approx((0.0, -1.0, 0.0), abs=1e-4)
    assert (truth.head.yaw_deg, truth.head.pitch_deg, truth.head.roll_deg) == pytest.approx((0.0, 0.0, 0.0), abs=0.01)


def test_lids_close_and_open(studio: FakeStudio) -> None:
    times = np.arange(2.0, 2.35, 0.05)
    eyes = [label(studio, float(t)).eyes for t in times]
    openness = [e["left"].openness for e in eyes if e]
    assert min(openness) < 0.05 and max(openness) == 1.0
    shut = [e["left"] for e in eyes if e and e["left"].closed]
    assert shut and all(e.openness < 0.2 for e in shut)
    assert all(e.visible > 0.95 for e in shut)  # shut is not hidden: the lid is in sight


def test_crossed_lids_are_just_shut(studio: FakeStudio) -> None:
    seen = studio.seen(studio.moment(0.0))
    assert seen.head is not None
    crossed = replace(seen, head=replace(seen.head, left=replace(seen.head.left, lid_gap_mm=-3.5)))
    truth = label(studio, 0.0, crossed)
    assert truth.eyes is not None and truth.eyes["left"].lid_gap_mm == 0.0 and truth.eyes["left"].closed


def test_what_hides_an_eye_is_named(studio: FakeStudio) -> None:
    seen = studio.seen(studio.moment(0.0))
    assert seen.head is not None
    u = int(View(studio.camera, studio.cabin.camera).pixels(seen.head.left.centre)[0, 0])
    for word, name in (
        (Id.HAND, "hand"),
        (Id.HAIR, "hair"),
        (Id.LENS_OPAQUE, "glasses"),
        (Id.PHONE, "thing"),
        (Id.CLOTH, "other"),
    ):
        ids = seen.ids.copy()
        ids[:, u:] = word  # the outer half of the driver's left eye
        truth = label(studio, 0.0, replace(seen, ids=ids))
        assert truth.eyes is not None and truth.face is not None
        left, right = truth.eyes["left"], truth.eyes["right"]
        assert 0.3 < left.visible < 0.7 and right.visible > 0.95
        assert getattr(left.hidden, name) == pytest.approx(1 - left.visible, abs=0.02)
        assert (truth.face.visible < 1.0) == (word != Id.HAIR)  # brows and beard are hair and part of a face


def test_skin_that_is_nearer_hides(studio: FakeStudio) -> None:
    """A cheek or nose before the eye has the same word; only its depth tells."""
    seen = studio.seen(studio.moment(0.0))
    assert seen.depth_mm is not None
    truth = label(studio, 0.0, replace(seen, ids=np.full_like(seen.ids, Id.SKIN), depth_mm=seen.depth_mm - np.float32(30.0)))
    assert truth.eyes is not None and truth.eyes["left"].visible == 0.0 and truth.eyes["left"].hidden.itself == 1.0


def test_outside_the_picture_is_edge(studio: FakeStudio) -> None:
    moment = studio.moment(0.0)
    camera = msgspec.structs.replace(studio.camera, cx=studio.camera.cx - 1000)
    seen = studio.seen(moment)
    assert seen.head is not None
    share = eye_shares(View(camera, studio.cabin.camera), seen, seen.head.left, seen.head.rotation)
    assert share.edge == 1.0 and share.seen == 0.0


def test_id_picture_of_another_size_and_camera(studio: FakeStudio) -> None:
    """Drawn at half the size: shares stay the same."""
    small = FakeStudio(SCENARIO, size=(320, 200))
    seen = small.seen(small.moment(0.0))
    view = View(studio.camera, studio.cabin.camera, drawn=small.camera)
    assert seen.head is not None
    assert eye_shares(view, seen, seen.head.left, seen.head.rotation).seen > 0.9
    wrong = View(studio.camera, studio.cabin.camera)
    assert eye_shares(wrong, seen, seen.head.left, seen.head.rotation).seen < 0.5


def test_the_eye_s_region_is_its_opening_bulging_over_the_ball(studio: FakeStudio) -> None:
    head = studio.seen(studio.moment(1.3)).head
    assert head is not None
    points, outward = eye_region(head.left, head.rotation)
    local = (points - head.left.centre) @ head.rotation  # head axes
    assert np.abs(local[:, 2]).max() == pytest.approx(0.9 * 5.0, abs=0.1)  # the relaxed gap is 10 mm
    assert np.abs(local[:, 1]).max() == pytest.approx(0.84 * 10.0, abs=0.1)  # corners 20 mm apart
    assert np.linalg.norm(local, axis=1) == pytest.approx(13.0) and np.linalg.norm(outward, axis=1) == pytest.approx(1.0)


def test_a_disc_turned_away_shows_nothing(studio: FakeStudio) -> None:
    seen = studio.seen(studio.moment(0.0))
    assert seen.head is not None
    pupil = seen.head.left.pupil
    view = View(studio.camera, studio.cabin.camera)
    assert disc_share(view, seen, pupil, EYE_WORDS) > 0.9
    assert disc_share(view, seen, Circle(pupil.centre, -pupil.normal, pupil.radius), EYE_WORDS) == 0.0


def test_a_row_of_landmarks_counts_as_one(studio: FakeStudio) -> None:
    seen = studio.seen(studio.moment(0.0))
    assert seen.head is not None
    marks = dict(seen.head.landmarks)
    marks = {"nose_tip": marks["nose_tip"], **{f"left_upper_lid_{i}": marks["left_ear"] for i in range(9)}}
    ids = seen.ids.copy()
    ids[:, 400:] = Id.HAND  # over the ear
    truth = label(studio, 0.0, replace(seen, ids=ids, head=replace(seen.head, landmarks=marks)))
    assert truth.face is not None and truth.face.visible == truth.face.hidden.hand == 0.5
    assert sum(mark.visible for mark in truth.landmarks) == 1


def test_phone_and_hand(studio: FakeStudio) -> None:
    truth = label(studio, 5.0)
    (phone,), (hand,) = truth.things, truth.hands
    assert phone.kind == "phone" and phone.visible > 0.9 and hand.side == "right" and hand.visible > 0.5
    assert truth.hands[0].gesture == "none" and label(studio, 1.0).things == []
    assert observe(truth).objects.phone == 1.0  # type: ignore[union-attr]
    half = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 50.0], [0.0, 50.0]]) - (50.0, 0.0)
    ids = np.full((60, 60), Id.PHONE, np.uint8)
    assert outline_share(Seen(head=None, ids=ids), half, (Id.PHONE,)) == pytest.approx(0.5, abs=0.02)


def test_nobody_on_the_seat(studio: FakeStudio) -> None:
    truth = label(studio, 0.0, Seen(head=None, ids=np.zeros((400, 640), np.uint8)))
    assert not truth.present and truth.head is None and truth.eyes is None and truth.gaze is None and truth.landmarks == []
    seen = observe(truth)
    assert seen.face is not None and not seen.face.present
    assert seen.head is None and seen.gaze is None and seen.eyes is None and seen.mouth is None


def test_perfect_observation_says_nothing_of_what_is_hidden(studio: FakeStudio) -> None:
    seen = studio.seen(studio.moment(0.0))
    assert seen.head is not None
    middle = View(studio.camera, studio.cabin.camera).pixels(seen.head.position)[0].astype(int)
    ids = seen.ids.copy()
    ids[middle[1] - 15 : middle[1] + 15] = Id.LENS_OPAQUE
    observed = observe(label(studio, 0.0, replace(seen, ids=ids, wear=Wear(glasses="dark", sunglasses=True, mask="cloth"))))
    assert observed.face is not None and observed.face.present and observed.head is not None
    assert observed.gaze is None and observed.mouth is None and observed.eyes is not None
    assert {e.closed for e in observed.eyes.values()} == {None} and all((e.visible or 0) < 0.1 for e in observed.eyes.values())
    assert observed.objects is not None and observed.objects.sunglasses == 1.0 and observed.objects.mask == 1.0


def test_shut_eyes_have_no_line_of_sight(studio: FakeStudio) -> None:
    truth = label(studio, 2.15)
    assert truth.gaze is not None  # under the lids the eyes still point somewhere
    observed = observe(truth, "fake")
    assert observed.gaze is None and observed.eyes is not None and observed.eyes["left"].closed == 1.0
    assert decode_input(encode(observed)) == observed


def test_label_through_json(studio: FakeStudio) -> None:
    for t in (0.0, 2.15, 5.0):
        truth = label(studio, t)
        line = encode(truth)
        assert b'"schema":"dms.truth/1"' in line and decode_truth(line) == truth


@given(st.floats(0, 20, allow_nan=False), st.integers(0, 2**31))
def test_label_of_any_time_and_seed_through_json(t: float, seed: int) -> None:
    truth = label(FakeStudio(SCENARIO, size=(64, 64), seed=seed), t)
    assert decode_truth(encode(truth)) == truth


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"dms.truth/1"', b'"dms.truth/2"'), (b'"present":true', b'"present":"yes"'), (b'"zone":"road"', b'"zone":"moon"'),
        (b'"kss":2.0', b'"kss":12.0'), (b'"openness":1.0', b'"openness":-1.0'), (b"{", b"["), (b'"t":0.0', b'"t":NaN'),
        (b'"up_vehicle":[0.0,0.0,1.0]', b'"up_vehicle":[0.0,0.0,2.0]'),
    ],
)  # fmt: skip
def test_a_damaged_label_is_refused(studio: FakeStudio, old: bytes, new: bytes) -> None:
    line = encode(label(studio, 0.0))
    assert old in line
    with pytest.raises(RecordError, match="label: "):
        decode_truth(line.replace(old, new, 1))


def test_a_hand_has_21_finite_points() -> None:
    good = [(1.0, 2.0)] * 21
    HandTruth(side="left", points_px=good, visible=1.0, shape="fist", gesture="fist")
    with pytest.raises(RecordError, match="20 points"):
        HandTruth(side="left", points_px=good[1:], visible=1.0, shape="fist", gesture="fist")
    with pytest.raises(RecordError, match="nan"):
        HandTruth(side="left", points_px=[*good[1:], (float("nan"), 0.0)], visible=1.0, shape="fist", gesture="fist")
