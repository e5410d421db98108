"""Errors with an exit code.

::

    DmsError                 1   an expectation failed
    +-- UsageError           2   wrong usage: an option, a profile, a configuration file
    +-- InputError           3   an input is unreadable: picture, log, record, engine file, DBC
    |   +-- RecordError      3   a record that may not enter (NaN, wrong type, out of range, time running backwards)
    +-- HardwareError        4   hardware or a back end is missing or degraded
        +-- BackendUnavailable 4 the asked-for inference back end cannot run here
        +-- EngineFailed     4   a loaded network failed while running

Every message is one line that says what is wrong and what to do. Anything that is not a ``DmsError`` is our own bug.
"""


class DmsError(Exception):
    """Base of all errors a user can cause or mend; ``exit_code`` is what the command returns."""

    exit_code = 1


class UsageError(DmsError):
    """The command, option or configuration asks for something that does not exist."""

    exit_code = 2


class InputError(DmsError):
    """A file or stream cannot be read or does not hold what it should."""

    exit_code = 3


class RecordError(InputError):
    """A record holds a value that may not enter: NaN, infinite, wrong type, out of range, out of order."""


class HardwareError(DmsError):
    """A device, interface or back end is missing, busy or degraded."""

    exit_code = 4


class BackendUnavailable(HardwareError):
    """The inference back end that was asked for cannot run here; ``hint`` is the command that mends it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason}; {hint}" if hint else reason)
        self.reason = reason
        self.hint = hint


class EngineFailed(HardwareError):
    """A loaded network failed while running, or its result cannot be used."""
