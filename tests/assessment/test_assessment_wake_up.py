"""The wake-up request climbs until it is answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.assessment.wake_up import WakeUpRequest
from dms.profiles.policies import WakeUp

RULES = WakeUp(escalate_s=5.0, repeat_s=60.0)


def levels(asked: list[int], answers: dict[int, bool] | None = None) -> list[int]:
    """One level a second; ``answers``: second of an acknowledgement to "with shut eyes"."""
    request, answers = WakeUpRequest(RULES), answers or {}
    return [request.step(float(t), level, t in answers, answers.get(t, False)) for t, level in enumerate(asked)]


@pytest.mark.requirement("DDAW-05")
def test_DDAW05_climbs_each_time_it_stays_unanswered_and_not_beyond_the_highest() -> None:
    assert levels([1] * 20) == [1] * 5 + [2] * 5 + [3] * 10


@pytest.mark.requirement("DDAW-05")
def test_DDAW05_an_acknowledgement_ends_it_until_the_repeat() -> None:
    found = levels([1] * 70, {7: False})
    assert found[7:67] == [0] * 60 and found[67] == 1


def test_shut_eyes_answer_nothing() -> None:
    assert levels([2] * 10, {2: True})[2:] == [2, 2, 2, 3, 3, 3, 3, 3]


def test_getting_worse_asks_again_at_once() -> None:
    assert levels([1, 1, 1, 2, 2], {1: False}) == [1, 0, 0, 2, 2]


def test_getting_better_does_not_ask_what_was_answered() -> None:
    assert levels([2, 2, 2, 1, 1, 1], {1: False}) == [2, 0, 0, 0, 0, 0]


def test_the_first_request_counts_from_its_own_beginning() -> None:
    request = WakeUpRequest(RULES)
    assert [request.step(float(t), 1, False, False) for t in (100, 104, 105, 110)] == [1, 1, 2, 3]


def test_a_request_that_is_over_starts_afresh() -> None:
    assert levels([1] * 8 + [0] + [1] * 3) == [1] * 5 + [2] * 3 + [0] + [1] * 3


def test_a_profile_without_the_section_passes_the_level_on() -> None:
    request = WakeUpRequest(None)
    assert [request.step(float(t), 2, t == 3, False) for t in range(20)] == [2] * 20


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=200))
def test_never_above_the_highest_never_without_being_asked(steps: list[tuple[int, bool, bool]]) -> None:
    request = WakeUpRequest(RULES)
    for t, (asked, acknowledged, shut) in enumerate(steps):
        level = request.step(float(t), asked, acknowledged, shut)
        assert 0 <= level <= 3 and (asked > 0 or level == 0)
        assert level == 0 or level >= asked
