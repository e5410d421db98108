"""Hands for the grammar, without a camera."""

from collections.abc import Callable

from dms.gesture import GestureSession, load_commands, load_interaction
from dms.records.cabin import Cabin
from dms.records.driver import Requests
from dms.records.observation import Hand, Observation
from dms.records.takeover import TakeoverReadiness

SIZE = (640, 480)
READY = TakeoverReadiness(t=0.0, readiness="ready", level=4)


def hand(
    sign: str | None, x: float = 320.0, y: float = 260.0, sure: float = 0.95, side: str = "right", lean: float = 0.0
) -> Hand:
    """An upright hand of 100 px whose forearm comes from below, leaning by ``lean`` (1: from the left of the picture, level)."""
    rows = [(0.0, 50.0)] + [(10.0 * f - 20.0, 20.0 - 15.0 * j) for f in range(5) for j in range(4)]
    turned = [(a * (1 - abs(lean)) - b * lean, b * (1 - abs(lean)) + a * lean) for a, b in rows]
    points = [(x + a, y + b) for a, b in turned]
    return Hand(side=side, confidence=0.99, landmarks_px=points, gesture=sign, gesture_confidence=sure)


class Scene:
    """A session fed at 20 pictures a second, and what came out: (time, phase, gesture, function, reason)."""

    def __init__(self, cabin: Cabin, **motion: object) -> None:
        self.session = GestureSession(load_interaction(), load_commands(), cabin, **motion)  # type: ignore[arg-type]
        self.t, self.state, self.l3, self.context = 0.0, READY, "active", "home"
        self.log: list[tuple[float, str, str, str | None, str | None]] = []

    def show(self, seconds: float, *hands: Hand, unknown: bool = False) -> list[tuple[float, str, str, str | None, str | None]]:
        """These hands for so long; what came out meanwhile."""
        before = len(self.log)
        for _ in range(round(seconds * 20)):
            self.t += 0.05
            seen = Observation(t=self.t, hands=None if unknown else list(hands))
            for act in self.session.step(seen, SIZE, self.state, self.l3, self.context):  # type: ignore[arg-type]
                self.log.append((round(self.t, 2), act.phase, act.gesture, act.function, act.reason))
        return self.log[before:]

    def wake(self) -> None:
        """The wake posture, then nothing for a moment."""
        assert not self.show(1.3, hand("open_palm"))
        assert self.session.awake(self.t)
        self.show(0.3, hand("none"))


Change = Callable[[Scene], None]
STOPS: dict[str, Change] = {
    "transition_demand": lambda s: setattr(s, "l3", "takeover_request"),
    "minimum_risk": lambda s: setattr(s, "l3", "minimum_risk"),
    "take_control": lambda s: setattr(s, "state", TakeoverReadiness(t=0.0, level=4, requests=Requests(take_control=True))),
    "escalated": lambda s: setattr(s, "state", TakeoverReadiness(t=0.0, level=4, requests=Requests(eyes_on=2))),
    "low_readiness": lambda s: setattr(s, "state", TakeoverReadiness(t=0.0, readiness="not_ready", level=2)),
    "unknown": lambda s: setattr(s, "state", TakeoverReadiness(t=0.0, level=0)),
    "l3_unknown": lambda s: setattr(s, "l3", None),
}
