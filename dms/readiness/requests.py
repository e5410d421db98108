"""What the driver is asked to do, by warning class. Advice to the controller, which owns every clock and actuator."""

from dms.records import Requests
from dms.records.words import WarningClass

NONE = Requests()
_ESCALATED = 2
_REQUESTS: dict[WarningClass, Requests] = {
    "unresponsive": Requests(eyes_on=2, wake_up=3, safe_stop=True),
    "sleep": Requests(eyes_on=2, wake_up=2),
    "microsleep": Requests(eyes_on=1, wake_up=1),
    "long_distraction": Requests(eyes_on=1),
    "short_distraction": Requests(eyes_on=1),
    "phone": Requests(eyes_on=1),
    "drowsy": Requests(wake_up=1),
}
_LONG_ESCALATED = Requests(eyes_on=_ESCALATED)


def requests_for(warning: WarningClass | None, stage: int) -> Requests:
    """Requests that go with the arbitrated warning; none without one, and none for ``camera``, which the driver cannot mend."""
    if warning is None:
        return NONE
    if warning == "long_distraction" and stage >= _ESCALATED:
        return _LONG_ESCALATED
    return _REQUESTS.get(warning, NONE)
