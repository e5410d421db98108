"""What one picture shows of the driver: face, lids, line of sight, and how much that is worth."""

from typing import NamedTuple

from dms.assessment.eyes import UNSEEN, Lids, judge_lids
from dms.assessment.presence import face_seen
from dms.assessment.self_calibration import SelfCalibration
from dms.assessment.zones import Sight, ZoneMap
from dms.profiles.rules import Rules
from dms.records import Head, Observation


class Picture(NamedTuple):
    """Everything unknown where the picture cannot be used."""

    face: bool | None = None
    lids: Lids = UNSEEN
    sight: Sight | None = None
    confidence: float = 0.0


UNUSABLE = Picture()


class PictureReader:
    """Reads observations of one driver in one cabin."""

    def __init__(self, rules: Rules, zones: ZoneMap, calibration: SelfCalibration) -> None:
        self._rules, self._zones, self._calibration = rules, zones, calibration

    def read(self, observation: Observation) -> Picture:
        """What a picture that can be used shows."""
        face = face_seen(observation, self._rules.presence)
        if face is False:
            return Picture(face=False)
        lids = judge_lids(observation, self._rules.eyes)
        if face is None:  # lids that nobody calls a driver's: their blinks are counted, nothing else is concluded
            lids = Lids(opening=lids.opening, scale=lids.scale)
        sight = self._sight(observation, face, lids)
        return Picture(face, lids, sight, self._confidence(observation, lids, sight))

    def _sight(self, observation: Observation, face: bool | None, lids: Lids) -> Sight | None:
        if observation.zone is not None:
            return Sight(observation.zone, "record")
        if not face:
            return None
        eyes_tell = observation.gaze is not None and lids.shut is not None
        gaze, head = observation.gaze if eyes_tell else None, observation.head
        return self._zones.look(self._calibration.corrected(gaze, head), head)

    def _confidence(self, observation: Observation, lids: Lids, sight: Sight | None) -> float:
        """The weakest link of what this picture is judged by; 0 where a link is missing."""
        if observation.face is None or lids.visible is None or sight is None:
            return 0.0
        certainty = 1.0 - min(1.0, (sight.std_deg or 0.0) / (2.0 * self._rules.gaze.std_max_deg))
        face = observation.face.confidence
        return round(min(lids.visible, certainty, 1.0 if face is None else face), 3)


def sure_head(observation: Observation | None, std_max_deg: float) -> Head | None:
    """The head, where its pose is sure enough to show a movement; a pose that tells no uncertainty is taken as it is."""
    head = None if observation is None else observation.head
    return None if head is None or (head.std_deg is not None and head.std_deg > std_max_deg) else head
