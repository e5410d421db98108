"""A background thread as a context manager: started on entry, asked to stop and joined on exit."""

import threading
from abc import ABC, abstractmethod
from typing import TypeVar

W = TypeVar("W", bound="Worker")


class Worker(ABC):
    """Subclass it and fill ``work``, which returns soon after ``_stop`` is set."""

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.work, name=name, daemon=True)

    @abstractmethod
    def work(self) -> None:
        """The thread's own code."""

    def __enter__(self: W) -> W:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=2.0)
