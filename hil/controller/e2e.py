"""The controller's own end-to-end check: AUTOSAR profiles 5 (CAN FD) and 22 (classic CAN), written a second time.

It shares the words (``Check``, ``State``, the limits) with ``dms.bus.e2e`` and no code, so that a mistake in one of the two
shows as a disagreement.
"""

from dms.bus.e2e import Check, E2EParameters, State
from dms.bus.e2e_profiles import Profile, Profile5, Profile22
from dms.errors import UsageError


def _table(polynomial: int, bits: int) -> list[int]:
    """What one byte at the top of a CRC of so many bits becomes."""
    table, top = [], 1 << (bits - 1)
    for byte in range(256):
        rest = byte << (bits - 8)
        for _ in range(8):
            rest = (rest << 1 ^ polynomial if rest & top else rest << 1) & ((1 << bits) - 1)
        table.append(rest)
    return table


_CCITT, _AUTOSAR8 = _table(0x1021, 16), _table(0x2F, 8)


def crc16(data: bytes) -> int:
    """CRC-16 with polynomial 0x1021, beginning with all ones."""
    value = 0xFFFF
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _CCITT[value >> 8 ^ byte]
    return value


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 0x2F, beginning with all ones, inverted at the end."""
    value = 0xFF
    for byte in data:
        value = _AUTOSAR8[value ^ byte]
    return value ^ 0xFF


class Sequence:
    """Verdicts on the frames of one message, one after the other.

    Args:
        protection: profile with its data id or ids.
        longest_step: of the counter that is still good.

    Raises:
        UsageError: protected otherwise.
    """

    def __init__(self, protection: Profile | None, longest_step: int = 2) -> None:
        if not isinstance(protection, (Profile5, Profile22)):
            raise UsageError("the simulated controller checks E2E profiles P05, P02 and P22")
        self._ids = protection.data_ids if isinstance(protection, Profile22) else protection.data_id.to_bytes(2, "little")
        self._short = isinstance(protection, Profile22)
        self._period = 16 if self._short else 256
        self._longest_step = longest_step
        self._next = 0

    def verdict(self, frame: bytes) -> Check:
        """What is to be thought of this frame."""
        counter = self._short_counter(frame) if self._short else self._long_counter(frame)
        if counter is None:
            return Check.ERROR
        ahead = (counter - self._next) % self._period  # 0: the very next one; one short of the period: the same again
        self._next = (counter + 1) % self._period
        if ahead == self._period - 1:
            return Check.REPEATED
        if ahead >= self._longest_step:
            return Check.WRONG_SEQUENCE
        return Check.OK if ahead == 0 else Check.OK_SOME_LOST

    def _long_counter(self, frame: bytes) -> int | None:
        """Profile 5: counter, or nothing when the CRC does not fit."""
        fits = len(frame) >= 3 and frame[0] + 256 * frame[1] == crc16(frame[2:] + self._ids)
        return frame[2] if fits else None

    def _short_counter(self, frame: bytes) -> int | None:
        """Profile 22: the same."""
        if len(frame) < 2:
            return None
        counter = frame[1] % 16
        return counter if frame[0] == crc8(frame[1:] + self._ids[counter : counter + 1]) else None


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
