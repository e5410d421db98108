"""The networks trained in this project, where they are loaded: one place that runs them, ``None`` or nothing without."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.eye_patch import cut_eye
from dms.perception.eye_state import EyeReading, read_eye_state
from dms.perception.gaze_net import GazeReading, read
from dms.perception.head_net import HeadReading, head_roi, read_head
from dms.perception.roi import Roi

Grey = NDArray[np.uint8]


class Trained:
    """Runs the engines of the slots ``head_pose``, ``eye_state``, ``gaze``."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._head, self._eye, self._gaze = (engines.get(slot) for slot in ("head_pose", "eye_state", "gaze"))

    def head(self, grey: Grey, roi: Roi, mirrored: bool = False) -> HeadReading | None:
        """Of the head in ``roi`` (``head_net.head_roi``, ``level_roi``); ``mirrored``: looked at twice."""
        return None if self._head is None else read_head(self._head, grey, roi, mirrored)

    def head_spread(self, grey: Grey, box: tuple[float, float, float, float]) -> float:
        """How unsure the head-pose network is of what it sees in the box (x, y, w, h), degrees; what is no head is read with
        a large spread. Infinite without the engine."""
        looks = self.head(grey, head_roi(box))
        return math.inf if looks is None else looks.std_deg

    def eyes(self, grey: Grey, patches: Mapping[str, Roi]) -> dict[str, EyeReading]:
        """Of each eye; empty without the engine."""
        if self._eye is None:
            return {}
        return {side: read_eye_state(self._eye, grey, roi, side) for side, roi in patches.items()}

    def gaze(self, grey: Grey, patches: Mapping[str, Roi], values: Callable[[], NDArray[np.float32]]) -> GazeReading | None:
        """Of both eyes; ``values`` makes what ``gaze_net.describe`` says, only asked for when there is an engine."""
        if self._gaze is None:
            return None
        return read(self._gaze, {side: cut_eye(grey, roi, side) for side, roi in patches.items()}, values())
