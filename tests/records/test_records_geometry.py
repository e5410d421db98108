"""Angle conventions, camera and cabin files, frames."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dms.errors import InputError, RecordError
from dms.records import Frame
from dms.records.angles import direction_from, roll_deg, unit, yaw_pitch_deg
from dms.records.cabin import Camera, CameraPose, decode_cabin, decode_camera, decode_driver, default_camera
from dms.resources import shipped

INTO_THE_LENS = np.array([0.0, 0.0, -1.0])
UP = np.array([0.0, -1.0, 0.0])

# The camera faces the driver: the driver's right is the picture's left (-x), up is -y, towards the camera is -z.
RIGHT, TOP, NEAR = np.array([-1.0, 0.0, 0.0]), np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, -1.0])


def test_straight_at_the_camera_all_angles_are_zero() -> None:
    assert yaw_pitch_deg(INTO_THE_LENS) == (0.0, 0.0)
    assert roll_deg(INTO_THE_LENS, UP) == 0.0


@pytest.mark.parametrize(
    ("direction", "yaw", "pitch"),
    [
        (NEAR + RIGHT, 45.0, 0.0),
        (NEAR - RIGHT, -45.0, 0.0),
        (NEAR + TOP, 0.0, 45.0),
        (NEAR - TOP, 0.0, -45.0),
        (RIGHT, 90.0, 0.0),
        (NEAR * math.sqrt(3) + RIGHT, 30.0, 0.0),
        (2.0 * (NEAR + RIGHT), 45.0, 0.0),
    ],
)
def test_yaw_is_positive_to_the_drivers_right_and_pitch_up(direction: np.ndarray, yaw: float, pitch: float) -> None:
    assert yaw_pitch_deg(direction) == pytest.approx((yaw, pitch))


@given(yaw=st.floats(-179, 179), pitch=st.floats(-89, 89))
def test_angles_and_directions_are_inverse(yaw: float, pitch: float) -> None:
    direction = direction_from(yaw, pitch)
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    assert yaw_pitch_deg(direction) == pytest.approx((yaw, pitch), abs=1e-6)
    expected = math.cos(math.radians(pitch)) * (math.cos(math.radians(yaw)) * NEAR + math.sin(math.radians(yaw)) * RIGHT)
    assert direction == pytest.approx(expected + math.sin(math.radians(pitch)) * TOP, abs=1e-12)


@given(roll=st.floats(-80, 80), yaw=st.floats(-60, 60), pitch=st.floats(-60, 60))
def test_roll_is_positive_towards_the_drivers_right_shoulder(roll: float, yaw: float, pitch: float) -> None:
    """A head turned by yaw, then pitch, then rolled about its own nose."""
    y, p, r = (math.radians(v) for v in (yaw, pitch, roll))
    forward = direction_from(yaw, pitch)
    side = math.cos(y) * RIGHT - math.sin(y) * NEAR
    level_up = math.cos(p) * TOP - math.sin(p) * (math.cos(y) * NEAR + math.sin(y) * RIGHT)
    up = math.cos(r) * level_up + math.sin(r) * side  # the head's top leans to the driver's right
    assert roll_deg(forward, up) == pytest.approx(roll, abs=1e-6)


def test_unit_has_length_one() -> None:
    assert unit(np.array([3.0, 0.0, 4.0])) == pytest.approx([0.6, 0.0, 0.8])


vectors = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: math.hypot(*v) > 0.1)


@given(forward=vectors, up=vectors)
def test_camera_pose_gives_a_rotation(forward: tuple[float, float, float], up: tuple[float, float, float]) -> None:
    assume(np.linalg.norm(np.cross(forward, up)) > 0.05)
    turn = CameraPose(position_mm=(0.0, 0.0, 0.0), forward=forward, up=up).rotation()
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1.0)
    assert turn @ [0.0, 0.0, 1.0] == pytest.approx(np.array(forward) / math.hypot(*forward))
    assert (turn @ [0.0, -1.0, 0.0]) @ np.array(up) > 0  # the picture's up shows up


def test_camera_that_looks_back_at_the_driver() -> None:
    """Vehicle frame: x forward, y left, z up. Looking back, the picture's right is the car's left."""
    turn = CameraPose(position_mm=(900.0, 0.0, 0.0), forward=(-1.0, 0.0, 0.0)).rotation()
    assert turn @ [1.0, 0.0, 0.0] == pytest.approx([0.0, 1.0, 0.0])
    assert turn @ INTO_THE_LENS == pytest.approx([1.0, 0.0, 0.0])


def test_camera_is_scaled_with_the_picture() -> None:
    camera = Camera(fx=1000, fy=900, cx=640, cy=400, width=1280, height=800)
    half = camera.scaled(640, 400)
    assert (half.fx, half.fy, half.cx, half.cy, half.width, half.height) == (500, 450, 320, 200, 640, 400)
    assert camera.scaled(1280, 800) is camera
    unsized = Camera(fx=1000, fy=900, cx=640, cy=400)
    assert unsized.scaled(640, 400) is unsized


@pytest.mark.requirement("ACC-09")
def test_default_camera_sees_41_degrees() -> None:
    camera = default_camera(640, 480)
    assert math.degrees(2 * math.atan(320 / camera.fx)) == pytest.approx(41.0)
    assert (camera.cx, camera.cy) == (320, 240)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "cam.json is not a usable camera file"),
        (b"fx: [", "cam.json is not a usable camera file"),
        (b"\xff\xfe\x00", "cam.json is not a usable camera file"),
        (b'{"fx": 800, "fy": 800, "cx": 320}', "cy"),
        (b'{"fx": "wide", "fy": 800, "cx": 320, "cy": 240}', "fx"),
        (b'{"fx": 0, "fy": 800, "cx": 320, "cy": 240}', "fx"),
        (b'{"fx": -800, "fy": 800, "cx": 320, "cy": 240}', "fx"),
        (b"{fx: 800, fy: .nan, cx: 320, cy: 240}", "fy"),
        (b"{fx: 800, fy: 800, cx: .inf, cy: 240}", "cx"),
        (b'{"fx": 800, "fy": 800, "cx": 320, "cy": 240, "distortion": "none"}', "distortion"),
        (b"", "cam.json is not a usable camera file"),
        (b"a: 1\n\tb: 2", "cam.json is not a usable camera file"),
    ],
)
def test_camera_file_that_cannot_be_is_one_line(text: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_camera(text, "cam.json")
    text_of = str(caught.value)
    assert words in text_of and text_of.startswith("cam.json is not a usable camera file: ") and "\n" not in text_of


def test_cabin_file_errors_name_file_and_field() -> None:
    good = shipped("calibration", "vehicles", "example_lhd.yaml").read_bytes()
    assert decode_cabin(good, "lhd").drive == "lhd"
    for old, new, words in [
        (b"drive: lhd", b"drive: middle", "drive"),
        (b"zone: road", b"zone: roadside", "roadside"),
        (b"seat_region", b"seat", "unknown field `seat`"),
        (b"zones:", b"zones: 3\nothers:", "zones"),
        (b"forward:", b"forward: [.nan, 0, 0]\n  #", "forward"),
        (b"forward:", b"forward: [0, 0, 0]\n  #", "forward"),
        (b"forward:", b"forward: [0, 0, 2]\n  #", "different directions"),
        (b"position_mm:", b"position_mm: [0, .inf, 2]\n  #", "position_mm"),
        (b"ocular_point_mm:", b"ocular_point_mm: [0, .nan, 2]\n#", "ocular_point_mm"),
        (b"seat_region:", b"seat_region: [0, 0, 1.5, 1]\n#", "seat_region"),
        (b"seat_region:", b"seat_region: [0, 0, .nan, 1]\n#", "seat_region"),
    ]:
        assert old in good
        with pytest.raises(InputError, match=r"^car\.yaml is not a usable vehicle file") as caught:
            decode_cabin(good.replace(old, new, 1), "car.yaml")
        assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"gaze_yaw_deg": 26},
        {"gaze_yaw_gain": 2.5},
        {"gaze_pitch_gain": 0.4},
        {"gaze_std_deg": 0},
        {"gaze_std_deg": ".nan"},
        {"extra": 1},
        {"name": 3},
    ],
)
def test_driver_file_errors(change: dict[str, object]) -> None:
    values = {"name": "anna", "gaze_yaw_deg": 3.0, "gaze_pitch_deg": -2.0, "gaze_std_deg": 5.0}

    def text(items: dict[str, object]) -> bytes:
        return "\n".join(f"{k}: {v}" for k, v in items.items()).encode()

    assert decode_driver(text(values), "anna.yaml").gaze_yaw_deg == 3.0
    with pytest.raises(InputError, match=r"^anna\.yaml is not a usable driver file"):
        decode_driver(text({**values, **change}), "anna.yaml")


@pytest.mark.parametrize("t", [math.nan, math.inf, -math.inf])
def test_frame_needs_a_finite_time(t: float) -> None:
    with pytest.raises(RecordError, match="not a finite number"):
        Frame(np.zeros((4, 4), np.uint8), t)


@pytest.mark.parametrize(
    ("grey", "colour"),
    [
        (np.zeros((4, 4), np.uint16), None),
        (np.zeros((4, 4), np.float32), None),
        (np.zeros((4, 4, 3), np.uint8), None),
        (np.zeros((0, 4), np.uint8), None),
        ([[0]], None),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 5, 3), np.uint8)),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.uint8)),
    ],
)
def test_frame_refuses_what_is_no_8_bit_picture(grey: np.ndarray, colour: np.ndarray | None) -> None:
    with pytest.raises(RecordError):
        Frame(grey, 0.0, colour=colour)


def test_frame_knows_its_size() -> None:
    frame = Frame(np.zeros((480, 640), np.uint8), 1.0)
    assert (frame.width, frame.height, frame.index, frame.counter) == (640, 480, 0, 0)
