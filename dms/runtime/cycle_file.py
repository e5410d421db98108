"""Keeps what one ignition cycle must remember in a file: a restart of the process is no way out of a lock-out (R171-11)."""

import os
import sys
import threading
from pathlib import Path
from types import TracebackType

import msgspec

from dms.assessment.cycle import CycleMemory
from dms.errors import InputError

_DECODER = msgspec.json.Decoder(CycleMemory)

LAST_WRITE_S = 2.0
"""At the end a slow disk is waited for, but for no longer than this."""


class CycleFile:
    """One small JSON file, replaced whole: after a crash or a power cut it holds the newest memory or the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> CycleMemory | None:
        """The kept memory; ``None`` where there is no file yet.

        Raises:
            InputError: the file is damaged or cannot be read. Only a person may decide to forget a lock-out.
        """
        try:
            return _DECODER.decode(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            line = " ".join(str(error).split())
            raise InputError(f"cycle file {self.path} is not usable ({line}); remove it to start a new ignition cycle") from None

    def keep(self, memory: CycleMemory) -> None:
        """Write through to the disk.

        Raises:
            InputError: it cannot be written.
        """
        beside = self.path.with_name(self.path.name + ".new")
        try:
            with open(beside, "wb") as file:
                file.write(msgspec.json.encode(memory))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            raise InputError(f"cycle file {self.path} cannot be written ({error.strerror})") from None


class CycleKeeper:
    """Writes a ``CycleFile`` on a thread of its own: a disk that is slow, full or gone never delays a judgement.

    Use as a context manager. Only the newest memory counts: what came while the disk was busy with an older one replaces it.
    """

    def __init__(self, file: CycleFile) -> None:
        self._file = file
        self._newest: CycleMemory | None = None
        self._wake, self._over = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="dms-cycle-file", daemon=True)

    def load(self) -> CycleMemory | None:
        """See ``CycleFile.load``; before the loop starts, so at once."""
        return self._file.load()

    def keep(self, memory: CycleMemory) -> None:
        """To be written as soon as the disk allows; returns at once."""
        self._newest = memory
        self._wake.set()

    def _run(self) -> None:
        told = ""
        while True:
            self._wake.wait()
            self._wake.clear()
            over, memory, self._newest = self._over, self._newest, None
            told = self._write(memory, told) if memory is not None else told
            if over:
                return

    def _write(self, memory: CycleMemory, told: str) -> str:
        """A disk that fails is said, once in a row, and is no reason to stop watching the driver."""
        try:
            self._file.keep(memory)
        except InputError as error:
            if str(error) != told:
                print(error, file=sys.stderr)
            return str(error)
        return ""

    def __enter__(self) -> "CycleKeeper":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._over = True
        self._wake.set()
        self._thread.join(LAST_WRITE_S)
        if self._thread.is_alive():
            print(f"cycle file {self._file.path}: the disk does not answer; the newest memory may be lost", file=sys.stderr)
