"""One warning at a time. A raised warning stays until the driver has looked at the road again, not until the trigger is gone."""

from dms.assessment.closure import Closure
from dms.assessment.glance import Glances
from dms.assessment.windows import TINY
from dms.profiles.rules import GlanceRules
from dms.records.words import WarningClass

ORDER: tuple[WarningClass, ...] = (
    "unresponsive", "sleep", "microsleep", "long_distraction", "phone", "short_distraction", "drowsy", "camera",
)  # fmt: skip
"""Most important first (P-17)."""

EYES_SHUT: tuple[WarningClass, ...] = ("unresponsive", "sleep", "microsleep")
_STAGE: dict[WarningClass, int] = {"unresponsive": 3, "sleep": 2}


class Warnings:
    """Raises, holds and releases warnings; ``warning`` and ``stage`` are the one to give."""

    def __init__(self, rules: GlanceRules) -> None:
        self._rules = rules
        self._active: set[WarningClass] = set()
        self.warning: WarningClass | None = None
        self.stage = 0

    def step(self, closure: Closure, glances: Glances, drowsy: bool, phone: bool, camera: bool) -> None:
        """Add one sample; ``phone``: a phone is looked at or in view; ``camera``: the view is too poor for too long."""
        self._release(closure, glances)
        self._raise(closure, glances, phone)
        for name, on in (("drowsy", drowsy), ("camera", camera)):
            (self._active.add if on else self._active.discard)(name)  # type: ignore[arg-type]
        self._choose(glances.is_escalated)

    def camera(self, on: bool) -> None:
        """The camera is silent: only this warning can change, the others hold."""
        if on:
            self._active.add("camera")
        self._choose(False)

    def _raise(self, closure: Closure, glances: Glances, phone: bool) -> None:
        if closure.unresponsive:
            self._active.add("unresponsive")
        if closure.event is not None:
            self._active.add(closure.event)
        if not glances.judged:
            return
        if glances.is_long:
            self._active.add("long_distraction")
        if glances.is_too_often and not self._active & {"phone", "short_distraction"}:
            self._active.add("phone" if phone else "short_distraction")

    def _release(self, closure: Closure, glances: Glances) -> None:
        if not self._active or glances.road_s < self._rules.release_s - TINY:
            return
        if not glances.is_long:
            self._active.discard("long_distraction")
        if not glances.is_too_often:
            self._active -= {"phone", "short_distraction"}
        if closure.open_s >= self._rules.release_s - TINY:
            self._active.difference_update(EYES_SHUT)

    def _choose(self, escalated: bool) -> None:
        before, stage = self.warning, self.stage
        self.warning = next((name for name in ORDER if name in self._active), None)
        if self.warning is None:
            self.stage = 0
        elif self.warning == "long_distraction":
            held = stage if before == self.warning else 0
            self.stage = max(held, 2 if escalated else 1)
        else:
            self.stage = _STAGE.get(self.warning, 1)
