"""The status byte of a trouble code and its life: ISO 14229-1, annex D (written from memory of it; compare before relying on it).

``testFailed`` follows the qualified result; ``pending`` lives until a whole operation cycle has passed without a failure;
``confirmed`` comes after failures in so many cycles and goes after so many clean ones (ageing) or when a tester clears it.
"""

from enum import IntFlag

import msgspec


class Status(IntFlag):
    """Bits of the status byte; ``warningIndicatorRequested`` (0x80) is not supported."""

    TEST_FAILED = 0x01
    FAILED_THIS_CYCLE = 0x02
    PENDING = 0x04
    CONFIRMED = 0x08
    NOT_COMPLETED_SINCE_CLEAR = 0x10
    FAILED_SINCE_CLEAR = 0x20
    NOT_COMPLETED_THIS_CYCLE = 0x40


AVAILABLE = 0x7F
"""DTCStatusAvailabilityMask."""

CLEARED = Status.NOT_COMPLETED_SINCE_CLEAR | Status.NOT_COMPLETED_THIS_CYCLE
_FAILED = int(Status.TEST_FAILED | Status.FAILED_THIS_CYCLE | Status.PENDING | Status.FAILED_SINCE_CLEAR)
_NOT_COMPLETED = int(Status.NOT_COMPLETED_SINCE_CLEAR | Status.NOT_COMPLETED_THIS_CYCLE)


class Life(msgspec.Struct):
    """Status and counters of one code.

    Attributes:
        status: the byte.
        trips: operation cycles with a failure, without a clean one between them.
        aged: clean cycles in a row since it was confirmed.
        occurrences: how often it was qualified as failed since the last clear, at most 255.
    """

    status: int = int(CLEARED)
    trips: int = 0
    aged: int = 0
    occurrences: int = 0

    def has(self, bit: Status) -> bool:
        """Is a bit set."""
        return bool(self.status & bit)

    def failed(self, confirm_after: int) -> bool:
        """The test has surely failed; returns whether this is a new occurrence."""
        new = not self.has(Status.TEST_FAILED)
        if not self.has(Status.FAILED_THIS_CYCLE):
            self.trips = min(255, self.trips + 1)
        self.aged = 0
        self.occurrences = min(255, self.occurrences + new)
        self.status &= ~_NOT_COMPLETED
        self.status |= _FAILED
        if self.trips >= confirm_after:
            self.status |= int(Status.CONFIRMED)
        return new

    def passed(self) -> None:
        """The test has surely passed."""
        self.status &= ~(_NOT_COMPLETED | int(Status.TEST_FAILED))

    def end_cycle(self, age_after: int) -> bool:
        """An operation cycle is over and the next begins; returns whether the code was aged out of the memory."""
        clean = not (self.has(Status.FAILED_THIS_CYCLE) or self.has(Status.NOT_COMPLETED_THIS_CYCLE))
        aged_out = False
        if clean:
            self.status &= ~int(Status.PENDING)
            self.trips = 0
            self.aged = min(255, self.aged + 1) if self.has(Status.CONFIRMED) else 0
            aged_out = self.aged >= age_after
        if aged_out:
            self.status &= ~int(Status.CONFIRMED)
            self.aged = self.occurrences = 0
        self.status &= ~int(Status.TEST_FAILED | Status.FAILED_THIS_CYCLE)
        self.status |= int(Status.NOT_COMPLETED_THIS_CYCLE)
        return aged_out
