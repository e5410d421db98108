"""Cockpit control by pictures: a rendered clip through detector, points, signs, motion, grammar, CAN and head unit, in lock-step.

``cockpit_clip.yaml`` says what the clip shows and how it is made; its driver file:
``dms calibrate gaze tests/hil/cockpit_clip.mp4 --point ahead:0-1.8 --vehicle example_lhd``.
"""

from contextlib import ExitStack
from pathlib import Path

import pytest

from dms.assessment import load_cabin
from dms.bus.layout import load
from dms.bus.port import CanFrame
from dms.camera.video import Video
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import SLOTS, Perception
from dms.profiles import load_profile
from dms.runtime.config import read_driver
from hil.bench.device import Judgement, LockStepDevice
from hil.bench.hearing import snake
from hil.bench.seams import Seams
from hil.bench.wire import wire
from hil.cockpit.lock_step import LockStepGestures, LockStepHeadUnit, motion_reader
from hil.controller.peer import HandoverPeer
from hil.driver.behaviour.scenario import decode_scenario
from hil.driver.studio import Studio

CLIP = Path(__file__).with_name("cockpit_clip.mp4")
CAR_S = 0.02
LAYOUT = load()

MUTE = b"""
{name: t, about: a test, duration_s: 3.4, fps: 5, seed: 3, driver: {seed: 5}, camera: {preset: clean},
 mood: {glance: {checks: 0}}, parts: [{at: 0.2, for: 3.2, do: gesture, gesture: mute}]}
"""


class Played:
    """The clip's frames shown to the product beside a car with Level 3 active; ``told``: (time, gesture, phase, function)."""

    def __init__(self, files: ExitStack) -> None:
        cabin, (product, car), driver = (
            load_cabin("example_lhd"),
            wire(),
            read_driver(str(CLIP.with_name("cockpit_clip_driver.yaml"))),
        )
        perception = Perception(files.enter_context(EngineSet(SLOTS)), None, cabin.seat_region, driver=driver)
        judgement = Judgement(load_profile("l3_default"), cabin, driver)
        self.device = LockStepDevice(product, LAYOUT, cabin, judgement, Seams(), perception)
        self.device.gestures = LockStepGestures(cabin, LAYOUT, files.enter_context(motion_reader()))
        self.head_unit = LockStepHeadUnit(car, LAYOUT)
        self.peer = HandoverPeer(car, LAYOUT, period_s=CAR_S, on_frame=self._heard)
        self.told: list[tuple[float, str, str, str]] = []
        self._count: int | None = None
        self._car_t = 0.0

    def play(self) -> None:
        with Video(CLIP) as film:
            for frame in film.frames():
                self._until(frame.t)
                self.device.show(frame, frame.index, frame.t)
            self._until(frame.t + 1.0)

    def _until(self, t: float) -> None:
        """Publisher and car up to ``t``."""
        while (due := min(self._car_t, self.device.next_cycle)) <= t:
            self.device.listen(due)
            if self.device.next_cycle <= due:
                self.device.cycle(due)
            if self._car_t <= due:
                self.peer.step(due)
                self.head_unit.step(due)
                self._car_t += CAR_S

    def _heard(self, frame: CanFrame, t: float) -> None:
        self.head_unit.heard(frame, t)
        message = LAYOUT["DMS_Gesture"]
        if frame.can_id != message.can_id:
            return
        codes = message.unpack(frame.data)
        if codes["Gest_EvtCnt"] != self._count:
            self._count = codes["Gest_EvtCnt"]
            gesture, phase, function = (
                snake(message.signals[s].label(codes[s]) or "") for s in ("Gest_Id", "Gest_Phase", "Gest_Fn")
            )
            self.told.append((round(t, 2), gesture, phase, function))


@pytest.mark.slow
@pytest.mark.requirement("P-18")
@pytest.mark.usefixtures("engines_built")
def test_the_intended_commands_arrive_and_no_other() -> None:
    with ExitStack() as files:
        played = Played(files)
        played.play()
    acted = [(gesture, function) for _, gesture, phase, function in played.told if phase in ("start", "repeat")]
    assert set(acted) == {("thumb_up", "volume_up"), ("swipe_left", "media_next")}, played.told
    louder, taken = acted.count(("thumb_up", "volume_up")), acted.count(("swipe_left", "media_next"))
    assert 1 <= louder <= 4 and 1 <= taken <= 2, played.told
    unit = played.head_unit.unit
    assert (unit.context, unit.volume, unit.track) == ("home", 40 + 4 * louder, taken)
    first = next(t for t, gesture, _, _ in played.told if gesture == "thumb_up")
    assert 3.3 < first < 4.9  # while the thumb was shown


@pytest.mark.slow
@pytest.mark.usefixtures("engines_built", "gl")
def test_a_finger_before_the_lips_is_seen_as_mute() -> None:
    """Rendered, found, and told from pointing by where the lips are."""
    shown = []
    with EngineSet(SLOTS) as engines, Studio(decode_scenario(MUTE, "t")) as studio:
        perception = Perception(engines, None, load_cabin("example_lhd").seat_region)
        for frame, truth in studio.frames():
            hands = perception.observe(frame).hands or []
            if any(hand.gesture == "mute" for hand in truth.hands):
                shown.append([hand.gesture for hand in hands])
    assert len(shown) >= 5 and sum("mute" in words for words in shown) >= 0.8 * len(shown), shown
