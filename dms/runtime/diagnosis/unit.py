"""The running loop as a control unit: what the UDS server asks of it (``dms.diagnostics.unit``)."""

from collections.abc import Callable, Mapping

from dms.diagnostics.fields import Value
from dms.diagnostics.unit import Routine
from dms.runtime.diagnosis.data import Data
from dms.runtime.diagnosis.look import Look


class LoopUnit:
    """Glue.

    Args:
        look: at the loop.
        data: values to read.
        routines: what can be started.
        save: writes the memory to the disk; ``False``: it failed.
        reset: ends the service and starts it again.
    """

    def __init__(
        self, look: Look, data: Data, routines: list[Routine], save: Callable[[], bool], reset: Callable[[], None]
    ) -> None:
        self._quiet = False
        self._look, self._data, self._save, self._reset = look, data, save, reset
        self._routines = {one.number: one for one in routines}

    @property
    def routines(self) -> Mapping[int, Routine]:
        """By number."""
        return self._routines

    def read(self, number: int) -> Mapping[str, Value]:
        """Current values."""
        return self._data.read(number)

    def at_rest(self) -> bool:
        """Does the vehicle surely stand, with automated driving off."""
        return self._look.at_rest()

    def save(self) -> bool:
        """Write the memory down now."""
        return self._save()

    def quiet(self, quiet: bool) -> None:
        """The readiness message alone."""
        self._quiet = quiet
        self._look.loop.publisher.quiet(quiet)

    def step(self) -> None:
        """A vehicle that no longer stands for sure gets all messages again, whatever the tester wants."""
        if self._quiet and not self.at_rest():
            self.quiet(False)

    def reset(self) -> None:
        """End and start again."""
        self._reset()
