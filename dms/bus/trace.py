"""Recorded CAN traffic: written as ``candump -L`` does, read from whatever python-can reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import can

from dms.bus.port import CanFrame
from dms.errors import InputError


def candump(frame: CanFrame, t: float, channel: str = "can0") -> bytes:
    """One line as ``candump -L`` and ``candump -l`` write it."""
    name = f"{frame.can_id:08X}" if frame.extended else f"{frame.can_id:03X}"
    mark = f"##{1 if frame.bit_rate_switch else 0}" if frame.fd else "#"
    return f"({t:.6f}) {channel} {name}{mark}{frame.data.hex().upper()}".encode()


def read_trace(path: str) -> Iterator[tuple[float, CanFrame]]:
    """Time in seconds and frame of each data frame, in the order of the file.

    Args:
        path: a file, its kind by its suffix: .log (candump), .asc, .blf, .csv, .mf4, .trc; ``-`` reads candump's lines from
            standard input.

    Raises:
        InputError: missing, of unknown kind, or not what its suffix says.
    """
    if path != "-" and not Path(path).is_file():
        raise InputError(f"cannot read the trace {path}: no such file")
    try:
        with _reader(path) as reader:
            for message in reader:
                if not message.is_error_frame and not message.is_remote_frame:
                    yield message.timestamp, _frame(message)
    except Exception as error:  # each of python-can's readers has errors of its own
        raise InputError(f"{path} is not the kind of trace its name says: {' '.join(str(error).split())}") from None


@contextmanager
def _reader(path: str) -> Iterator[Any]:
    if path == "-":
        yield can.CanutilsLogReader(sys.stdin)
    elif path.lower().endswith(".blf"):
        with open(path, "rb") as file:  # python-can leaves a file open that is none of its kind
            yield can.BLFReader(file)
    else:
        with can.LogReader(path) as reader:
            yield reader


def _frame(message: can.Message) -> CanFrame:
    return CanFrame(message.arbitration_id, bytes(message.data), message.is_extended_id, message.is_fd, message.bitrate_switch)
