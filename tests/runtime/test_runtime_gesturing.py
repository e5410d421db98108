"""The gesture stage: a mailbox the readiness path never waits at, events for the publisher, failures that stay here."""

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from dms.bus.infotainment import HeadUnitReceiver
from dms.bus.layout import load
from dms.bus.samples import GestureEvent
from dms.gesture import Act, load_interaction
from dms.records import Observation, TakeoverReadiness
from dms.records.observation import Hand
from dms.runtime.gesturing import Gesturing, event_of

RULES = load_interaction()


def judged(t: float) -> Any:
    frame = SimpleNamespace(width=640, height=480)
    sight = SimpleNamespace(observation=Observation(t=t, hands=[]))
    return SimpleNamespace(frame=frame, sight=sight, state=TakeoverReadiness(t=t, level=4))


class Session:
    """Answers each picture with one act, after waiting for ``gate``; raises on the picture at ``broken``."""

    def __init__(self, broken: float | None = None) -> None:
        self.gate, self.broken, self.seen = threading.Event(), broken, list[Observation]()

    def step(self, observation: Observation, *rest: object) -> list[Act]:
        self.gate.wait(5.0)
        self.seen.append(observation)
        if observation.t == self.broken:
            raise ValueError("no such hand")
        return [Act("start", "push", function="menu_select")]


def stage(session: Session) -> tuple[Gesturing, list[GestureEvent]]:
    posted: list[GestureEvent] = []
    made = Gesturing(session, RULES, HeadUnitReceiver(load()), lambda t: "active", posted.append)  # type: ignore[arg-type]
    return made, posted


def until(condition: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_leaving_a_picture_never_waits_and_the_newest_wins() -> None:
    session = Session()
    made, posted = stage(session)
    with made:
        made.offer(judged(1.0))
        begin = time.thread_time()
        for n in range(1000):
            made.offer(judged(2.0 + n))  # the session hangs meanwhile
        assert time.thread_time() - begin < 0.5
        session.gate.set()
        until(lambda: any(o.t == 1001.0 for o in session.seen))
    assert len(session.seen) < 10 and posted[0] == GestureEvent(name="push", function="menu_select", phase="start")


def test_without_pictures_the_session_is_told_that_hands_are_unknown() -> None:
    session = Session()
    session.gate.set()
    made, _ = stage(session)
    with made:
        made.offer(judged(1.0))
        until(lambda: len(session.seen) == 2)
    assert session.seen[1].hands is None


def test_a_failure_ends_gestures_and_nothing_else() -> None:
    session = Session(broken=2.0)
    session.gate.set()
    made, posted = stage(session)
    with made:
        made.offer(judged(2.0))
        until(lambda: made.error is not None)
        made.offer(judged(3.0))
    assert posted == [] and "no such hand" in str(made.error)


def test_that_no_head_unit_is_heard_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    session = Session()
    session.gate.set()
    made, _ = stage(session)
    with made:
        for n in range(3):
            seen = judged(1.0 + n)
            seen.sight.observation = Observation(t=1.0 + n, hands=[Hand(side="right", confidence=0.9)] if n else [])
            made.offer(seen)
            until(lambda n=n: len(session.seen) > n)
    assert [r.message for r in caplog.records].count(
        "a hand is shown, but no head unit is heard (HMI_Status): gestures command nothing"
    ) == 1


def test_an_act_as_an_event() -> None:
    act = Act("inhibited", "fist", "left", 0.8, 0.5, "volume_up", "escalated")
    assert event_of(act) == GestureEvent(
        name="fist", side="left", confidence=0.8, value=0.5, function="volume_up", phase="inhibited", reason="escalated"
    )
