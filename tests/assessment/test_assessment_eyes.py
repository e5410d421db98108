"""What one observation says about lids and face."""

import pytest
from steps import RULES

from dms.assessment.eyes import UNSEEN, Lids, judge_lids
from dms.assessment.presence import face_seen
from dms.records import Eye, Face, Observation

EYE = Eye(visible=0.9, openness=0.9, closed=0.1, opening_mm=9.0)


def test_lids_are_the_mean_of_the_eyes_that_can_be_judged() -> None:
    both = judge_lids(
        Observation(
            t=0.0, eyes={"left": EYE, "right": Eye(visible=0.6, openness=0.5, closed=0.3, opening_mm=5.0)}
        ), RULES.eyes
    )  # fmt: skip
    assert (both.shut, both.openness, both.visible, both.opening, both.scale) == (False, 0.7, 0.6, 7.0, "mm")
    one = judge_lids(Observation(t=0.0, eyes={"left": EYE, "right": Eye(visible=0.49, openness=0.0, closed=1.0)}), RULES.eyes)
    assert (one.shut, one.openness, one.visible, one.opening) == (False, 0.9, 0.9, 9.0)


@pytest.mark.parametrize(
    ("closed", "other", "shut"), [(0.5, None, True), (0.49, None, False), (0.9, 0.1, True), (0.8, 0.1, False), (0.9, 0.9, True)]
)
def test_shut_from_a_mean_probability_of_a_half(closed: float, other: float | None, shut: bool) -> None:
    eyes = {"left": Eye(visible=1.0, closed=closed)}
    if other is not None:
        eyes["right"] = Eye(visible=1.0, closed=other)
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes).shut is shut


@pytest.mark.parametrize(("openness", "shut"), [(0.0, True), (0.19, True), (0.2, False), (0.5, False)])
def test_shut_from_openness_where_nothing_else_is_told(openness: float, shut: bool) -> None:
    found = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.5, openness=openness)}), RULES.eyes)
    assert (found.shut, found.openness, found.opening, found.scale) == (shut, openness, openness, "share")


@pytest.mark.requirement("MET-05")
@pytest.mark.parametrize(
    "eyes",
    [
        None, {}, {"left": Eye()}, {"left": Eye(visible=0.49, closed=0.0)}, {"left": Eye(closed=0.0)},
        {"third": EYE}, {"left": Eye(visible=0.9, openness=0.1, closed=0.4)},
    ],
)  # fmt: skip
def test_lids_that_nobody_sees_are_unseen(eyes: dict[str, Eye] | None) -> None:
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes) == UNSEEN


def test_lids_told_in_less_detail() -> None:
    word = judge_lids(Observation(t=0.0, eyes={"unknown": Eye(visible=0.8, closed=0.9)}), RULES.eyes)
    assert (word.shut, word.openness, word.opening, word.scale, word.visible) == (True, None, 0.0, "shut", 0.8)
    assert judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, closed=0.1)}), RULES.eyes).opening == 1.0
    bare = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, opening_mm=4.0)}), RULES.eyes)
    assert (bare.shut, bare.visible, bare.opening, bare.scale) == (None, None, 4.0, "mm")
    for closed in (0.5, 0.9):  # openness and probability agree
        assert (
            judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, openness=0.1, closed=closed)}), RULES.eyes).shut is True
        )
    edge = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, openness=0.2, closed=0.1)}), RULES.eyes)
    assert edge.shut is False


@pytest.mark.parametrize(("openness", "shut"), [((0.1, 0.9), True), ((0.1, 0.9, 0.9), False), ((0.1, 0.1, 0.9), True)])
def test_each_eye_has_one_voice(openness: tuple[float, ...], shut: bool) -> None:
    eyes = {name: Eye(visible=0.9, openness=value) for name, value in zip(("left", "right", "unknown"), openness, strict=False)}
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes).shut is shut


@pytest.mark.parametrize(
    ("face", "seen"),
    [
        (None, None), (Face(present=False, confidence=0.9), False), (Face(present=True), True),
        (Face(present=True, confidence=0.5), True), (Face(present=True, confidence=0.9), True),
        (Face(present=True, confidence=0.49), False),
    ],
)  # fmt: skip
def test_a_face_counts_from_half_confidence(face: Face | None, seen: bool | None) -> None:
    assert face_seen(Observation(t=0.0, face=face), RULES.presence) is seen


@pytest.mark.requirement("P-21")
def test_whichever_eye_comes_first_the_one_that_tells_counts() -> None:
    def lids(**eyes: Eye) -> Lids:
        return judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes)

    hidden, mute = Eye(visible=0.05), Eye(visible=0.9, opening_mm=7.0)
    told = Eye(visible=0.9, closed=0.9)
    assert lids(left=hidden, right=told).shut is True and lids(left=mute, right=told).shut is True
    assert lids(left=mute, right=Eye(visible=0.9, opening_mm=9.0)) == Lids(opening=8.0, scale="mm")
