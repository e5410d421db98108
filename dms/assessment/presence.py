"""Is the driver there: the seat input and the face together."""

from dms.assessment.windows import TINY, HeldTime, Tick
from dms.profiles.rules import PresenceRules
from dms.records import Observation


def face_seen(observation: Observation, rules: PresenceRules) -> bool | None:
    """Does this picture show the driver's face? ``None`` when the record does not say."""
    face = observation.face
    if face is None:
        return None
    return face.present and (face.confidence is None or face.confidence >= rules.face_confidence_min)


class Presence:
    """``present`` is ``False`` only after the seat was empty, or the face gone from a good picture, for ``absent_after_s``."""

    def __init__(self, rules: PresenceRules) -> None:
        self._rules = rules
        self._gone = HeldTime(0.0, 10.0 * rules.absent_after_s)
        self._empty_since: float | None = None
        self.present: bool | None = None

    def step(self, tick: Tick, face: bool | None, seat: bool | None) -> None:
        """Add one sample; ``face`` is ``None`` when the picture cannot be judged."""
        self._gone.step(tick, None if face is None else not face)
        self.present = False if self.empty(tick.t, seat) else self._by_face(face, seat)

    def empty(self, t: float, seat: bool | None) -> bool:
        """Has the seat input said "empty" for long enough? Needs no picture."""
        if seat is not False:
            self._empty_since = None
            return False
        if self._empty_since is None:
            self._empty_since = t
        return t - self._empty_since >= self._rules.absent_after_s - TINY

    def _by_face(self, face: bool | None, seat: bool | None) -> bool | None:
        if face:
            return True
        gone = face is False and self._gone.held >= self._rules.absent_after_s - TINY
        return False if gone and seat is not True else None

    @property
    def face_gone_s(self) -> float:
        """How long good pictures have shown no face."""
        return self._gone.held
