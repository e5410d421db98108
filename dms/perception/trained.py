"""The networks trained in this project, where they are loaded: one place that runs them, ``None`` or nothing without."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.eye_patch import cut_eye
from dms.perception.eye_state import EyeReading, read_eye_state
from dms.perception.gaze_net import GazeReading, read
from dms.perception.head_net import HeadReading, read_head
from dms.perception.roi import Roi

Grey = NDArray[np.uint8]

CONFIRMED_STD_DEG = 15.0
"""Of 127 candidates in pictures without a face (photographs, made-up backgrounds) none was read with less than 17 degrees of
stated spread, nine in ten with more than 38; rendered profiles that the detector is sure of are read with 13."""


class Trained:
    """Runs the engines of the slots ``head_pose``, ``eye_state``, ``gaze``."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._head, self._eye, self._gaze = (engines.get(slot) for slot in ("head_pose", "eye_state", "gaze"))

    def head(self, grey: Grey, box: tuple[float, float, float, float], mirrored: bool = False) -> HeadReading | None:
        """Of the face in ``box`` (x, y, w, h); ``mirrored``: looked at twice."""
        return None if self._head is None else read_head(self._head, grey, box, mirrored)

    def confirms_head(self, grey: Grey, box: tuple[float, float, float, float]) -> bool:
        """Is the head-pose network sure enough of what it sees in the box (x, y, w, h)?"""
        looks = self.head(grey, box)
        return looks is not None and looks.std_deg <= CONFIRMED_STD_DEG

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
