"""What the UDS server needs of the thing it speaks for: data, routines, and the few commands that change something."""

from collections.abc import Mapping
from typing import Protocol

from dms.diagnostics.fields import Field, Value


class Routine(Protocol):
    """A routine of service 0x31. Called from the server's thread; ``start`` returns at once, the work goes on elsewhere.

    Attributes:
        number: routine identifier.
        name: for people.
        fields: of its results; the first is the state, a word of ``STATES``.
    """

    number: int
    name: str
    fields: tuple[Field, ...]

    def start(self) -> None:
        """Begin.

        Raises:
            Refusal: it cannot begin now.
        """

    def stop(self) -> None:
        """End early.

        Raises:
            Refusal: it does not run.
        """

    def results(self) -> Mapping[str, Value]:
        """What has been found.

        Raises:
            Refusal: it was never started.
        """


STATES = ("idle", "running", "passed", "failed", "stopped")
STATE = Field("state", 1, "word", words=STATES)


class Unit(Protocol):
    """The driver monitoring as a control unit."""

    @property
    def routines(self) -> Mapping[int, Routine]:
        """By number."""

    def read(self, number: int) -> Mapping[str, Value]:
        """Current values of a data identifier, by field."""

    def at_rest(self) -> bool:
        """Does the vehicle surely stand, with automated driving off: only then may the service be thinned out or ended."""

    def save(self) -> bool:
        """Write the memory to the disk now; ``False``: that failed."""

    def quiet(self, quiet: bool) -> None:
        """Send only the readiness message, or all messages."""

    def reset(self) -> None:
        """End in order and start again; returns at once."""
