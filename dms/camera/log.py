"""The camera frames of a drive log."""

from collections.abc import Iterator
from pathlib import Path

from dms.camera.base import Source
from dms.drivelog.reader import LogReader
from dms.errors import InputError
from dms.records import Frame


class LogFrames(Source):
    """Each recorded picture once, at its capture time. ``log`` gives the other channels; ``notes`` says what could not be read.

    Args:
        path: an MCAP drive log, whole or cut.
        start: first time of receipt wanted, s on the log's clock.
        end: time of receipt to stop before.

    Raises:
        InputError: missing, no drive log, or another version.
    """

    def __init__(self, path: str | Path, start: float | None = None, end: float | None = None) -> None:
        self.name = str(path)
        self.log = LogReader(path)
        self._start, self._end = start, end

    @property
    def notes(self) -> list[str]:
        """What was wrong with the log, one line each; complete after the last frame."""
        return self.log.notes

    def frames(self) -> Iterator[Frame]:
        """Frames in the order recorded; those before a cut, if the log was cut.

        Raises:
            InputError: the log holds no pictures.
        """
        return self.log.frames(self._start, self._end)

    def close(self) -> None:
        """Close the file."""
        self.log.close()


def sample_log() -> Path:
    """The drive log that comes with the package.

    Raises:
        InputError: this installation lacks it.
    """
    path = Path(__file__).resolve().parent.parent / "drivelog" / "sample" / "sample.mcap"
    if not path.is_file():
        raise InputError(f"{path}: the sample drive log is missing; reinstall dms")
    return path
