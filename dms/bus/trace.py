"""Recorded CAN traffic: written as ``candump -L`` does, read from whatever python-can reads."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import can

from dms.bus.port import CanFrame
from dms.errors import BackendUnavailable, InputError

KINDS = ".log (candump), .asc, .blf, .csv, .mf4, .trc"


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
        InputError: missing, empty, of unknown kind, or not what its suffix says.
        BackendUnavailable: the package that reads MF4 is missing.
    """
    if path != "-" and Path(path).is_dir():
        raise InputError(f"cannot read the trace {path}: is a folder")
    if path != "-" and not Path(path).is_file():
        raise InputError(f"cannot read the trace {path}: no such file")
    if path != "-" and not Path(path).stat().st_size:
        raise InputError(f"{path} is empty")
    if path.lower().endswith(".mf4") and find_spec("asammdf") is None:
        raise BackendUnavailable(f"{path}: MF4 is read by the package asammdf", "run: pip install 'dms[mf4]'")
    read = 0
    try:
        with _reader(path) as reader:
            for read, message in enumerate(reader, 1):  # noqa: B007  told in the error
                if not message.is_error_frame and not message.is_remote_frame:
                    yield message.timestamp, _frame(message)
    except Exception:  # each of python-can's readers has errors of its own, in words of its own
        if read:
            raise InputError(f"{path} cannot be read beyond frame {read}: it is cut off or damaged there") from None
        if path == "-":
            raise InputError("standard input holds no lines as candump -L writes them") from None
        raise InputError(f"{path} is not the kind of trace its name says; known: {KINDS}") from None


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
