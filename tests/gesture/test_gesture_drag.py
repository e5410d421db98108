"""A pinch that is dragged: from where the fingers closed until they open, and what the grammar makes of it."""

import numpy as np
import pytest
from gesture_scenes import Scene, hand
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.gesture import HandSeen, Moved, load_interaction
from dms.gesture.drag import OPEN_LOOKS, Drag
from dms.records.cabin import Cabin

RULES = load_interaction()
HAND = np.random.default_rng(3).normal(0, 0.1, (21, 2))
HAND[0], HAND[9] = (0.0, 0.1), (0.0, -0.1)
LENGTH_HERE = 0.2 * RULES.hand_palms


def look(x: float, gap: float) -> np.ndarray:
    """A hand at ``x`` hand lengths whose tips are so far apart, picture heights."""
    points = HAND.copy()
    points[4], points[8] = (0.0, 0.0), (gap, 0.0)
    return points + np.array([x * LENGTH_HERE, 0.0])


def closed(scale: float = 1.0) -> Drag:
    """The fingers closed over 0.3 s and a pinch was told."""
    drag = Drag(RULES)
    for n in range(12):
        drag.add(n * 0.05, scale * look(0.0, 0.2 if n < 6 else 0.02))
    drag.begin()
    return drag


@settings(max_examples=30, deadline=None)
@given(st.floats(-1.4, 1.4), st.floats(0.2, 5.0))
def test_the_way_counts_in_hand_lengths_whatever_the_distance(way: float, scale: float) -> None:
    drag = closed(scale)
    assert drag.value() == pytest.approx(0.5)
    for n in range(20):
        drag.add(0.6 + n * 0.05, scale * look(way * (n + 1) / 20, 0.02))
    assert drag.lengths() == pytest.approx([way, 0.0], abs=1e-6)
    assert drag.value() == pytest.approx(0.5 - 0.5 * way / RULES.drag_reach)  # the picture's right is the driver's left


def test_it_ends_when_the_fingers_open_but_not_for_one_wrong_point() -> None:
    drag = closed()
    drag.add(0.6, look(0.3, 0.3))
    drag.add(0.65, look(0.3, 0.02))
    assert drag.value() is not None
    for n in range(OPEN_LOOKS):
        drag.add(0.7 + n * 0.05, look(0.3, 0.3))
    assert drag.value() is None and drag.lengths() is None


def test_it_begins_where_the_fingers_closed_not_where_it_was_told() -> None:
    drag = Drag(RULES)
    for n in range(16):
        drag.add(n * 0.05, look(0.0 if n < 10 else (n - 9) * 0.1, 0.3 if n < 9 else 0.02))
    drag.begin()
    moved = drag.lengths()
    assert moved is not None and moved[0] == pytest.approx(0.6)


def test_far_values_end_at_the_scale_and_old_looks_are_forgotten() -> None:
    drag = closed()
    drag.add(0.6, look(9.0, 0.02))
    assert drag.value() == 0.0
    drag.add(5.0, look(9.0, 0.02))
    drag.begin()
    assert drag.value() == 0.5 and RULES.pinch_back_s < 4.0
    drag.reset()
    assert drag.value() is None


class Pinching:
    """Tells one pinch, then how far it is dragged, as long as ``dragged`` says so."""

    def __init__(self) -> None:
        self.tell, self.dragged = False, None

    def step(self, t: float, seen: HandSeen) -> Moved | None:
        tell, self.tell = self.tell, False
        return Moved("pinch", 0.9, 0.5) if tell else None

    def drag(self) -> float | None:
        return self.dragged

    def reset(self) -> None:
        self.dragged = None


def test_a_pinch_is_held_repeats_with_its_value_and_is_released(cabin: Cabin) -> None:
    motion = Pinching()
    scene = Scene(cabin, motion=motion)
    values: list[tuple[str, float | None]] = []
    step = scene.session.step
    scene.session.step = lambda *a: [values.append((act.phase, act.value)) or act for act in step(*a)]  # type: ignore[method-assign]
    scene.wake()
    motion.tell, motion.dragged = True, 0.5
    scene.show(0.2, hand("none"))
    motion.dragged = 0.8
    scene.show(0.8, hand("ok"))  # fingers that pinch may look like a sign
    motion.dragged = None
    scene.show(1.5, hand("ok"))
    assert values[0] == ("start", 0.5) and values[-1] == ("release", 0.8)
    assert {phase for phase, _ in values[1:-1]} == {"repeat"} and values[-2] == ("repeat", 0.8)
    assert [gesture for _, _, gesture, _, _ in scene.log] == ["pinch"] * len(values)


def test_a_pinching_hand_that_leaves_lets_go(cabin: Cabin) -> None:
    motion = Pinching()
    scene = Scene(cabin, motion=motion)
    scene.wake()
    motion.tell, motion.dragged = True, 0.5
    scene.show(0.3, hand("none"))
    left = [phase for _, phase, _, _, _ in scene.show(1.0)]
    assert left[-1] == "release" and left.count("release") == 1
