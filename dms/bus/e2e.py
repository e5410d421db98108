"""AUTOSAR end-to-end protection at the receiver: the verdict on each frame, and the state of the communication.

Where counter and CRC stand, and how they are computed, is the profile's business: ``dms.bus.e2e_profiles``. CRC and counter find
corruption, loss, repetition and wrong order; they are no defence against a forger, who can know the data id.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from dms.bus.e2e_profiles import Profile
from dms.errors import UsageError

LARGEST_STEP = 254
"""An 8-bit counter cannot tell a larger step from a repetition."""


class Check(Enum):
    """Verdict on one expected frame."""

    OK = "ok"
    OK_SOME_LOST = "ok_some_lost"
    REPEATED = "repeated"
    WRONG_SEQUENCE = "wrong_sequence"
    ERROR = "error"
    NO_NEW_DATA = "no_new_data"

    @property
    def good(self) -> bool:
        """May the frame's content be looked at."""
        return self in (Check.OK, Check.OK_SOME_LOST)


class State(Enum):
    """State of the communication; only ``VALID`` may be trusted."""

    NODATA = "nodata"
    INIT = "init"
    VALID = "valid"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class E2EParameters:
    """Limits of the receiver, as data. Windows and counts are in expected frames.

    Attributes:
        max_delta_counter: largest counter step that is still good (2: one frame may be lost).
        window: verdicts looked back on.
        min_ok_init: good verdicts needed for INIT -> VALID.
        max_error_init: more CRC errors than this: INIT -> INVALID.
        min_ok_valid: fewer good verdicts than this: VALID -> INVALID.
        max_error_valid: more CRC errors than this: VALID -> INVALID.
        min_ok_invalid: good verdicts needed for INVALID -> VALID.
        max_error_invalid: with more CRC errors than this it stays INVALID.
        max_no_new_or_repeated: so many missing or repeated frames in a row: VALID -> INVALID.
    """

    max_delta_counter: int = 2
    window: int = 10
    min_ok_init: int = 3
    max_error_init: int = 2
    min_ok_valid: int = 1
    max_error_valid: int = 2
    min_ok_invalid: int = 5
    max_error_invalid: int = 2
    max_no_new_or_repeated: int = 3

    def __post_init__(self) -> None:
        """Refuse limits with which the machine could never be VALID or never leave it.

        Raises:
            UsageError: naming the value.
        """
        if not 1 <= self.max_delta_counter <= LARGEST_STEP:
            raise UsageError(f"e2e max_delta_counter = {self.max_delta_counter} is outside 1..{LARGEST_STEP}")
        for name in ("min_ok_init", "min_ok_valid", "min_ok_invalid", "max_no_new_or_repeated"):
            if not 1 <= getattr(self, name) <= self.window:
                raise UsageError(f"e2e {name} = {getattr(self, name)} is outside 1..window ({self.window})")
        for name in ("max_error_init", "max_error_valid", "max_error_invalid"):
            if not 0 <= getattr(self, name) < self.window:
                raise UsageError(f"e2e {name} = {getattr(self, name)} is outside 0..window-1 ({self.window - 1})")


class Checker:
    """Checks one message's frames one by one and remembers the last good counter."""

    def __init__(self, profile: Profile, max_delta_counter: int = 2) -> None:
        """Start with nothing heard.

        Raises:
            UsageError: the profile's counter is too short for such a step.
        """
        if max_delta_counter > profile.counter_period - 2:
            raise UsageError(f"e2e max_delta_counter = {max_delta_counter} is too large for the counter of {profile.name}")
        self._profile = profile
        self._max_delta = max_delta_counter
        self._last = profile.counter_period - 1

    def check(self, data: bytes | bytearray | None) -> Check:
        """Verdict on the next frame; ``None``: a frame was due and none came.

        The first frame after start is WRONG_SEQUENCE unless its counter is 0 or close behind: nothing is known of the sender yet.
        """
        if data is None:
            return Check.NO_NEW_DATA
        if not self._profile.crc_ok(data):
            return Check.ERROR
        counter = self._profile.counter(data)
        delta = (counter - self._last) % self._profile.counter_period
        self._last = counter
        if delta == 0:
            return Check.REPEATED
        if delta == 1:
            return Check.OK
        return Check.OK_SOME_LOST if delta <= self._max_delta else Check.WRONG_SEQUENCE


class StateMachine:
    """NODATA -> INIT -> VALID <-> INVALID over a sliding window of verdicts.

    The window starts empty in INVALID, so that trust has to be earned anew with ``min_ok_invalid`` good frames.
    """

    def __init__(self, parameters: E2EParameters | None = None) -> None:
        self.parameters = parameters or E2EParameters()
        self.state = State.NODATA
        self._window: deque[Check] = deque(maxlen=self.parameters.window)
        self._silent = 0

    def step(self, verdict: Check) -> State:
        """Take the verdict on one expected frame and return the new state."""
        self._silent = self._silent + 1 if verdict in (Check.NO_NEW_DATA, Check.REPEATED) else 0
        self._window.append(verdict)
        if self.state is State.NODATA:
            if verdict not in (Check.ERROR, Check.NO_NEW_DATA):
                self.state = State.INIT
            return self.state
        if not self._trusted():
            if self.state is State.VALID or (self.state is State.INIT and self._errors() > self.parameters.max_error_init):
                self.state = State.INVALID
                self._window.clear()
        else:
            self.state = State.VALID
        return self.state

    def time_out(self) -> None:
        """The receiver's deadline has passed: VALID -> INVALID at once."""
        if self.state is State.VALID:
            self.state = State.INVALID
            self._window.clear()

    def _errors(self) -> int:
        return self._window.count(Check.ERROR)

    def _trusted(self) -> bool:
        """Are the limits of the present state kept."""
        p = self.parameters
        min_ok, max_error = {
            State.INIT: (p.min_ok_init, p.max_error_init),
            State.VALID: (p.min_ok_valid, p.max_error_valid),
        }.get(self.state, (p.min_ok_invalid, p.max_error_invalid))
        ok = sum(verdict.good for verdict in self._window)
        return ok >= min_ok and self._errors() <= max_error and self._silent < p.max_no_new_or_repeated
