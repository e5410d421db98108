"""The controller's own end-to-end check: AUTOSAR profile 5, written a second time.

It shares the words (``Check``, ``State``, the limits) with ``dms.bus.e2e`` and no code, so that a mistake in one of the two
shows as a disagreement.
"""

from dms.bus.e2e import Check, E2EParameters, State

_TABLE: list[int] = []
for _byte in range(256):
    _rest = _byte << 8
    for _ in range(8):
        _rest = (_rest << 1 ^ 0x1021 if _rest & 0x8000 else _rest << 1) & 0xFFFF
    _TABLE.append(_rest)


def checksum(frame: bytes, data_id: int) -> int:
    """CRC-16 over the frame behind its first two bytes and the data id, low byte first."""
    value = 0xFFFF
    for byte in (*frame[2:], data_id & 0xFF, data_id >> 8):
        value = (value << 8 & 0xFFFF) ^ _TABLE[value >> 8 ^ byte]
    return value


class Sequence:
    """Verdicts on the frames of one message, one after the other."""

    def __init__(self, data_id: int, longest_step: int) -> None:
        self._data_id, self._longest_step = data_id, longest_step
        self._next = 0

    def verdict(self, frame: bytes) -> Check:
        """What is to be thought of this frame."""
        if len(frame) < 3 or frame[0] | frame[1] << 8 != checksum(frame, self._data_id):
            return Check.ERROR
        ahead = (frame[2] - self._next) % 256  # 0: the very next one, 255: the same again
        self._next = (frame[2] + 1) % 256
        if ahead == 255:
            return Check.REPEATED
        if ahead >= self._longest_step:
            return Check.WRONG_SEQUENCE
        return Check.OK if ahead == 0 else Check.OK_SOME_LOST


class Trust:
    """May the sender be trusted: NODATA, INIT, VALID, INVALID over the last verdicts."""

    def __init__(self, limits: E2EParameters) -> None:
        self._limits = limits
        self.state = State.NODATA
        self._recent: list[Check] = []
        self._quiet = 0

    def note(self, verdict: Check) -> None:
        """One expected frame's verdict."""
        self._quiet = self._quiet + 1 if verdict in (Check.NO_NEW_DATA, Check.REPEATED) else 0
        self._recent = [*self._recent, verdict][-self._limits.window :]
        if self.state is State.NODATA:
            if verdict not in (Check.ERROR, Check.NO_NEW_DATA):
                self.state = State.INIT
        elif self._good_enough():
            self.state = State.VALID
        elif self.state is not State.INIT or self._recent.count(Check.ERROR) > self._limits.max_error_init:
            self.lose()

    def lose(self) -> None:
        """Trust is gone; it has to be earned anew."""
        if self.state is not State.INVALID:
            self.state, self._recent = State.INVALID, []

    def _good_enough(self) -> bool:
        p = self._limits
        least, most = p.min_ok_invalid, p.max_error_invalid
        if self.state is State.INIT:
            least, most = p.min_ok_init, p.max_error_init
        elif self.state is State.VALID:
            least, most = p.min_ok_valid, p.max_error_valid
        good = sum(verdict in (Check.OK, Check.OK_SOME_LOST) for verdict in self._recent)
        return good >= least and self._recent.count(Check.ERROR) <= most and self._quiet < p.max_no_new_or_repeated
