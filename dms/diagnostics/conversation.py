"""One tester's conversation: its session with the S3 timer, its security state. Time is given, none is read here."""

from dataclasses import dataclass
from enum import IntEnum

from dms.diagnostics.security import Security


class Session(IntEnum):
    """Diagnostic sessions there are; a programming session would be for flashing, which is not done over UDS."""

    DEFAULT = 0x01
    EXTENDED = 0x03


@dataclass(frozen=True, slots=True)
class Timing:
    """Of ISO 14229-2: an answer within P2, within P2* after "response pending"; a session ends S3 after the last request."""

    p2_s: float = 0.05
    p2_star_s: float = 5.0
    s3_s: float = 5.0


class Conversation:
    """State of one tester's connection.

    Args:
        security: its own: what one tester has unlocked is locked for all others.
    """

    def __init__(self, security: Security) -> None:
        self.session = Session.DEFAULT
        self.security = security
        self._touched = 0.0

    def enter(self, session: Session) -> None:
        """Begin a session anew; security is locked again."""
        self.session = session
        self.security.lock()

    def touch(self, now: float) -> None:
        """A request was served: S3 begins again."""
        self._touched = now

    def expired(self, now: float, s3_s: float) -> bool:
        """Has S3 run out on a session other than the default one."""
        return self.session is not Session.DEFAULT and now - self._touched > s3_s
