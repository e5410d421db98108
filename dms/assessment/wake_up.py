"""The wake-up request: climbs while it stays unanswered; an acknowledgement ends it (DDAW-05)."""

from dms.assessment.windows import TINY
from dms.profiles.policies import WakeUp

HIGHEST = 3
"""1 chime, 2 and haptic, 3 and voice."""


class WakeUpRequest:
    """Turns the level that the warnings ask for into the level to give now."""

    def __init__(self, rules: WakeUp | None) -> None:
        self._rules = rules
        self._asked = 0
        self._since = 0.0
        self._quiet_until: float | None = None

    def step(self, t: float, asked: int, acknowledged: bool, eyes_shut: bool) -> int:
        """The level to give at ``t``.

        Args:
            t: now, s.
            asked: what the warnings ask for, 0..3.
            acknowledged: the driver has answered. Shut eyes answer nothing: it was somebody else, or chance.
            eyes_shut: are the eyes shut now.
        """
        rules = self._rules
        if rules is None or asked == 0:
            self._asked, self._quiet_until = 0, None
            return asked
        if asked > self._asked:  # it has become worse: what was answered was something else
            self._since, self._quiet_until = (t if self._asked == 0 else self._since), None
        self._asked = asked
        if acknowledged and not eyes_shut:
            self._quiet_until = t + rules.repeat_s
        if self._quiet_until is not None:
            if t < self._quiet_until - TINY:
                return 0
            self._since, self._quiet_until = t, None
        return min(HIGHEST, asked + int((t - self._since + TINY) / rules.escalate_s))
