"""The driver's raised hands at signal level: true points in the picture, as a hand detector without errors gives them."""

import numpy as np

from dms.gesture.events import SIGN_WORDS
from dms.records.cabin import Cabin
from dms.records.observation import Hand
from hil.bench.device import SIGNAL_PICTURE
from hil.driver.body.figure import Figure
from hil.driver.camera.rig import rig
from hil.driver.pose import Hand as HandPose
from hil.driver.pose import Moment, Side
from hil.driver.truth.geometry import View

SIDES: tuple[Side, Side] = ("left", "right")
SEEN_POINTS = 14
"""Of 21 so many must lie in the picture, or the hand is not found."""
SHAPED = 0.8
"""From this share of the way on the fingers have their new shape; before it no sign is shown."""
SURE = 0.95


class RaisedHands:
    """Poses the driver's body for every picture with a hand before the chest; the driving hands are below the picture.

    Args:
        seed: who drives.
        cabin: where.
    """

    def __init__(self, seed: int, cabin: Cabin) -> None:
        self._figure = Figure(seed, cabin)
        camera = rig(cabin, "vehicle", SIGNAL_PICTURE, "clean")
        self._view = View(camera=camera.camera, pose=camera.pose)

    def read(self, moment: Moment) -> list[Hand]:
        """The hands in this picture."""
        hands = {"left": moment.pose.left_hand, "right": moment.pose.right_hand}
        raised = [side for side in SIDES if hands[side].start.shows or hands[side].end.shows]
        if not raised or not moment.pose.present:
            return []
        posed = self._figure.pose(moment.pose)
        found = []
        for side in raised:
            body = posed.hands[side]
            if body is None:
                continue
            points = self._view.pixels(body.points_mm)
            if int((((points >= 0.0) & (points < SIGNAL_PICTURE)).all(axis=1)).sum()) >= SEEN_POINTS:
                found.append(_record(side, points, hands[side]))
        return found


def _record(side: Side, points: np.ndarray, hand: HandPose) -> Hand:
    shaped = hand.progress >= SHAPED and hand.end.shape in SIGN_WORDS
    return Hand(
        side=side, confidence=SURE, landmarks_px=[(float(x), float(y)) for x, y in points],
        gesture=hand.end.shape if shaped else "none", gesture_confidence=SURE,
    )  # fmt: skip
