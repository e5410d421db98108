"""Keeps what one ignition cycle must remember in a file: a restart of the process is no way out of a lock-out (R171-11)."""

import os
from pathlib import Path

import msgspec

from dms.assessment.cycle import CycleMemory
from dms.errors import InputError

_DECODER = msgspec.json.Decoder(CycleMemory)


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
