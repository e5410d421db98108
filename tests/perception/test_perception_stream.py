"""Streams: following, scheduling, losing and finding again; whose face; independence of single pictures."""

import math
from collections.abc import Mapping

import numpy as np
import portraits
import pytest

from dms.inference.base import Engine, Tensors
from dms.inference.engine_set import EngineSet
from dms.perception.face_mesh import FaceMesh
from dms.perception.pipeline import Perception, Sight
from dms.perception.settings import Settings
from dms.records.frame import Frame
from dms.records.observation import Observation

FPS = 30.0
SIZE = (640, 480)


class Counted(Engine):
    """Passes runs on and keeps the frame numbers in which they happened."""

    def __init__(self, inner: Engine) -> None:
        super().__init__(inner.spec)
        self._inner = inner
        self.frames: list[int] = []
        self.now = 0

    def _infer(self, feeds: Tensors) -> Tensors:
        self.frames.append(self.now)
        return self._inner.run(feeds)


def counted(engines: Mapping[str, Engine]) -> dict[str, Counted]:
    return {slot: Counted(engine) for slot, engine in engines.items()}


def place(k: int) -> np.ndarray:
    """Where the moving portrait stands in frame ``k``: it sways, nears, and tilts by up to 25 degrees."""
    phase = 2 * math.pi * k / 60
    scale = 1.4 + 0.4 * math.sin(phase)
    angle = math.radians(25 * math.sin(2 * phase))
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    target = np.array([320 + 110 * math.sin(phase), 230 + 40 * math.cos(phase)])
    return np.c_[turn, target - turn @ portraits.eye_middles().mean(axis=0)]


def moving(k: int) -> np.ndarray:
    return portraits.noisy(portraits.warped(portraits.portrait(), place(k), SIZE), 1.0, seed=k)


EMPTY = portraits.noisy(np.full((480, 640), 70.0), 2.0)


def play(
    chain: Perception, pictures: list[np.ndarray], engines: Mapping[str, Engine] | None = None, start: int = 0
) -> list[Sight]:
    seen = []
    for k, grey in enumerate(pictures, start):
        for engine in (engines or {}).values():
            if isinstance(engine, Counted):
                engine.now = k
        seen.append(chain.see(Frame(grey=grey, t=k / FPS, index=k)))
    return seen


def eye_error(mesh: FaceMesh, matrix: np.ndarray) -> float:
    """Distance in pixels between the eyes as followed and where the warp put them, in units of the eyes' distance."""
    true = portraits.eye_middles() @ matrix[:, :2].T + matrix[:, 2]
    ours = np.array([mesh.eye_contours[s][[0, 8]].mean(axis=0) for s in ("right", "left")])
    return float(np.linalg.norm(ours - true, axis=1).max() / np.linalg.norm(true[1] - true[0]))


@pytest.fixture(scope="module")
def clip(engines: EngineSet) -> tuple[list[Sight], dict[str, Counted]]:
    wrapped = counted(engines)
    return play(Perception(wrapped), [moving(k) for k in range(75)], wrapped), wrapped


def test_the_track_holds(clip: tuple) -> None:
    sights, engines = clip
    for k, sight in enumerate(sights):
        assert sight.mesh is not None, k
        assert eye_error(sight.mesh, place(k)) < 0.06, k
    assert len(engines["face_mesh"].frames) <= 75 + 3  # once a frame, not searched again and again


def test_the_detector_looks_once_a_second(clip: tuple) -> None:
    frames = clip[1]["face_detector"].frames
    assert 3 <= len(frames) <= 4
    assert np.diff(frames).min() >= 29


def hand_searches(engines: dict) -> list[int]:
    """By our detector and by the palm detector, in turn."""
    return sorted(engines["hand_detector"].frames + engines["palm_detector"].frames)


def test_face_and_hand_search_never_in_one_frame(clip: tuple) -> None:
    assert not set(clip[1]["face_detector"].frames) & set(hand_searches(clip[1]))


def test_hand_search_at_most_five_times_a_second(clip: tuple) -> None:
    frames = hand_searches(clip[1])
    assert 10 <= len(frames) <= 13
    assert np.diff(frames).min() >= 6
    assert abs(len(clip[1]["hand_detector"].frames) - len(clip[1]["palm_detector"].frames)) <= 1


def test_roll_follows_the_tilt(clip: tuple) -> None:
    """Clockwise in the picture is towards the driver's left shoulder: roll falls."""
    for k, sight in enumerate(clip[0]):
        head = sight.observation.head
        assert head is not None and head.roll_deg is not None
        assert head.roll_deg == pytest.approx(-3.5 - 25 * math.sin(2 * 2 * math.pi * k / 60), abs=5.0)


def test_lost_and_found_again(face_engines: dict) -> None:
    chain = Perception(face_engines)
    here = [moving(k) for k in range(5)]
    sights = play(chain, here + [EMPTY] * 10 + here * 2)
    faces = [s.observation.face for s in sights]
    assert all(f is not None for f in faces)
    present = [f.present for f in faces if f is not None]
    assert present[:5] == [True] * 5 and present[5:15] == [False] * 10
    found = present[15:].index(True)
    assert found < len(Settings().zooms) and all(present[15 + found :])
    gone = sights[8].observation
    assert gone.head is None and gone.eyes is None and gone.gaze is None and gone.mouth is None


def test_reset_forgets_the_track(face_engines: dict) -> None:
    engines = counted(face_engines)
    chain = Perception(engines)
    play(chain, [moving(0), moving(1)], engines)
    chain.reset()
    before = len(engines["face_detector"].frames)
    play(chain, [moving(2)], engines, start=2)
    assert len(engines["face_detector"].frames) == before + 1


def two_people(left: float = 1.2, right: float = 1.2) -> np.ndarray:
    """The portrait twice in 1280 x 480, enlarged by ``left`` and ``right``."""
    halves = []
    for scale in (left, right):
        turn = scale * np.eye(2)
        matrix = np.c_[turn, np.array([320.0, 200.0]) - turn @ portraits.eye_middles().mean(axis=0)]
        halves.append(portraits.warped(portraits.portrait(), matrix, SIZE))
    return np.hstack(halves)


def face_x(observation: Observation) -> float:
    assert observation.face is not None and observation.face.box_px is not None
    x, _, w, _ = observation.face.box_px
    return (x + w / 2) / 1280


@pytest.mark.parametrize("independent", [True, False])
@pytest.mark.parametrize(("region", "side"), [((0.0, 0.0, 0.5, 1.0), 0.25), ((0.5, 0.0, 0.5, 1.0), 0.75)])
def test_the_face_at_the_seat_is_the_driver(face_engines: dict, region: tuple, side: float, independent: bool) -> None:
    """Even when the passenger's face is larger."""
    picture = two_people(1.2, 1.5) if side < 0.5 else two_people(1.5, 1.2)
    chain = Perception(face_engines, seat_region=region)
    for k in range(4):
        observation = chain.observe(Frame(grey=picture, t=float(k)), independent)
        assert face_x(observation) == pytest.approx(side, abs=0.06)


def test_without_a_region_the_largest_face(face_engines: dict) -> None:
    chain = Perception(face_engines)
    assert face_x(chain.observe(Frame(grey=two_people(1.0, 1.5), t=0.0), True)) > 0.5
    assert face_x(chain.observe(Frame(grey=two_people(1.5, 1.0), t=0.0), True)) < 0.5


def test_nobody_at_the_seat(face_engines: dict) -> None:
    """A passenger alone is not the driver."""
    picture = two_people()
    picture[:, 640:] = EMPTY
    chain = Perception(face_engines, seat_region=(0.5, 0.0, 0.5, 1.0))
    for independent in (True, False):
        face = chain.observe(Frame(grey=picture, t=0.0), independent).face
        assert face is not None and not face.present


def test_a_larger_driver_takes_over(face_engines: dict) -> None:
    """A track that clings to a small face behind gives way within the second."""
    alone, both = two_people(0.9, 1.5), two_people(0.9, 1.5)
    alone[:, 640:] = EMPTY
    chain = Perception(face_engines)
    assert face_x(chain.observe(Frame(grey=alone, t=0.0))) < 0.5
    seen = [chain.observe(Frame(grey=both, t=k / FPS)) for k in range(1, 40)]
    assert face_x(seen[0]) < 0.5 < face_x(seen[-1])


def test_pictures_do_not_depend_on_their_order(engines: EngineSet) -> None:
    pictures = [moving(0), EMPTY, two_people(), moving(17), portraits.with_bar(1.0, 30), moving(40)]

    def observe(order: list[int]) -> dict[int, Observation]:
        chain = Perception(engines)
        return {k: chain.observe(Frame(grey=pictures[k], t=0.0, index=k), independent=True) for k in order}

    assert observe([0, 1, 2, 3, 4, 5]) == observe([5, 2, 4, 0, 3, 1])


def test_without_hand_engines_hands_are_unknown(face_engines: dict, engines: EngineSet) -> None:
    frame = Frame(grey=portraits.portrait(), t=0.0)
    assert Perception(face_engines).observe(frame).hands is None
    assert Perception(engines).observe(frame, independent=True).hands == []


def test_a_missing_engine_is_told(face_engines: dict, caplog: pytest.LogCaptureFixture) -> None:
    """A library user gets geometry where a network is missing, and is told so once."""
    chain = Perception({slot: face_engines[slot] for slot in ("face_detector", "face_mesh", "head_pose")})
    absent = ("hand_detector", "hand_landmarks", "palm_detector", "gesture")
    assert chain.absent == ("eye_state", "gaze", *absent)
    chain.observe(Frame(grey=portraits.portrait(), t=0.0), independent=True)
    assert [r.getMessage() for r in caplog.records] == ["perception without eye_state, gaze: geometry alone answers, less surely"]
    caplog.clear()
    assert Perception(face_engines).absent == absent and not caplog.records


def test_stages_are_timed(clip: tuple) -> None:
    stages = clip[0][5].stages_ms
    assert set(stages) == {"quality", "face", "head_eyes_gaze", "hands"} and all(v >= 0 for v in stages.values())
