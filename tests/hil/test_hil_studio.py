"""A scenario before a camera: pictures, labels and their agreement; single shots for training."""

import msgspec
import numpy as np
import pytest

from hil.driver.behaviour.light import FAMILIES
from hil.driver.behaviour.scenario import Scenario, load_scenario
from hil.driver.behaviour.takeover import Heard
from hil.driver.draws import LIGHTS
from hil.driver.hand_shots import HandShots
from hil.driver.ids import Id
from hil.driver.shots import Shots
from hil.driver.split import split_of
from hil.driver.studio import Studio

pytestmark = pytest.mark.usefixtures("gl")


def brief(name: str, seconds: float, **changes: object) -> Scenario:
    return msgspec.structs.replace(load_scenario(name), duration_s=seconds, fps=10.0, **changes)


def test_same_seed_same_bytes_and_another_seed_another_driver() -> None:
    runs = []
    for seed in (3, 3, 4):
        with Studio(brief("attentive", 0.3), size=(320, 240), seed=seed) as studio:
            runs.append([(frame.grey, truth) for frame, truth in studio.frames()])
    for (grey, truth), (again, truth_again) in zip(runs[0], runs[1], strict=True):
        assert grey.tobytes() == again.tobytes()
        assert truth == truth_again
    assert runs[0][0][0].tobytes() != runs[2][0][0].tobytes()
    assert runs[0][0][1].person.seed == 3


def test_pictures_are_exposed_and_labels_lie_on_the_face() -> None:
    with Studio(brief("attentive", 0.5), size=(640, 480)) as studio:
        shots = list(studio.frames())
    assert [frame.index for frame, _ in shots] == list(range(5))
    for frame, truth in shots:
        assert 25 < frame.grey.mean() < 150
        assert truth.eyes is not None and truth.head is not None
        for eye in truth.eyes.values():
            assert eye.pupil is not None
            x, y = (round(v) for v in eye.pupil.centre_px)
            around = frame.grey[y - 14 : y + 15, x - 14 : x + 15]
            assert around.shape == (29, 29)
        assert truth.vehicle.speed_kmh is not None


def test_words_of_the_look_change_in_the_middle() -> None:
    scenario = brief("sunglasses", 60.0)
    with Studio(msgspec.structs.replace(scenario, fps=0.05), size=(320, 240)) as studio:
        dark = [truth.wear.sunglasses for _, truth in studio.frames()]
    assert dark == [False, False, True]


def test_nobody_on_the_seat_has_no_face() -> None:
    scenario = load_scenario("leaving_seat")
    with Studio(msgspec.structs.replace(scenario, fps=0.5), size=(160, 120)) as studio:
        truths = [truth for _, truth in studio.frames()]
    absent = [t for t in truths if not t.present]
    assert absent
    assert all(t.head is None and t.eyes is None and t.face is None for t in absent)


@pytest.mark.slow
def test_the_driver_reacts_to_what_the_car_says() -> None:
    scenario = msgspec.structs.replace(load_scenario("phone"), fps=1.0)
    hands = {}
    for told in (False, True):
        with Studio(scenario, size=(160, 120)) as studio:
            found = []
            for i in range(24):
                demand = told and i > 8
                shot = studio.step(Heard(demand=demand, budget_s=10.0 if demand else None))
                found.append(shot.truth.story.hands_on)
        hands[told] = found
    assert any(hands[True][9:])
    assert hands[True] != hands[False]


@pytest.mark.parametrize("region", ["eyes", "face", "hand"])
def test_shots_show_their_region(region: str) -> None:
    scenario = load_scenario("shots")
    with Shots(scenario, seed=21, region=region) as shots:
        taken = list(shots.frames(stop_s=4))
    assert len(taken) == 4
    assert len({frame.grey.tobytes() for frame, _ in taken}) == 4
    for frame, truth in taken:
        assert truth.person.split == split_of(21)
        assert truth.head is not None and truth.eyes is not None
        assert (truth.camera.width, truth.camera.height) == (frame.width, frame.height)
        if region == "eyes":
            middles = np.array([eye.centre_camera_mm for eye in truth.eyes.values()]).mean(axis=0)
            x = truth.camera.fx * middles[0] / middles[2] + truth.camera.cx
            assert 0.25 * frame.width < x < 0.75 * frame.width
        if region == "hand":
            assert truth.hands


def test_shots_are_the_same_again() -> None:
    runs = []
    for _ in range(2):
        with Shots(load_scenario("shots"), seed=8, region="eyes") as shots:
            runs.append([frame.grey.tobytes() for frame, _ in shots.frames(stop_s=3)])
    assert runs[0] == runs[1]


def test_hand_shots_show_hands_near_and_far() -> None:
    extents, counts = [], []
    with HandShots(load_scenario("shots"), seed=10, size=(96, 96)) as shots:
        for frame, truth in shots.frames(stop_s=9):
            assert frame.grey.shape == (96, 96)
            counts.append(len(truth.hands))
            extents += [float(np.ptp(np.array(hand.points_px), axis=0).max()) for hand in truth.hands if hand.visible > 0.2]
    assert max(counts) == 2
    assert max(extents) > 1.5 * min(extents)


def test_id_words_cover_the_face() -> None:
    with Studio(brief("attentive", 0.1), size=(640, 480)) as studio:
        moment = studio.step().moment
        light, drawn = studio.model.lit(moment.light), studio.model.lens.pinhole
        picture = studio._rendering.render(drawn, studio.rig.pose, studio._figure.pose(moment.pose), light, studio.rig.leds)
    assert {Id.SKIN, Id.EYE, Id.PUPIL, Id.CLOTH} <= set(np.unique(picture.ids))


def test_light_families_of_the_splits_never_mix() -> None:
    assert not set(LIGHTS["train"]) & set(LIGHTS["test"])
    assert {*LIGHTS["train"], *LIGHTS["test"]} == set(FAMILIES)
