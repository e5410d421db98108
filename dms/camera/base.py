"""One seam for all picture sources: iterate a ``Source``, get ``Frame`` records.

A source is a context manager. Files and logs deliver every frame; a live device keeps only the newest (``live`` is true and
``newest`` waits for it). Times are seconds from a monotonic clock, or from the file's own start.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType

from dms.records import Frame


class Source(ABC):
    """Where pictures come from."""

    live: bool = False
    independent: bool = False
    """Pictures have nothing to do with each other (a folder of stills): no tracking between them."""

    name: str = ""

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """Frames in order until the end.

        Raises:
            InputError: the source breaks or ends too early.
            HardwareError: the device is gone.
        """

    def close(self) -> None:  # noqa: B027  most sources hold nothing between frames
        """Give the device or file back."""

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
