"""Our chain against MediaPipe's own on the same pictures; reference points are frozen, see reference/README.md."""

import cv2
import numpy as np
import portraits
import pytest
from skimage import data

from dms.inference.engine_set import EngineSet
from dms.perception import hands
from dms.perception.face import FaceFinder
from dms.perception.face_mesh import FaceMesh, read_mesh
from dms.perception.roi import Roi
from dms.perception.settings import Settings
from dms.records.frame import Frame

VARIANTS = ("as_is", "clockwise", "anticlockwise", "small", "dark", "shifted")


def distances(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return np.linalg.norm(ours[:, :2] - theirs[:, :2], axis=1)


def variant(reference: dict, name: str) -> np.ndarray:
    """The grey picture that MediaPipe was given."""
    recipe = reference[f"{name}_recipe"]
    rgb = portraits.warped(data.astronaut(), recipe[:6].reshape(2, 3), (512, 512))
    return cv2.cvtColor(portraits.gamma(rgb, recipe[6]), cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="session")
def meshes(face_engines: dict, reference: dict) -> dict[str, FaceMesh]:
    """Without the second look in the mirror, which MediaPipe has not."""
    found = {name: FaceFinder(face_engines, Settings()).still(variant(reference, name)) for name in VARIANTS}
    regions = {name: f.mesh.roi for name, f in found.items() if f is not None and f.mesh is not None}
    return {name: read_mesh(face_engines["face_mesh"], variant(reference, name), roi) for name, roi in regions.items()}


@pytest.fixture(scope="session", params=VARIANTS)
def face(request: pytest.FixtureRequest, meshes: dict, reference: dict) -> tuple[FaceMesh, np.ndarray, np.ndarray]:
    """Our mesh of a variant; MediaPipe's points of the same grey picture and of the colour picture."""
    return meshes[request.param], reference[f"{request.param}_grey"], reference[f"{request.param}_colour"]


def test_mesh_and_irises_over_all_variants(meshes: dict, reference: dict) -> None:
    """Mean over the six pictures: mesh within a pixel of 512, irises within a quarter."""
    mesh = [distances(m.points, reference[f"{name}_grey"][:468]).mean() for name, m in meshes.items()]
    iris = [
        distances(m.irises[side], reference[f"{name}_grey"][where]).mean()
        for name, m in meshes.items()
        for side, where in portraits.IRIS.items()
    ]
    assert len(mesh) == len(VARIANTS)
    assert np.mean(mesh) <= 1.0
    assert np.mean(iris) <= 0.25


def test_mesh(face: tuple) -> None:
    """The whole chain, which chooses its region in its own way (more room for the chin, read again from the mesh)."""
    mesh, grey, colour = face
    assert distances(mesh.points, grey[:468]).mean() < 1.25
    assert distances(mesh.points, colour[:468]).mean() < 1.25


def test_mesh_in_the_same_region(request: pytest.FixtureRequest, face_engines: dict, reference: dict, face: tuple) -> None:
    """With MediaPipe's own choice of the region nothing but interpolation is left."""
    name = request.node.callspec.params["face"]
    grey = variant(reference, name)
    theirs = reference[f"{name}_grey"]
    mesh = read_mesh(face_engines["face_mesh"], grey, Roi(*reference[f"{name}_roi"]))
    assert np.median(distances(mesh.points, theirs[:468])) < 0.1  # MediaPipe overwrites lips and lids with the finer branches
    for side, where in portraits.IRIS.items():
        assert distances(mesh.irises[side], theirs[where]).mean() < 0.05
    for side, numbers in portraits.LIDS.items():
        assert distances(mesh.eye_contours[side][:16], theirs[list(numbers)]).mean() < 0.1
    assert distances(mesh.lips[20:40], theirs[list(portraits.INNER_LIPS)]).mean() < 0.1


def test_depth(face: tuple) -> None:
    mesh, grey, _ = face
    difference = mesh.points[:, 2] - grey[:468, 2]
    assert np.abs(difference - difference.mean()).mean() < 1.3


def test_irises(face: tuple) -> None:
    mesh, grey, _ = face
    centres = [distances(mesh.irises[s][:1], grey[portraits.IRIS[s]][:1]).item() for s in ("left", "right")]
    assert np.mean(centres) < 0.3
    assert np.mean([distances(mesh.irises[s], grey[portraits.IRIS[s]]).mean() for s in ("left", "right")]) < 0.3


def test_lids(face: tuple) -> None:
    mesh, grey, _ = face
    for side, numbers in portraits.LIDS.items():
        assert distances(mesh.eye_contours[side][:16], grey[list(numbers)]).mean() < 0.5


def test_lips(face: tuple) -> None:
    mesh, grey, _ = face
    assert distances(mesh.lips[20:40], grey[list(portraits.INNER_LIPS)]).mean() < 1.0


def test_sides_are_not_swapped(face: tuple) -> None:
    """The driver's own left eye stands to the right in the picture."""
    mesh, grey, _ = face
    assert mesh.irises["left"][0, 0] > mesh.irises["right"][0, 0] + 20
    assert distances(mesh.irises["left"], grey[portraits.IRIS["right"]]).min() > 20


@pytest.fixture(scope="session")
def hand_frame(reference: dict) -> Frame:
    grey = reference["hand_picture"]
    return Frame(grey=grey, t=0.0, colour=np.repeat(grey[..., None], 3, axis=2))


def test_hand_points(engines: EngineSet, reference: dict, hand_frame: Frame) -> None:
    """The same region of interest gives the same 21 points, within a pixel of 220."""
    x, y, side, angle = reference["hand_roi"]
    finder = hands.HandFinder(engines, Settings())
    hand = finder._read(hand_frame, Roi(x, y, side, angle), 0.5)
    assert hand is not None
    apart = distances(hand.points, reference["hand_points"]) * 220 / side
    assert apart.mean() < 1.0 and apart.max() < 2.0
    assert hand.right == pytest.approx(float(reference["hand_right"]), abs=0.05)
    assert hand.record().side == "left"  # the man holds the board with his left hand, to the right in the picture


def test_our_detector_leads_to_the_same_hand(engines: EngineSet, reference: dict, hand_frame: Frame) -> None:
    """Without the square that MediaPipe's palm detector gave: the same 21 points of a half-hidden hand, in grey."""
    finder = hands.HandFinder(engines, Settings())
    found = finder.still(Frame(grey=hand_frame.grey, t=0.0))
    side = reference["hand_roi"][2]
    apart = [distances(np.array(hand.landmarks_px), reference["hand_points"]).mean() / side for hand in found]
    assert min(apart) < 0.05
