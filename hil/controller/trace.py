"""CAN traces: what went over the bus in a run, written and read by python-can. The ending chooses the format."""

from collections.abc import Iterator
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


def read_trace(path: Path) -> Iterator[tuple[float, CanFrame]]:
    """Data frames of a trace with their times, s from the first one.

    Raises:
        InputError: no trace, or damaged.
    """
    start: float | None = None
    try:
        with path.open("rb") as file:  # python-can's reader of BLF leaves the file open when it refuses it
            if path.suffix == ".blf" and file.read(4) != b"LOGG":
                raise InputError(f"trace {path} is damaged or no CAN trace: it does not begin as BLF does")
        with can.LogReader(str(path)) as reader:
            for message in reader:
                if message.is_error_frame or message.is_remote_frame:
                    continue
                start = message.timestamp if start is None else start
                frame = CanFrame(
                    message.arbitration_id, bytes(message.data), message.is_extended_id, message.is_fd, message.bitrate_switch
                )  # fmt: skip
                yield message.timestamp - start, frame
    except OSError as error:
        raise InputError(f"trace {path} cannot be read: {error.strerror or error}") from None
    except InputError:
        raise
    except Exception as error:  # python-can's readers raise whatever their format's parser does
        raise InputError(f"trace {path} is damaged or no CAN trace: {' '.join(str(error).split())}") from None
