"""Drawn pictures: geometry, light, words. Needs EGL; with DMS_REQUIRE_GL=1 its absence is a failure."""

import os
import sys
import threading
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from dms.errors import HardwareError
from dms.records.cabin import Cabin, Camera, CameraPose, decode_cabin, default_camera
from dms.resources import shipped
from hil.driver.body.figure import Figure
from hil.driver.body.posed import Posed
from hil.driver.ids import Id
from hil.driver.pose import Grip, Hand, Light, Pose
from hil.driver.render.cabin import interior_meshes
from hil.driver.render.context import open_context
from hil.driver.render.drawable import Follow, Led, Material, Mesh, Skin, Strands, leds_beside
from hil.driver.render.projection import crop
from hil.driver.render.renderer import Picture3, Renderer
from hil.driver.truth.geometry import View

SMALL = default_camera(320, 240)
LED_ONLY = Light(led=1.0, ambient=0.0, outside=0.0)


@pytest.fixture(scope="module", autouse=True)
def gl() -> None:
    try:
        open_context()
    except HardwareError as error:
        if os.environ.get("DMS_REQUIRE_GL") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def cabin() -> Cabin:
    return decode_cabin(shipped("calibration", "vehicles", "example_lhd.yaml").read_bytes(), "example_lhd")


@pytest.fixture(scope="module")
def figure(cabin: Cabin) -> Figure:
    return Figure(3, cabin)


@pytest.fixture(scope="module")
def posed(figure: Figure, cabin: Cabin) -> Posed:
    grip = Hand(end=Grip(place="front", shape="open_palm"))
    at_camera = tuple(float(v) for v in cabin.camera.position_mm)
    return figure.pose(Pose(right_hand=grip, gaze_target_mm=at_camera, pupil_mm=5.0))


@pytest.fixture(scope="module")
def renderer(cabin: Cabin) -> Renderer:
    made = Renderer.for_cabin(cabin)
    made.set_driver([], Skin())
    return made


def leds(pose: CameraPose, *beside_mm: tuple[float, float, float]) -> list[Led]:
    """LEDs beside a camera, camera frame, looking where it looks."""
    return leds_beside(pose, beside_mm or ((-45.0, 0.0, 0.0), (45.0, 0.0, 0.0)))


def quad(centre: np.ndarray, u: np.ndarray, v: np.ndarray, material: Material) -> Mesh:
    """A two-sided rectangle, vehicle frame, half axes u and v."""
    corners = np.array([centre - u - v, centre + u - v, centre + u + v, centre - u + v], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]])
    return Mesh(vertices=corners, triangles=triangles, material=material, uv=uv, attach="vehicle", two_sided=True)


def ahead(pose: CameraPose, distance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A point before the camera, and the picture's right and down there, vehicle frame."""
    turn = pose.rotation()
    return np.asarray(pose.position_mm) + distance * turn[:, 2], turn[:, 0], turn[:, 1]


def eye_crop(posed: Posed, pose: CameraPose, side: int) -> Camera:
    """160 x 120 px round one eye, about 0.1 mm a pixel."""
    camera = default_camera(640, 480)
    x, y = View(camera, pose).pixels(posed.eyes[side].centre_mm[None])[0].round()
    return crop(camera, int(x) - 10, int(y) - 8, 20, 15, 8.0)


@pytest.mark.parametrize("tilt", [(1.0, 0.0), (0.0, 1.0)])
def test_projection_is_exact_to_a_hundredth_of_a_pixel(tilt: tuple[float, float]) -> None:
    pose = CameraPose(position_mm=(2100.0, 300.0, 1100.0), forward=(-0.95, 0.1, 0.2), up=(0.05, 0.1, 1.0))
    camera = Camera(fx=450.0, fy=470.0, cx=151.3, cy=127.9, width=320, height=240)
    centre, right, down = ahead(pose, 700.0)
    slant = tilt[0] * right + tilt[1] * down + 1.2 * pose.rotation()[:, 2]  # depth changes steeply across the picture
    other = down if tilt[0] else right
    wall = quad(centre, 800 * slant / np.linalg.norm(slant), 1500 * other, Material(id=Id.PROP))
    depth = Renderer([wall]).render(camera, pose, None, Light(), leds(pose)).depth_mm
    assert depth is not None
    normal = np.cross(slant, other)
    y, x = np.mgrid[20:220:7, 60:260:7]
    rays = np.stack([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, np.ones(x.shape)], axis=-1) @ pose.rotation().T
    exact = float((centre - pose.position_mm) @ normal) / (rays @ normal)
    step = np.gradient(exact, 7.0, axis=1 if tilt[0] else 0)
    assert np.abs(step).min() > 0.5
    assert np.abs((depth[y, x] - exact) / step).max() < 0.01


def test_the_picture_shows_the_expected_words(renderer: Renderer, cabin: Cabin, posed: Posed) -> None:
    picture = renderer.render(default_camera(640, 480), cabin.camera, posed, Light(), leds(cabin.camera))
    seen = {int(word): int((picture.ids == word).sum()) for word in np.unique(picture.ids)}
    for word in (Id.BACKGROUND, Id.CABIN, Id.SKIN, Id.EYE, Id.PUPIL, Id.CLOTH, Id.HAND, Id.BELT):
        assert seen.get(int(word), 0) > 5, word
    assert picture.radiance.dtype == np.float32 and picture.ids.dtype == np.uint8
    x, y = View(default_camera(640, 480), cabin.camera).pixels(posed.landmarks["nose_tip"])[0].round().astype(int)
    assert picture.ids[y, x] == Id.SKIN
    assert picture.depth_mm is not None and 400 < picture.depth_mm[y, x] < 800
    empty = renderer.render(SMALL, cabin.camera, None, Light(), leds(cabin.camera))
    assert not {Id.SKIN, Id.EYE, Id.CLOTH} & set(np.unique(empty.ids).tolist())


def _same(a: Picture3, b: Picture3) -> bool:
    assert a.depth_mm is not None and b.depth_mm is not None
    return (
        a.radiance.tobytes() == b.radiance.tobytes() and a.ids.tobytes() == b.ids.tobytes() and (a.depth_mm == b.depth_mm).all()
    )


@pytest.mark.parametrize("light", [Light(), Light(sun=1.0)])
@pytest.mark.parametrize("camera", [SMALL, default_camera(640, 480)])
def test_equal_input_gives_equal_bytes(renderer: Renderer, cabin: Cabin, posed: Posed, camera: Camera, light: Light) -> None:
    first = renderer.render(camera, cabin.camera, posed, light, leds(cabin.camera))
    renderer.render(camera, cabin.camera, None, Light(led=0.3), leds(cabin.camera))
    assert _same(first, renderer.render(camera, cabin.camera, posed, light, leds(cabin.camera)))
    other = Renderer.for_cabin(cabin)
    other.set_driver([], Skin())
    assert _same(first, other.render(camera, cabin.camera, posed, light, leds(cabin.camera)))


def _mirror_point(posed: Posed, side: int, camera: np.ndarray, led: np.ndarray) -> np.ndarray:
    """Where the cornea mirrors the LED into the camera."""
    eye = posed.eyes[side]
    middle = eye.centre_mm + eye.cornea_centre_mm * eye.rotation[:, 0]
    point = middle + eye.cornea_mm * eye.rotation[:, 0]
    for _ in range(50):
        half = sum((at - point) / np.linalg.norm(at - point) for at in (camera, led))
        point = middle + eye.cornea_mm * half / np.linalg.norm(half)
    return np.asarray(point)


@pytest.mark.parametrize("beside", [(0.0, 0.0, 0.0), (60.0, 0.0, 0.0), (-40.0, 50.0, 0.0), (0.0, -70.0, 0.0)])
@pytest.mark.parametrize("side", [0, 1])
def test_the_glint_stands_where_the_cornea_mirrors_the_led(
    renderer: Renderer, cabin: Cabin, posed: Posed, side: int, beside: tuple[float, float, float]
) -> None:
    camera = eye_crop(posed, cabin.camera, side)
    lamp = leds(cabin.camera, beside)
    radiance = renderer.render(camera, cabin.camera, posed, LED_ONLY, lamp).radiance
    expected = View(camera, cabin.camera).pixels(
        _mirror_point(posed, side, np.asarray(cabin.camera.position_mm), np.asarray(lamp[0].position_mm))[None]
    )[0]
    y, x = np.mgrid[: radiance.shape[0], : radiance.shape[1]]
    weight = np.where(radiance > 0.5 * radiance.max(), radiance, 0.0)
    found = np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()
    assert radiance.max() > 1.0 and np.abs(found - expected).max() < 0.4


def test_the_pupil_shines_when_the_led_sits_at_the_lens(renderer: Renderer, cabin: Cabin, posed: Posed) -> None:
    camera = eye_crop(posed, cabin.camera, 0)

    def pupil(beside: float) -> float:
        picture = renderer.render(camera, cabin.camera, posed, LED_ONLY, leds(cabin.camera, (beside, 0.0, 0.0)))
        return float(np.median(picture.radiance[picture.ids == Id.PUPIL]))

    at_lens, near, far = (pupil(beside) for beside in (0.0, 25.0, 90.0))
    assert near / at_lens == pytest.approx(np.exp(-0.5 * (np.degrees(25 / 638) / 2.5) ** 2), rel=0.05)
    assert at_lens > 0.3 and far < 0.03 * at_lens


def test_the_pupil_is_as_large_as_the_pose_says(renderer: Renderer, cabin: Cabin, figure: Figure) -> None:
    at_camera = tuple(float(v) for v in cabin.camera.position_mm)

    def share(diameter: float) -> float:
        now = figure.pose(Pose(gaze_target_mm=at_camera, pupil_mm=diameter))
        camera = eye_crop(now, cabin.camera, 1)
        ids = renderer.render(camera, cabin.camera, now, Light(), leds(cabin.camera)).ids
        across = (ids == Id.PUPIL).sum(axis=1).max() / camera.fx * (np.linalg.norm(now.eyes[1].centre_mm - at_camera) - 12)
        return float(across / diameter)

    assert share(3.0) == pytest.approx(1.13, abs=0.06)  # the cornea magnifies
    assert share(5.0) == pytest.approx(1.13, abs=0.06)


def test_cloth_shows_its_pattern(renderer: Renderer, cabin: Cabin, posed: Posed) -> None:
    plain = Material(id=Id.CLOTH, kind="cloth", albedo=0.4)
    half = replace(plain, texture=np.full((8, 8), 128, np.uint8))

    def cloth(material: Material) -> float:
        renderer.set_driver([], Skin(cloth=material))
        picture = renderer.render(SMALL, cabin.camera, posed, LED_ONLY, leds(cabin.camera))
        return float(np.median(picture.radiance[picture.ids == Id.CLOTH]))

    assert cloth(half) / cloth(plain) == pytest.approx(0.5, abs=0.05)
    renderer.set_driver([], Skin())


def test_two_leds_light_the_figure_as_six_do(
    renderer: Renderer, cabin: Cabin, posed: Posed, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = leds_beside(cabin.camera, [(side * 35.0, row * 9.0, 0.0) for side in (-1, 1) for row in (-1, 0, 1)])
    two = renderer.render(SMALL, cabin.camera, posed, LED_ONLY, bars)
    monkeypatch.setattr("hil.driver.render.uniforms.two_stand_for_all", lambda _: False)
    six = renderer.render(SMALL, cabin.camera, posed, LED_ONLY, bars)
    skin = six.ids == Id.SKIN
    assert np.allclose(two.radiance[skin], six.radiance[skin], rtol=0.01, atol=1e-3)


def test_what_follows_the_face_goes_down_with_the_jaw(renderer: Renderer, cabin: Cabin, figure: Figure) -> None:
    part, rows = figure.asset.landmarks["chin_bottom"]
    skin = figure.asset.parts[part].refine(figure.person.coarse)
    chin = skin[rows[0]]
    corners = chin + np.array([[30, -12, -12], [30, 12, -12], [30, 12, 12], [30, -12, 12]], np.float32)
    follow = Follow(np.full(4, rows[0]), np.repeat(chin[None], 4, axis=0), np.ones(4, np.float32))
    card = Mesh(
        vertices=corners, triangles=np.array([[0, 1, 2], [0, 2, 3]]), material=Material(id=Id.MASK), two_sided=True, follow=follow
    )
    renderer.set_driver([card], Skin())

    def middle(opening: float) -> float:
        now = figure.pose(Pose(face={"jawOpen": opening}))
        ids = renderer.render(SMALL, cabin.camera, now, LED_ONLY, leds(cabin.camera)).ids
        return float(np.nonzero(ids == Id.MASK)[0].mean())

    assert middle(1.0) - middle(0.0) > 6
    renderer.set_driver([], Skin())


@pytest.mark.parametrize("camera", [SMALL, default_camera(640, 480)])
def test_light_adds_up(renderer: Renderer, cabin: Cabin, posed: Posed, camera: Camera) -> None:
    def radiance(led: float, ambient: float) -> np.ndarray:
        light = Light(led=led, ambient=ambient, outside=0.0)
        return renderer.render(camera, cabin.camera, posed, light, leds(cabin.camera)).radiance

    one, two, dim = radiance(1.0, 0.0), radiance(2.0, 0.0), radiance(0.0, 0.3)
    assert one.max() > 0.1 and np.allclose(two, 2 * one, rtol=4e-3, atol=1e-3)
    assert np.allclose(radiance(1.0, 0.3), one + dim, rtol=4e-3, atol=1e-3)


def test_the_unit_of_light_is_a_white_wall_at_650_mm() -> None:
    pose = CameraPose(position_mm=(2000.0, 0.0, 1000.0), forward=(-1.0, 0.0, 0.0))
    centre, right, down = ahead(pose, 650.0)
    wall = quad(centre, 300 * right, 300 * down, Material(id=Id.PROP, albedo=1.0, specular=0.0, noise=0.0))
    picture = Renderer([wall]).render(SMALL, pose, None, replace(LED_ONLY, led=0.7), leds(pose, (0.0, 0.0, 0.0)))
    assert picture.radiance[120, 160] == pytest.approx(0.7, rel=0.04)
    assert picture.radiance[120, 280] < 0.95 * picture.radiance[120, 160]


def test_a_wall_between_sun_and_face_throws_its_shadow(cabin: Cabin, posed: Posed) -> None:
    sun = np.array([0.3, 0.6, 0.74])
    light = Light(led=0.0, ambient=0.0, outside=0.0, sun=2.0, sun_direction=(0.3, 0.6, 0.74))
    across = np.cross(sun, (0.0, 0.0, 1.0))
    shade = quad(posed.head_mm + 350 * sun, 250 * across, 250 * np.cross(sun, across), Material(id=Id.CABIN))
    bare, shaded = (Renderer(meshes) for meshes in ([], [shade]))
    mean = []
    for made in (bare, shaded):
        made.set_driver([], Skin())
        picture = made.render(default_camera(640, 480), cabin.camera, posed, light, [])
        mean.append(float(picture.radiance[picture.ids == Id.SKIN].mean()))
    assert mean[0] > 0.1 and mean[1] < 0.35 * mean[0]


def test_a_crop_shows_what_the_whole_picture_shows(renderer: Renderer, cabin: Cabin, posed: Posed) -> None:
    camera = default_camera(640, 480)
    whole = renderer.render(camera, cabin.camera, posed, Light(), leds(cabin.camera))
    part = renderer.render(crop(camera, 200, 100, 240, 200), cabin.camera, posed, Light(), leds(cabin.camera))
    window = (slice(100, 300), slice(200, 440))
    assert (whole.ids[window] == part.ids).mean() > 0.998
    assert np.quantile(np.abs(whole.radiance[window] - part.radiance), 0.99) < 2e-3


def test_bands_show_their_own_instants(renderer: Renderer, cabin: Cabin, posed: Posed) -> None:
    lamp, camera = leds(cabin.camera), default_camera(640, 480)
    bright, dark = Light(led=1.0), Light(led=0.2)
    banded = renderer.render_bands(camera, cabin.camera, [(posed, bright), (None, dark), (posed, dark)], lamp)
    upper = renderer.render(camera, cabin.camera, posed, bright, lamp)
    middle = renderer.render(camera, cabin.camera, None, dark, lamp)
    lower = renderer.render(camera, cabin.camera, posed, dark, lamp)
    for rows, alone in ((slice(0, 160), upper), (slice(160, 320), middle), (slice(320, 480), lower)):
        inner = slice(rows.start + 1, rows.stop - 1)  # softened edges look at the next row
        assert (banded.ids[rows] == alone.ids[rows]).all() and (banded.radiance[inner] == alone.radiance[inner]).all()


def test_drawing_twice_as_fine_keeps_size_and_brightness(cabin: Cabin, posed: Posed, renderer: Renderer) -> None:
    fine = Renderer(interior_meshes(cabin, 0), fine=2)
    fine.set_driver([], Skin())
    a = fine.render(SMALL, cabin.camera, posed, Light(), leds(cabin.camera))
    b = renderer.render(SMALL, cabin.camera, posed, Light(), leds(cabin.camera))
    assert a.radiance.shape == a.ids.shape == b.ids.shape and a.depth_mm is not None and a.depth_mm.shape == b.ids.shape
    assert a.radiance.mean() == pytest.approx(b.radiance.mean(), rel=0.01) and (a.ids == b.ids).mean() > 0.97
    shift = [np.roll(b.radiance, k, axis=1)[:, 4:-4] for k in (-1, 0, 1)]
    errors = [float(((a.radiance[:, 4:-4] - s) ** 2).mean()) for s in shift]
    assert errors[1] < 0.5 * min(errors[0], errors[2]) and abs(errors[0] - errors[2]) < 0.3 * errors[0]


def test_a_passenger_is_drawn_with_one_word_only(cabin: Cabin, figure: Figure, posed: Posed) -> None:
    made = Renderer()
    made.set_driver([], Skin())
    beside = msgspec.structs.replace(cabin, ocular_point_mm=(1500.0, -370.0, 1220.0))
    made.set_passenger(Figure(4, beside).pose(Pose()))
    wide = Camera(fx=250.0, fy=250.0, cx=320.0, cy=240.0, width=640, height=480)
    pose = CameraPose(position_mm=(2150.0, 0.0, 1250.0), forward=(-1.0, 0.0, 0.0))
    ids = made.render(wide, pose, posed, Light(), leds(pose)).ids
    assert (ids[:, :300] == Id.SKIN).sum() + (ids[:, :300] == Id.EYE).sum() == 0
    assert (ids[:, :300] == Id.PASSENGER).sum() > 3000 and (ids[:, 340:] == Id.SKIN).sum() > 1000


def _before_face(posed: Posed, cabin: Cabin, material: Material) -> Mesh:
    """A sheet before both eyes that mirrors the LEDs into the camera."""
    centre, right, down = ahead(cabin.camera, 0.85 * float(np.linalg.norm(posed.head_mm - cabin.camera.position_mm)))
    return quad(centre, 90 * right, 90 * down, material)


def test_a_lens_shows_the_eye_and_glares_where_it_mirrors_the_leds(cabin: Cabin, posed: Posed) -> None:
    made, lamp = Renderer(), leds(cabin.camera, (-20.0, 0.0, 0.0), (20.0, 0.0, 0.0))
    made.set_driver([], Skin())
    camera = default_camera(640, 480)
    bare = made.render(camera, cabin.camera, posed, LED_ONLY, lamp)
    lens = Material(id=Id.GLARE, kind="lens", alpha=0.9, reflect=0.04)
    made.set_driver([_before_face(posed, cabin, lens)], Skin())
    seen = made.render(camera, cabin.camera, posed, LED_ONLY, lamp)
    glare = seen.ids == Id.GLARE
    assert 4 < glare.sum() < 3000 and seen.radiance[glare].min() > 0.3
    assert (seen.ids[~glare] == bare.ids[~glare]).all() and (seen.ids == Id.EYE).sum() > 20
    made.set_driver([_before_face(posed, cabin, replace(lens, kind="glass", id=Id.LENS_OPAQUE, albedo=0.03))], Skin())
    hidden = made.render(camera, cabin.camera, posed, LED_ONLY, lamp)
    assert (hidden.ids == Id.EYE).sum() == 0 and (hidden.ids == Id.LENS_OPAQUE).sum() > 10000


def test_hair_lets_something_through_at_its_tips_only(cabin: Cabin) -> None:
    pose = CameraPose(position_mm=(2000.0, 0.0, 1000.0), forward=(-1.0, 0.0, 0.0))
    centre, right, down = ahead(pose, 500.0)
    look = Strands(across=40, root=1.0, tip=0.2, ragged=0.4)
    card = quad(centre, 100 * right, 100 * down, Material(id=Id.HAIR, kind="hair", albedo=0.2, strands=look))
    ids = Renderer([card]).render(default_camera(640, 480), pose, None, Light(), leds(pose)).ids
    rows = (ids == Id.HAIR).sum(axis=1)
    filled = np.flatnonzero(rows)
    root, tip = rows[filled[3:30]].mean(), rows[filled[-30:]].mean()
    assert max(root, tip) > 300 and min(root, tip) < 0.6 * max(root, tip)


def test_more_than_eight_leds_are_refused(renderer: Renderer, cabin: Cabin) -> None:
    with pytest.raises(ValueError, match="9 LEDs"):
        renderer.render(SMALL, cabin.camera, None, Light(), leds(cabin.camera) * 4 + leds(cabin.camera, (0.0, 0.0, 0.0)))


def test_another_thread_is_refused(renderer: Renderer, cabin: Cabin) -> None:
    caught: list[Exception] = []

    def work() -> None:
        try:
            renderer.render(SMALL, cabin.camera, None, Light(), [])
        except HardwareError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught and "thread" in str(caught[0])


def test_without_moderngl_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(HardwareError, match=r"pip install 'dms\[synth\]'"):
        open_context.__wrapped__()


def test_without_egl_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import moderngl

    def refuse(**_: object) -> None:
        raise Exception("libEGL.so\nnot loaded")

    monkeypatch.setattr(moderngl, "create_context", refuse)
    with pytest.raises(HardwareError, match=r"libEGL.so not loaded.*apt install libegl1 libgl1-mesa-dri"):
        open_context.__wrapped__()
