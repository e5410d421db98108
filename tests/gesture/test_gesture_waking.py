"""The wake posture: upright, still, open; what may change meanwhile and what may not."""

import numpy as np
import pytest
from gesture_scenes import SIZE, Scene, hand

from dms.gesture import load_interaction
from dms.gesture.events import HandSeen, hand_seen
from dms.gesture.waking import WakePosture

RULES = load_interaction()
HALF = RULES.wake_dwell_s / 2


def seen(sign: str = "open_palm", sure: float = 0.9, x: float = 320.0, lean_deg: float = 0.0) -> HandSeen:
    found = hand_seen(hand(sign, x=x, sure=sure), *SIZE)
    assert found is not None
    c, s = np.cos(np.radians(lean_deg)), np.sin(np.radians(lean_deg))
    middle = found.points.mean(axis=0)
    return HandSeen(
        found.side, (found.points - middle) @ np.array([[c, s], [-s, c]]) + middle, found.centre, found.size, sign, sure
    )


def held(*shown: tuple[float, HandSeen | None]) -> list[float]:
    """When these looks, each for so long, wake."""
    posture, t, woke = WakePosture(RULES), 0.0, []
    for seconds, look in shown:
        for _ in range(round(seconds * 20)):
            t += 0.05
            posture.add(t, look)
            woke += [round(t, 2)] if posture.wakes() else []
    return woke


def test_it_wakes_once_after_the_dwell_and_again_after_it_was_let_go() -> None:
    once = held((4.0, seen()))
    assert once == [pytest.approx(RULES.wake_dwell_s + 0.05, abs=0.051)]
    assert len(held((2.0, seen()), (RULES.gap_s + 0.1, None), (2.0, seen()))) == 2
    assert len(held((2.0, seen()), (RULES.gap_s + 0.1, seen("point")), (2.0, seen()))) == 2


def test_which_of_the_wake_signs_it_shows_may_change_and_it_may_flicker() -> None:
    changing = [(0.1, seen("open_palm" if n % 2 else "stop")) for n in range(30)]
    assert len(held(*changing)) == 1
    assert len(held(*[(0.1, seen("four" if n % 3 == 2 else "stop")) for n in range(30)])) == 1
    assert held(*[(0.3, seen("four" if n % 2 else "stop")) for n in range(12)]) == []


@pytest.mark.parametrize("unlike", [
    seen("point"), seen(sure=RULES.wake_sure - 0.01), seen(lean_deg=RULES.wake_upright_deg + 15), seen(lean_deg=180.0), None,
])  # fmt: skip
def test_what_is_no_wake_posture(unlike: HandSeen | None) -> None:
    assert held((4.0, unlike)) == []
    assert held((HALF, seen()), (RULES.gap_s + 0.1, unlike), (HALF, seen())) == []


def test_a_leaning_and_less_sure_hand_wakes() -> None:
    assert held((2.0, seen(sure=RULES.wake_sure, lean_deg=RULES.wake_upright_deg - 15)))  # it leans by 10 degrees itself


def test_a_hand_that_is_on_its_way_does_not_wake_however_open() -> None:
    size = seen().size * SIZE[1]
    steps = [(0.2, seen(x=200.0 + 0.5 * RULES.wake_still * size * n)) for n in range(20)]
    assert held(*steps) == []
    assert len(held(*steps, (1.2, steps[-1][1]))) == 1  # but where it stays
    trembling = [(0.1, seen(x=320.0 + 0.4 * RULES.wake_still * size * (-1) ** n)) for n in range(20)]
    assert len(held(*trembling)) == 1


def test_a_hand_that_woke_rejects_no_call_before_it_was_let_go(scene: Scene) -> None:
    scene.show(1.3, hand("stop"))
    assert scene.session.awake(scene.t)
    scene.context = "call_incoming"
    assert scene.show(1.0, hand("stop")) == []
    scene.show(0.5, hand("none"))
    assert [(p, f) for _, p, _, f, _ in scene.show(0.8, hand("stop"))] == [("start", "call_reject")]
