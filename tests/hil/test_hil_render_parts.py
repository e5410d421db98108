"""Drawing without a GPU: contract, cameras, cabin, grouping."""

from dataclasses import replace

import numpy as np
import pytest

from dms.records.cabin import Camera, CameraPose, decode_cabin
from dms.resources import shipped
from hil.driver.ids import Id
from hil.driver.render.cabin import interior_meshes
from hil.driver.render.chunks import Chunks
from hil.driver.render.drawable import Follow, Material, Mesh, Skin, leds_beside, smooth_normals
from hil.driver.render.edges import softened
from hil.driver.render.interior import interior_of
from hil.driver.render.projection import clip_matrix, crop, depth_mm, ray_matrix
from hil.driver.render.shaders import _INCLUDES, FOLDER, source
from hil.driver.render.textures import iris, landscape, noise, strands
from hil.driver.render.uniforms import two_stand_for_all
from hil.driver.truth.geometry import View

CAMERA = Camera(fx=850.0, fy=870.0, cx=311.3, cy=251.9, width=640, height=480)
POSE = CameraPose(position_mm=(2100.0, 300.0, 1100.0), forward=(-0.95, 0.1, 0.2), up=(0.05, 0.1, 1.0))


def _clip_pixels(camera: Camera, points: np.ndarray) -> np.ndarray:
    at = np.c_[points, np.ones(len(points))] @ clip_matrix(camera, POSE).T
    ndc = at[:, :2] / at[:, 3:]
    return (ndc + 1) / 2 * (camera.width, camera.height) - 0.5


@pytest.fixture(scope="module")
def points() -> np.ndarray:
    return np.random.default_rng(1).uniform((1000, 0, 900), (1700, 700, 1500), (50, 3))


def test_clip_matrix_is_the_pinhole_camera(points: np.ndarray) -> None:
    assert np.abs(_clip_pixels(CAMERA, points) - View(CAMERA, POSE).pixels(points)).max() < 1e-6


def test_a_crop_shows_the_same_place_magnified(points: np.ndarray) -> None:
    part = crop(CAMERA, 100, 50, 200, 120, 4.0)
    whole, zoomed = _clip_pixels(CAMERA, points), _clip_pixels(part, points)
    assert (part.width, part.height) == (800, 480)
    assert np.allclose((whole - (100, 50) + 0.5) * 4 - 0.5, zoomed, atol=1e-6)


def test_rays_and_depth_undo_the_clip_matrix(points: np.ndarray) -> None:
    at = np.c_[points, np.ones(len(points))] @ clip_matrix(CAMERA, POSE).T
    ndc = at[:, :3] / at[:, 3:]
    z = depth_mm(((ndc[:, 2] + 1) / 2).astype(np.float64))
    rays = np.c_[ndc[:, :2], np.ones(len(points))] @ ray_matrix(CAMERA, POSE).T
    assert np.allclose(np.asarray(POSE.position_mm) + rays * z[:, None], points, atol=1e-3)


def test_every_shader_file_ships_and_finds_its_includes() -> None:
    names = {path.name for path in FOLDER.glob("*.*")}
    for name in [n for n in names if not n.endswith(".glsl")]:
        assert "void main()" in source(name, ("PART",))
    assert {f"{include}.glsl" for includes in _INCLUDES.values() for include in includes} <= names


def test_a_mesh_refuses_arrays_that_do_not_fit() -> None:
    corners, triangle = np.zeros((3, 3), np.float32), np.array([[0, 1, 2]])
    plain = Material(id=Id.PROP)
    with pytest.raises(ValueError, match="uv is"):
        Mesh(vertices=corners, triangles=triangle, material=plain, uv=np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match="names vertex 3 of 3"):
        Mesh(vertices=corners, triangles=triangle + 1, material=plain)
    with pytest.raises(ValueError, match="needs bones"):
        Mesh(vertices=corners, triangles=triangle, material=plain, attach="bones")
    with pytest.raises(ValueError, match="needs strands"):
        Material(id=Id.HAIR, kind="hair")


def test_a_mesh_follows_the_face_it_names_and_no_vehicle_part() -> None:
    head = np.array([[0, 0, 0], [1, 2, 3]], np.float32)
    share, ahead = np.array([1.0, 0.5], np.float32), np.array([0.0, 1.0], np.float32)
    follow = Follow(np.array([1, 1]), head[[1, 1]], share, ahead)
    assert np.allclose(follow.shift(head), 0)
    moved = head + np.array([0, 0, -4], np.float32)
    assert np.allclose(follow.shift(moved), [[0, 0, -4], [4, 0, -2]])
    corners = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="follows the face"):
        Mesh(vertices=corners, triangles=np.zeros((0, 3), int), material=Material(id=Id.HAIR), attach="vehicle", follow=follow)


def test_soft_edges_keep_pupils_and_flat_surfaces() -> None:
    ids = np.full((20, 20), Id.SKIN, np.uint8)
    ids[:, 10:] = Id.HAT
    ids[2:8, 2:8] = Id.PUPIL
    radiance = np.where(ids == Id.HAT, 0.2, np.where(ids == Id.PUPIL, 0.0, 1.0)).astype(np.float32)
    soft = softened(radiance.copy(), ids)
    assert (soft[2:8, 2:8] == 0).all() and (soft[15, :9] == 1).all() and np.allclose(soft[15, 12:], 0.2)
    assert 0.2 < soft[15, 10] < soft[15, 9] < 1


def test_two_leds_stand_for_bars_and_rings_only() -> None:
    bars = leds_beside(POSE, [(side * 35.0, row * 9.0, 0.0) for side in (-1, 1) for row in (-1, 0, 1)])
    ring = leds_beside(POSE, [(13 * np.cos(a), 13 * np.sin(a), 0.0) for a in np.arange(6) * np.pi / 3])
    wide = leds_beside(POSE, [(x, 0.0, 0.0) for x in (-400.0, -200.0, 200.0, 400.0)])
    assert two_stand_for_all(bars) and two_stand_for_all(ring)
    assert not two_stand_for_all(wide) and not two_stand_for_all(bars[:2])
    assert not two_stand_for_all([*bars[:5], replace(bars[5], power=3.0)])


def test_smooth_normals_point_out_of_a_counter_clockwise_triangle() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    assert np.allclose(smooth_normals(corners, np.array([[0, 1, 2]])), [[0, 0, 1]] * 3)


def test_neckline_is_lowest_in_front() -> None:
    line = Skin().neckline
    assert line.argmin() == 32 and line[0] == line.max()


@pytest.mark.parametrize("name", ["example_lhd", "example_rhd"])
def test_the_cabin_lies_round_the_driver_on_the_right_side(name: str) -> None:
    cabin = decode_cabin(shipped("calibration", "vehicles", f"{name}.yaml").read_bytes(), name)
    meshes = {mesh.name: mesh for mesh in interior_meshes(cabin, 3)}
    eyes, side = np.asarray(cabin.ocular_point_mm), 1.0 if cabin.drive == "lhd" else -1.0
    belt = meshes["belt"].vertices.mean(axis=0) - eyes
    assert belt[1] * side > 100 and meshes["wheel"].vertices[:, 0].min() > eyes[0] + 250
    assert meshes["liner"].vertices[:, 2].min() > eyes[2] + 100
    assert {mesh.material.id for mesh in meshes.values()} == {Id.CABIN, Id.BELT, Id.WHEEL}
    assert abs(meshes["trim"].vertices[:, 1].mean()) < 30


def test_interiors_follow_their_seed_alone() -> None:
    assert interior_of(5) == interior_of(5) != interior_of(6)
    assert len({interior_of(seed).rear for seed in range(40)}) == 4


def test_textures_repeat_and_stay_the_same() -> None:
    for picture in (noise(), strands(), iris(4), landscape()):
        assert picture.dtype == np.uint8 and picture.std() > 8
    left, right = noise()[:, 0, 0].astype(int), noise()[:, -1, 0].astype(int)
    assert np.abs(left - right).mean() < 12
    assert (iris(4) == iris.__wrapped__(4)).all() and (iris(4) != iris(5)).any()


def test_groups_keep_all_triangles_and_drop_what_is_out_of_view() -> None:
    grid = np.stack(np.meshgrid(np.arange(0.0, 1000, 10), np.arange(0.0, 1000, 10), [0.0], indexing="ij"), -1).reshape(-1, 3)
    at = np.arange(10000).reshape(100, 100)
    triangles = np.stack([at[:-1, :-1].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel()], axis=1)
    chunks = Chunks(grid, triangles)
    assert sorted(map(tuple, chunks.triangles)) == sorted(map(tuple, triangles))
    box = np.diag([0.01, 0.01, 0.0001, 1.0])
    box[:2, 3] = -5.0  # shows x and y from 400 to 600
    mask = chunks.seen(box)
    drawn = np.concatenate([chunks.triangles[a : a + n] for a, n in chunks.runs(mask)])
    inside = (np.abs(grid[triangles].mean(axis=1)[:, :2] - 500) < 100).all(axis=1)
    assert set(map(tuple, triangles[inside])) <= set(map(tuple, drawn)) and len(drawn) < len(triangles) / 2
    few = mask & (np.arange(len(mask)) % 3 == 0)
    exact = np.concatenate([chunks.triangles[a : a + n] for a, n in chunks.runs(few, few)])
    assert len(exact) == sum(int(chunks.starts[i + 1] - chunks.starts[i]) for i in np.flatnonzero(few))
