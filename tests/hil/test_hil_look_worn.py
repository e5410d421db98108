"""Everything that is worn, fitted to identities: glasses before the eyes, hats over the hair, meshes within their budget."""

import time
from functools import cache

import numpy as np
import pytest

from hil.driver.body.asset import load
from hil.driver.body.identity import identity
from hil.driver.ids import Id
from hil.driver.look.eyewear import MODELS, eyewear, fit
from hil.driver.look.hair import hair
from hil.driver.look.headwear import cover_of, headwear
from hil.driver.look.look import Look, look_for
from hil.driver.look.person import Person
from hil.driver.look.props import held
from hil.driver.look.skin import SIZE, paint
from hil.driver.look.styles import STYLES
from hil.driver.look.wardrobe import dress

BARE = {
    "worn.headwear": "none", "eyewear.model": "none", "worn.mask": "none", "worn.scarf": False, "beard.style": "none",
    "worn.extras": (),
}  # fmt: skip
SEEDS = range(20)


@cache
def person(seed: int) -> Person:
    return Person(load(), identity(load(), seed).coarse)


def _look(seed: int, **changes: object) -> Look:
    return look_for(seed, None, {**BARE, **{name.replace("__", "."): value for name, value in changes.items()}})


def _check(meshes: list) -> None:
    for made in meshes:
        for array in (made.vertices, made.normals, made.uv, made.weights):
            assert array is None or (np.isfinite(array).all() and array.dtype == np.float32), made.name
        assert np.abs(made.vertices).max() < 900, made.name
        lengths = np.linalg.norm(made.normals, axis=1)
        assert np.abs(lengths - 1).max() < 0.02 or made.name == "hair", made.name
        if made.weights is not None:
            assert np.abs(made.weights.sum(axis=1) - 1).max() < 0.02, made.name


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 5, 8, 11, 23, 41, 59])
def test_a_dressed_driver_is_whole_and_the_same_each_time(seed: int) -> None:
    look, shape = look_for(seed), identity(load(), seed).coarse
    meshes, skin = dress(look, shape, load())
    again, skin_again = dress(look, shape, load())
    _check(meshes)
    assert [m.name for m in meshes] == [m.name for m in again]
    for one, other in zip(meshes, again, strict=True):
        assert np.array_equal(one.vertices, other.vertices) and np.array_equal(one.uv, other.uv)
    assert np.array_equal(skin.albedo, skin_again.albedo) and np.array_equal(skin.neckline, skin_again.neckline)


@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
def test_hair_stays_within_its_triangles_and_out_of_the_face(style: str) -> None:
    for seed in (3, 5):
        look, head = _look(seed, hair__style=style, hair__volume=1.2, hair__forelock=0.0), person(seed)
        meshes = hair(look, head)
        _check(meshes)
        assert sum(len(m.triangles) for m in meshes) <= 15_000
        if not meshes:
            continue
        points = np.concatenate([m.vertices for m in meshes])
        eyes = head.eyes
        front = (points[:, 0] > eyes[:, 0].mean()) & (np.abs(points[:, 2] - eyes[:, 2].mean()) < 12) & (np.abs(points[:, 1]) < 42)
        assert front.mean() < 0.004, "hair hangs before the eyes"
        away = points - head.centre
        far = np.linalg.norm(away, axis=1)
        above = away[:, 2] > 0
        depth = head.reach(away / far[:, None]) - far
        assert (depth[above] > 2.5).mean() < 0.025, "hair inside the skull"


def test_a_forelock_can_fall_to_the_eye() -> None:
    head = person(4)
    lowest = []
    for share in (0.0, 1.0):
        points = np.concatenate(
            [m.vertices for m in hair(_look(4, hair__style="short_side", hair__forelock=share, hair__length=1.2), head)]
        )
        lowest.append(points[(points[:, 0] > 0) & (np.abs(points[:, 1]) < 40), 2].min())
    assert lowest[1] < head.eyes[:, 2].mean() + 14 < lowest[0]


@pytest.mark.parametrize("name", ["cap", "cap_backwards", "beanie", "turban", "wide_hat", "hijab", "hood", "shawl"])
def test_a_head_cover_hides_the_hair_under_it(name: str) -> None:
    head, cover = person(9), cover_of(name)  # type: ignore[arg-type]
    assert cover is not None
    look = _look(9, worn__headwear=name, hair__style="messy", hair__volume=1.3)
    worn = headwear(look, head)
    assert worn and all(m.material.id is Id.HAT for m in worn)
    _check(worn)
    hat = np.concatenate([m.vertices for m in worn])
    under = hair(look, head, cover)
    if cover.hides_all:
        assert not under
        return
    points = np.concatenate([m.vertices for m in under])
    away = points - head.centre
    far = np.linalg.norm(away, axis=1)
    azimuth = np.degrees(np.arctan2(away[:, 1], away[:, 0]))
    height = np.degrees(np.arcsin(away[:, 2] / far))
    covered = height > cover.edge(azimuth) + 1
    lift = far - head.reach(away / far[:, None])
    assert covered.any() and lift[covered].max() < 3.0
    above = hat - head.centre
    above = above[above[:, 2] > 60]
    distance = np.linalg.norm(above, axis=1)
    lifted = distance - head.reach(above / distance[:, None])
    assert lifted.min() > 2.0 and lifted.max() < 48
    bare = np.concatenate([m.vertices for m in hair(_look(9, hair__style="messy", hair__volume=1.3), head)])
    assert bare[:, 2].max() > points[:, 2].max() + 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_glasses_sit_before_the_eyes_and_reach_the_ears(seed: int) -> None:
    head = person(seed)
    models = list(MODELS)
    for model in (models[seed % len(models)], models[(seed + 7) % len(models)]):
        look = _look(seed, eyewear__model=model, eyewear__lens="clear")
        place = fit(look.eyewear, head)
        for eye in head.eyes:
            ahead = float(place.plane(eye[1:2], eye[2:3])[0] - eye[0])
            assert 14 < ahead < 30, model
        meshes = eyewear(look, head)
        _check(meshes)
        frame = next(m for m in meshes if m.name == "glasses_frame")
        assert frame.material.id is Id.GLASSES_FRAME and sum(len(m.triangles) for m in meshes) < 6000
        ears = head.skin[head.masks[:, 3] > 0.5]
        for sign in (1, -1):
            ear, bar = ears[ears[:, 1] * sign > 0], frame.vertices[frame.vertices[:, 1] * sign > 40]
            gap = np.sqrt(((ear[::3, None] - bar[None]) ** 2).sum(axis=2).min())
            assert gap < 12, model
        lens = next(m for m in meshes if m.name == "lenses")
        nose = (np.abs(lens.vertices[:, 1]) > 15) & (np.abs(lens.vertices[:, 1]) < 45)
        skin = head.surface(lens.vertices[nose, 1], lens.vertices[nose, 2])
        assert (lens.vertices[nose, 0] > skin - 1.0).mean() > 0.93, f"{model} cuts the face"


def test_lenses_know_what_infrared_sees_through() -> None:
    head = person(2)
    opaque = eyewear(_look(2, eyewear__model="aviator", eyewear__lens="sun_opaque"), head)[0].material
    clear = eyewear(_look(2, eyewear__model="aviator", eyewear__lens="sun_clear"), head)[0].material
    coated = eyewear(_look(2, eyewear__model="aviator", eyewear__lens="clear_coated"), head)[0].material
    assert opaque.kind == "glass" and opaque.id is Id.LENS_OPAQUE
    assert clear.kind == "lens" and clear.alpha > 0.7
    assert coated.reflect < 0.02 < eyewear(_look(2, eyewear__model="aviator", eyewear__lens="clear"), head)[0].material.reflect
    assert not eyewear(_look(2), head)


@pytest.mark.slow
def test_every_collar_mask_beard_and_extra_makes_whole_meshes() -> None:
    for changes, wanted in (
        *(({"cloth__collar": c}, "collar") for c in ("tshirt", "shirt", "hoodie", "turtleneck", "vneck")),
        ({"cloth__collar": "lapels"}, "jacket"), ({"worn__scarf": True}, "scarf"),
        *(({"worn__mask": m}, "mask") for m in ("surgical", "cloth", "ffp2")),
        *(({"beard__style": b}, "beard") for b in ("moustache", "goatee", "full", "long")),
        *(({"worn__extras": (e,)}, e) for e in ("earrings", "headphones", "hearing_aid", "earbud")),
    ):  # fmt: skip
        meshes, _ = dress(_look(12, hair__style="bald", **changes), person(12).coarse, load())
        _check(meshes)
        assert any(wanted in m.name for m in meshes), changes


def test_a_mask_covers_nose_and_mouth_but_not_the_eyes() -> None:
    head = person(6)
    meshes, _ = dress(_look(6, worn__mask="surgical", hair__style="bald"), head.coarse, load())
    cloth = next(m for m in meshes if m.name == "mask").vertices
    for name in ("nose_tip", "mouth_left", "mouth_right", "upper_lip", "pogonion"):
        place = head.place(name)
        near = cloth[((cloth[:, 1:] - place[1:]) ** 2).sum(axis=1).argsort()[:4]]
        assert (near[:, 0] > place[0]).all(), name
    assert cloth[:, 2].max() < head.eyes[:, 2].mean() - 4


@pytest.mark.parametrize("prop", ["phone", "cup", "cigarette", "food"])
def test_held_things_lie_out_of_the_palm(prop: str) -> None:
    for side in ("left", "right"):
        meshes = held(prop, side, look_for(1))  # type: ignore[arg-type]
        _check(meshes)
        assert meshes[0] is held(prop, side, look_for(1))[0]  # type: ignore[arg-type]
        points = np.concatenate([m.vertices for m in meshes])
        assert points[:, 1].mean() > 5
        wanted = Id.PHONE if prop == "phone" else Id.PROP
        assert all(m.material.id is wanted and m.attach == f"hand_{side}" for m in meshes)


@pytest.mark.slow
def test_paint_is_within_range_and_quick() -> None:
    paint(look_for(0))
    started = time.process_time()
    for seed in (1, 2, 5):
        made = paint(look_for(seed))
        assert made.albedo.shape == made.height.shape == made.gloss.shape == (SIZE, SIZE)
        assert np.isfinite(made.height).all() and np.abs(made.height).max() < 2.5
        assert made.albedo.min() > 3 and 150 < np.median(made.albedo) <= 255
    assert (time.process_time() - started) / 3 < 2.0


@pytest.mark.slow
def test_age_deepens_wrinkles_and_brows_differ() -> None:
    young, old = (paint(_look(7, skin__wrinkles=depth)) for depth in (0.0, 1.0))
    assert np.abs(old.height - young.height).max() > 0.4
    thin, thick = (paint(_look(7, brows__thickness_mm=size)) for size in (3.0, 10.0))
    assert (thin.albedo.astype(int) - thick.albedo > 25).sum() > 800
