"""CAN traces written: what went over the bus in a run; the ending chooses the format. ``dms.bus.trace`` reads them."""

from pathlib import Path
from types import TracebackType

import can

from dms.bus.port import CanFrame
from dms.errors import InputError, UsageError

FORMATS = ("log", "asc", "blf")
"""candump, Vector ASC, Vector BLF: all three keep CAN FD and bit-rate switch."""


class TraceWriter:
    """A trace file; a context manager.

    Raises:
        UsageError: an ending that is no such format.
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.lstrip(".") not in FORMATS:
            raise UsageError(f"{path} ends in no known trace format; one of: {', '.join(FORMATS)}")
        try:
            self._writer = can.Logger(str(path))
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> "TraceWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.stop()

    def frame(self, frame: CanFrame, t: float) -> None:
        """One frame at ``t``, s from the start."""
        self._writer.on_message_received(
            can.Message(
                timestamp=t, arbitration_id=frame.can_id, data=frame.data, is_extended_id=frame.extended, is_fd=frame.fd,
                bitrate_switch=frame.bit_rate_switch, channel=0,
            )
        )  # fmt: skip
