"""Ten looks a second at the loop: results of the tests into the memory, the memory onto the disk, the effect into the loop."""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from dms.diagnostics.memory import Memory
from dms.diagnostics.monitors import Facts, results
from dms.diagnostics.store import Store
from dms.diagnostics.table import load
from dms.errors import DmsError
from dms.records.words import Ignition
from dms.runtime import clock
from dms.runtime.diagnosis.look import Look

PERIOD_S = 0.1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Keeper:
    """Use as a context manager.

    Args:
        look: at the running loop.
        folder: of the store.
        boot: name of this start of the computer.

    Raises:
        HardwareError: the folder cannot be used; also on entry, where a damaged memory is written anew.
    """

    def __init__(self, look: Look, folder: Path, boot: str | None = None) -> None:
        self._look, self._store = look, Store(folder)
        stored, whole = self._store.load()
        self._boot = boot or _boot_name()
        self.memory = Memory(load(), stored, stored.cycle if stored.cycle.startswith(self._boot) else f"{self._boot}/0")
        self._damaged = not whole
        self.steps: list[Callable[[], None]] = []
        """Called after each look: routines, session timers."""
        self._before: Facts | None = None
        self._ignition: Ignition | None = None
        self._saved = -1
        self._told = ""
        self._disk = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dms-diagnosis", daemon=True)

    def __enter__(self) -> "Keeper":
        self.conclude({"store_damaged": self._damaged})
        if self._damaged:  # both files, or a write torn later on would find no whole one beside it
            stored, _ = self.memory.export()
            self._store.save(stored)
            self._store.save(stored)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2.0)
        self._guarded()  # what ended the loop is not missed
        self.save()

    def conclude(self, found: Mapping[str, bool]) -> None:
        """Results of tests that take their own time."""
        self.memory.conclude(found, self._look.snapshot)
        self._show()

    def save(self) -> bool:
        """Write down what has changed; ``False``: the disk did not take it."""
        with self._disk:
            stored, revision = self.memory.export()
            if revision == self._saved:
                return True
            try:
                self._store.save(stored)
            except DmsError as error:
                self._tell(str(error))
                self._damaged = True
                self.memory.conclude({"store_damaged": True}, self._look.snapshot)
                return False
            self._saved = revision
        self._mended()
        return True

    def _mended(self) -> None:
        """A disk that takes writes again has passed its test."""
        if self._damaged and self._thread.is_alive():
            self._damaged = False
            self.conclude({"store_damaged": False})

    def _work(self) -> None:
        while not self._stop.wait(PERIOD_S):
            self._guarded()

    def _guarded(self) -> None:
        try:
            self._once()
        except Exception as error:  # whatever breaks here must not be the loop's trouble
            self._tell(f"{type(error).__name__}: {error}")

    def _once(self) -> None:
        facts = self._look.facts()
        self._note_ignition(facts.inputs.ignition)
        self.memory.report(results(facts, self._before or facts), self._look.snapshot, clock.now())
        self._before = facts
        self._show()
        self.save()
        for step in self.steps:
            step()

    def _show(self) -> None:
        self._look.loop.effect = self.memory.effect
        self._look.loop.note_trouble_codes(self.memory.confirmed)

    def _note_ignition(self, word: Ignition | None) -> None:
        """Ignition off, then on again: an operation cycle is over. What is not known changes nothing."""
        if word is None:
            return
        if word == "on" and self._ignition == "off":
            boot, _, number = self.memory.cycle.rpartition("/")
            self.memory.begin_cycle(f"{boot}/{int(number) + 1}")
        if word in ("on", "off"):
            self._ignition = word

    def _tell(self, text: str) -> None:
        """Once, not ten times a second."""
        if text != self._told:
            self._told = text
            print(f"dms: diagnostics: {' '.join(text.split())}", file=sys.stderr)


def _boot_name() -> str:
    """The kernel's name of this start; where there is none every start of the program is a cycle of its own."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return os.urandom(16).hex()
