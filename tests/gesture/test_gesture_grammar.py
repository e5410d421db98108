"""The interaction grammar: wake, dwell, hold, release, cancel, whose hand, and when nothing may be commanded."""

import pytest
from gesture_scenes import SIZE, STOPS, Scene, hand
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import load_cabin
from dms.gesture import load_interaction
from dms.gesture.events import SIGN_WORDS, hand_seen
from dms.gesture.whose import whose


def phases(log: list) -> list[tuple[str, str]]:
    return [(phase, gesture) for _, phase, gesture, _, _ in log]


def test_without_the_wake_posture_nothing_happens(scene: Scene) -> None:
    assert scene.show(3.0, hand("point")) == []


def test_a_sign_must_stay_for_the_dwell(scene: Scene) -> None:
    scene.wake()
    assert scene.show(0.3, hand("point")) == []
    assert scene.show(0.5, hand("none")) == []
    begun = scene.t
    assert phases(scene.show(0.6, hand("point"))) == [("start", "point")]
    rules = load_interaction()
    assert rules.dwell_s <= scene.log[0][0] - begun <= rules.dwell_s + 0.11
    assert scene.log[0][3] == "menu_open"


def test_hold_repeats_only_what_is_continuous_and_releases_once(scene: Scene) -> None:
    scene.wake()
    held = phases(scene.show(2.1, hand("thumb_up")))
    assert held[0] == ("start", "thumb_up") and held.count(("repeat", "thumb_up")) == 3
    assert phases(scene.show(1.0, hand("none"))) == [("release", "thumb_up")]
    assert phases(scene.show(2.0, hand("victory"))) == [("start", "victory")]


def test_flicker_neither_ends_nor_starts_anything(scene: Scene) -> None:
    scene.wake()
    for _ in range(8):
        scene.show(0.25, hand("victory"))
        scene.show(0.1, hand("none"))
    assert phases(scene.log) == [("start", "victory")]
    quiet = Scene(load_cabin("example_lhd"))
    quiet.wake()
    for _ in range(10):
        quiet.show(0.1, hand("point"))
        quiet.show(0.25, hand("none"))
    assert quiet.log == []


def test_a_sign_counts_again_only_after_it_was_let_go(scene: Scene) -> None:
    scene.wake()
    held = phases(scene.show(9.0, hand("thumb_up")))
    assert held.count(("start", "thumb_up")) == 1 and held[-1] == ("release", "thumb_up")  # the longest hold ends by itself
    scene.show(0.5, hand("none"))
    assert ("start", "thumb_up") in phases(scene.show(0.6, hand("thumb_up")))


def test_fist_cancels_and_puts_to_sleep(scene: Scene) -> None:
    scene.wake()
    assert phases(scene.show(0.7, hand("fist"))) == [("cancel", "fist")]
    assert scene.show(1.0, hand("point")) == [] and not scene.session.awake(scene.t)


def test_attention_ends_by_itself(scene: Scene) -> None:
    scene.wake()
    scene.show(load_interaction().awake_s + 0.2, hand("none"))
    assert scene.show(1.0, hand("point")) == []


def test_a_hand_that_leaves_cancels(scene: Scene) -> None:
    scene.wake()
    scene.show(0.6, hand("thumb_up"))
    assert phases(scene.show(1.0)) == [("start", "thumb_up"), ("release", "thumb_up")][1:]
    assert scene.show(1.0, hand("point")) == []  # asleep: another hand has to wake first


def test_unknown_resets(scene: Scene) -> None:
    scene.wake()
    scene.show(0.6, hand("thumb_up"))
    assert phases(scene.show(1.0, unknown=True))[-1] in [("cancel", "thumb_up"), ("release", "thumb_up")]
    assert scene.show(1.0, hand("point")) == []


def test_time_that_jumps_resets(scene: Scene) -> None:
    scene.wake()
    scene.show(0.6, hand("thumb_up"))
    scene.t += 5.0
    assert phases(scene.show(0.1, hand("thumb_up"))) == [("cancel", "thumb_up")]
    scene.show(0.5, hand("none"))
    scene.wake()
    scene.t -= 20.0
    assert scene.show(1.0, hand("point")) == []


def test_one_hand_wins(scene: Scene) -> None:
    scene.wake()
    assert scene.show(1.0, hand("none"), hand("point", x=480.0)) == []
    assert phases(scene.show(1.0, hand("point", x=480.0), hand("victory"))) == [("start", "victory")]


def test_outside_of_the_zone_and_too_small_are_ordinary_hands(scene: Scene) -> None:
    assert scene.show(1.3, hand("open_palm", y=30.0)) == [] and not scene.session.awake(scene.t)
    far = hand("open_palm")
    small = [(320 + (x - 320) / 4, 260 + (y - 260) / 4) for x, y in far.landmarks_px or []]
    scene.show(1.3, hand("open_palm").__class__(side="right", landmarks_px=small, gesture="open_palm", gesture_confidence=0.99))
    assert not scene.session.awake(scene.t)


@pytest.mark.parametrize(("drive", "lean", "person"), [
    ("lhd", 0.0, "driver"), ("lhd", 1.0, "passenger"), ("lhd", -1.0, "unknown"),
    ("rhd", 0.0, "driver"), ("rhd", -1.0, "passenger"), ("rhd", 1.0, "unknown"),
])  # fmt: skip
def test_whose_hand(drive: str, lean: float, person: str) -> None:
    """A forearm from the picture's left is the passenger's where the driver sits left, for the camera faces both."""
    seen = hand_seen(hand("point", x=130.0 if lean > 0 else 510.0 if lean < 0 else 320.0, lean=lean), *SIZE)
    assert seen is not None
    assert whose(seen, (0.2, 0.1, 0.6, 0.8), drive, SIZE[0] / SIZE[1], load_interaction()) == person  # type: ignore[arg-type]


def test_the_passengers_hand_commands_nothing(scene: Scene) -> None:
    scene.show(1.3, hand("open_palm", x=130.0, lean=1.0))
    assert not scene.session.awake(scene.t)


@pytest.mark.parametrize(
    ("drive", "side", "lean", "commands"),
    [
        ("lhd", "right", 1.0, True), ("lhd", "left", 1.0, False), ("lhd", "left", -1.0, True),
        ("rhd", "left", -1.0, True), ("rhd", "right", -1.0, False), ("rhd", "right", 1.0, True),
    ],
)  # fmt: skip
def test_a_level_forearm_counts_by_its_hand_once_awake(drive: str, side: str, lean: float, commands: bool) -> None:
    """The driver's inboard hand with the elbow out seems to come from the passenger, who would reach over with his other hand."""
    scene = Scene(load_cabin(f"example_{drive}"))
    x = 160.0 if lean > 0 else 480.0
    scene.show(1.3, hand("open_palm", x=x, lean=lean, side=side))
    assert not scene.session.awake(scene.t)
    scene.show(0.6)
    scene.show(1.3, hand("open_palm", x=x, side=side))
    told = scene.show(0.9, hand("thumb_up", x=x, lean=lean, side=side))
    assert phases(told) == ([("start", "thumb_up")] if commands else [])


def test_an_incoming_call_needs_no_wake_posture(scene: Scene) -> None:
    scene.context = "call_incoming"
    assert [(p, f) for _, p, _, f, _ in scene.show(0.7, hand("thumb_up"))] == [("start", "call_accept")]


def test_without_a_context_there_is_no_function(scene: Scene) -> None:
    scene.context = None  # type: ignore[assignment]
    scene.show(1.3, hand("open_palm"))
    assert scene.show(2.0, hand("point")) == []


@pytest.mark.requirement("P-18", "R157-13")
@pytest.mark.parametrize("reason", STOPS)
def test_inhibited_in_the_very_next_picture_with_the_reason(scene: Scene, reason: str) -> None:
    scene.wake()
    scene.show(0.6, hand("thumb_up"))
    STOPS[reason](scene)
    if reason == "unknown":  # may be a blink: nothing is commanded, but the hold ends later
        assert scene.show(1.0, hand("thumb_up")) == []
    assert [(p, g, r) for _, p, g, _, r in scene.show(0.05, hand("thumb_up"))] == [("cancel", "thumb_up", reason)]
    scene.show(0.5, hand("none"))
    scene.show(1.3, hand("open_palm"))
    told = scene.show(1.5, hand("point"))
    assert [(p, g, f, r) for _, p, g, f, r in told] == [("inhibited", "point", "menu_open", reason)]


@pytest.mark.requirement("P-18")
def test_a_blink_commands_nothing_and_does_not_put_the_hand_to_sleep(scene: Scene) -> None:
    scene.wake()
    assert phases(scene.show(0.6, hand("thumb_up"))) == [("start", "thumb_up")]
    ready = scene.state
    STOPS["unknown"](scene)
    assert scene.show(0.9, hand("thumb_up")) == []
    scene.state = ready
    assert phases(scene.show(0.3, hand("thumb_up"))) == [("repeat", "thumb_up")]
    STOPS["unknown"](scene)
    assert phases(scene.show(0.9, hand("point"))) == [("release", "thumb_up"), ("inhibited", "point")]
    scene.state = ready
    assert scene.show(0.5, hand("point")) == []  # shown before it was allowed
    scene.show(0.4, hand("none"))
    assert phases(scene.show(0.7, hand("point"))) == [("start", "point")]


@pytest.mark.requirement("P-18")
def test_what_was_begun_while_inhibited_does_not_go_on_afterwards(scene: Scene) -> None:
    scene.l3 = "takeover_request"
    scene.show(1.3, hand("open_palm"))
    scene.show(1.0, hand("thumb_up"))
    scene.l3 = "active"
    assert scene.show(3.0, hand("thumb_up")) == []


SHOWN = st.tuples(
    st.sampled_from([*SIGN_WORDS, "none", "nothing", "unknown"]), st.integers(1, 30), st.sampled_from([None, *STOPS])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(SHOWN, max_size=12))
def test_any_course_is_well_formed(course: list) -> None:
    """Between a start and the next there is exactly one end; repeats only while held; nothing starts while inhibited."""
    scene = Scene(load_cabin("example_lhd"))
    held = None
    for word, steps, stop in course:
        scene.state, scene.l3 = Scene(load_cabin("example_lhd")).state, "active"
        if stop is not None:
            STOPS[stop](scene)
        hands = () if word in ("nothing", "unknown") else (hand(word),)
        for _, phase, gesture, _, reason in scene.show(steps / 20, *hands, unknown=word == "unknown"):
            if phase == "start":
                assert held is None and reason is None
                held = gesture
            elif phase == "repeat":
                assert held == gesture and reason is None
            elif phase == "release":
                assert held == gesture
                held = None
            elif phase == "cancel" and gesture == held:
                held = None
            elif phase == "inhibited":
                assert reason == stop and held is None
