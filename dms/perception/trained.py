"""The networks trained in this project, where they are loaded: one place that runs them, ``None`` or nothing without."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine, Tensors
from dms.perception.eye_state import EyeReading, eye_feeds
from dms.perception.eye_state import decode as read_eye
from dms.perception.gaze_net import GazeReading, cut_eyes, gaze_feeds
from dms.perception.gaze_net import decode as read_gaze
from dms.perception.head_net import OTHER_SIZES, HeadReading, head_feeds, head_reading, head_roi, mean_reading, mirrored_feeds
from dms.perception.roi import Roi
from dms.perception.rounds import Rounds

Grey = NDArray[np.uint8]
Looks = tuple[HeadReading | None, dict[str, EyeReading]]


class Trained:
    """Runs the engines of the slots ``head_pose``, ``eye_state``, ``gaze``; ``rounds`` asks them together."""

    def __init__(self, engines: Mapping[str, Engine], rounds: Rounds | None = None) -> None:
        self._rounds = rounds or Rounds(engines)
        self._has_head, self._has_eye, self._has_gaze = (slot in engines for slot in ("head_pose", "eye_state", "gaze"))

    def head(self, grey: Grey, roi: Roi, well: bool = False) -> HeadReading | None:
        """Of the head in ``roi`` (``head_net.head_roi``, ``level_roi``); ``well``: eight looks, see ``head_and_eyes``."""
        return self.head_and_eyes(grey, roi, {}, well)[0]

    def head_spread(self, grey: Grey, box: tuple[float, float, float, float]) -> float:
        """How unsure the head-pose network is of what it sees in the box (x, y, w, h), degrees; what is no head is read with
        a large spread. Infinite without the engine."""
        looks = self.head(grey, head_roi(box))
        return math.inf if looks is None else looks.std_deg

    def head_and_eyes(self, grey: Grey, roi: Roi, patches: Mapping[str, Roi], well: bool = False) -> Looks:
        """Of the head, see ``head``, and of each eye (none without that engine): neither needs the other, so they run side by
        side. An engine takes one input at a time: the second eye makes a second round. ``well``: the head is looked at in four
        sizes and in the mirror, which takes time that only single pictures have."""
        rois = (roi, *(replace(roi, size=roi.size * size) for size in OTHER_SIZES)) if well else (roi,)
        heads: list[Tensors] = []
        for one in rois if self._has_head else ():
            heads.append(head_feeds(grey, one))
            heads.extend([mirrored_feeds(heads[-1])] if well else [])
        eyes = [(side, eye_feeds(grey, patch, side)) for side, patch in patches.items()] if self._has_eye else []
        seen: list[Tensors] = []
        states: dict[str, EyeReading] = {}
        for number in range(max(len(heads), len(eyes))):
            feeds = {"head_pose": heads[number]} if number < len(heads) else {}
            feeds |= {"eye_state": eyes[number][1]} if number < len(eyes) else {}
            answers = self._rounds.ask(feeds)
            if "head_pose" in answers:
                seen.append(answers["head_pose"])
            if "eye_state" in answers:
                side = eyes[number][0]
                states[side] = read_eye(answers["eye_state"], patches[side], side)
        each = 2 if well else 1
        readings = [head_reading(one, *seen[each * k : each * (k + 1)]) for k, one in enumerate(rois)] if seen else []
        return mean_reading(readings), states

    def gaze(
        self,
        grey: Grey,
        patches: Mapping[str, Roi],
        values: Callable[[], NDArray[np.float32]],
        ahead: Callable[[], Mapping[str, Tensors]] = dict,
    ) -> GazeReading | None:
        """Of both eyes; ``values`` makes what ``gaze_net.describe`` says, ``ahead`` optional inputs of other engines to be run
        beside (``Rounds.ask``); both are only asked for when there is an engine."""
        if not self._has_gaze:
            return None
        feeds = gaze_feeds(cut_eyes(grey, patches), values())
        return read_gaze(self._rounds.ask({"gaze": feeds}, ahead())["gaze"])
