"""Can the camera be judged by at all: blocked, dark, blurred or frozen pictures, silence, frame rate, eyes that stay unseen."""

import math
from collections import deque
from functools import lru_cache

from dms.assessment.sharpness import SharpnessWatch
from dms.assessment.windows import TINY, HeldTime, Tick
from dms.profiles.rules import CameraRules
from dms.records import Health, Image
from dms.records.words import HealthState

_READY = Health(state="ready")


@lru_cache(maxsize=8)
def _camera(state: HealthState, *reasons: str) -> Health:
    """Not well, for reasons of the camera's. Remembers the newest ones: most pictures change nothing in it."""
    return Health(state=state, reasons=list(reasons), parts=["camera"])


def picture_fault(image: Image | None, rules: CameraRules) -> str | None:
    """Why this picture cannot be used, or ``None``."""
    if image is None:
        return None
    if image.frozen:
        return "picture frozen"
    if image.blocked is not None and image.blocked >= rules.blocked_share:
        return f"camera blocked, {image.blocked:.0%} of the picture shows nothing"
    if image.mean is not None and image.mean <= rules.dark_mean:
        return f"picture dark, mean {image.mean:.0f} of 255"
    if image.saturated is not None and image.saturated >= rules.saturated_share:
        return f"picture over-exposed, {image.saturated:.0%} saturated"
    if image.sharpness is not None and image.sharpness <= rules.sharpness_min:
        return f"picture blurred, sharpness {image.sharpness:.0f}"
    return None


class CameraWatch:
    """Frame rate, unusable time and the published health."""

    def __init__(self, rules: CameraRules) -> None:
        self._rules = rules
        self._times: deque[float] = deque()
        self._bad = HeldTime(0.0, math.inf)
        self._eyes_unseen = HeldTime(rules.max_gap_s, math.inf)
        self._sharpness = SharpnessWatch(rules)
        self._silent_s = 0.0
        self.fps: float | None = None
        self._whole_fps = 0
        self.health = Health()

    def step(self, tick: Tick, fault: str | None, eyes_unseen: bool | None, image: Image | None = None) -> None:
        """Add one picture; ``eyes_unseen``: a face without eyes that can be judged, ``None`` without a face."""
        self._sharpness.step(tick, None if fault is not None or image is None else image.sharpness)
        self._silent_s = 0.0
        self._bad.step(tick, fault is not None)
        self._eyes_unseen.step(tick, eyes_unseen)
        self._count(tick)
        self.health = self._judge(fault)

    def silent(self, seconds: float) -> None:
        """No picture for so long."""
        self._silent_s = seconds
        self.health = _camera("fault", f"no picture for {seconds:.2f} s")

    @property
    def inform(self) -> bool:
        """Has the view been unusable for so long that the driver must be told?"""
        blind = max(self._bad.held, self._silent_s)
        return blind > max(0.0, self._rules.inform_after_s - TINY) or self._eyes_long_unseen

    @property
    def blinks_countable(self) -> bool:
        """Is the frame rate high enough for blink statistics?"""
        return self._whole_fps >= self._rules.fps_blink_min

    @property
    def _eyes_long_unseen(self) -> bool:
        return self._eyes_unseen.held >= self._rules.eyes_unseen_inform_s - TINY

    def _count(self, tick: Tick) -> None:
        if tick.gap:
            self._times.clear()
        if not self._times or tick.t > self._times[-1]:  # the same picture told twice is one picture
            self._times.append(tick.t)
        while self._times[0] < tick.t - self._rules.fps_window_s - TINY:
            self._times.popleft()
        span = tick.t - self._times[0]
        self.fps = (len(self._times) - 1) / span if span >= self._rules.fps_warm_up_s - TINY else None
        self._whole_fps = 0 if self.fps is None else round(self.fps)

    def _judge(self, fault: str | None) -> Health:
        if fault is not None:
            return _camera("blocked", fault)
        if self.fps is None:
            return Health(state="init", reasons=["frame rate not known yet"])
        if self.fps < self._rules.fps_min - TINY:
            return _camera("fault", f"{self.fps:.1f} pictures/s, under {self._rules.fps_min:.0f}")
        reasons = []
        if self._whole_fps < self._rules.fps_timing_min:
            reasons.append(f"{self.fps:.1f} pictures/s, under {self._rules.fps_timing_min:.0f}")
        if self._eyes_long_unseen:
            reasons.append(f"eyes not visible for {self._eyes_unseen.held:.1f} s")
        if (blurred := self._sharpness.blurred) is not None:
            reasons.append(blurred)
        return _camera("degraded", *reasons) if reasons else _READY
