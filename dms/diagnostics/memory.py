"""The trouble code memory: results in, status bytes and freeze frames out, and what the failing tests do to the statement.

May be used from several threads. ``effect`` is one reference, replaced whole: the publisher reads it without a lock.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Mapping

from dms.diagnostics.debounce import Debouncer
from dms.diagnostics.status import CLEARED, Status
from dms.diagnostics.store import Snapshot, Stored, StoredCode
from dms.diagnostics.table import Effect, Row, Table, effect_of


class Memory:
    """All codes of a table.

    Args:
        table: the rows.
        stored: what an earlier run left; taken over, not shared.
        cycle: name of this operation cycle. A restart of the program within one cycle (same name) ends no cycle.
    """

    def __init__(self, table: Table, stored: Stored, cycle: str) -> None:
        self.table = table
        self.effect = Effect()
        self.setting = True
        """ControlDTCSetting (0x85): off stops the memory, never the effect."""
        self.revision = 0
        """Counts changes worth writing down."""
        self._lock = threading.RLock()
        self._stored = copy.deepcopy(stored)
        self._codes = {name: self._stored.codes.get(name) or StoredCode() for name in table.codes}
        self._debouncers = {name: Debouncer(row.debounce) for name, row in table.codes.items()}
        self._effects: dict[str, bool] = {}
        """Codes whose effect is in force: surely failed, and no passed result since."""
        if stored.cycle != cycle:
            self.begin_cycle(cycle)

    def report(self, results: Mapping[str, bool | None], snapshot: Callable[[], Snapshot], now: float) -> None:
        """Take the results of tests: failed, passed, not tested (``None`` or left out).

        Raises:
            KeyError: no such code.
        """
        with self._lock:
            frame: list[Snapshot] = []
            for name, failed in results.items():
                sure = self._debouncers[name].step(failed, now)
                self._note_effect(name, failed, sure)
                if self.setting and sure is not None:
                    self._note(name, sure, frame, snapshot)
            self.effect = effect_of([self.table.codes[name] for name in self._effects])

    def conclude(self, results: Mapping[str, bool], snapshot: Callable[[], Snapshot]) -> None:
        """Take results that are sure already: of a test that takes its own time, as at the start and by a routine."""
        with self._lock:
            frame: list[Snapshot] = []
            for name, failed in results.items():
                self._note_effect(name, failed, failed)
                if self.setting:
                    self._note(name, failed, frame, snapshot)
            self.effect = effect_of([self.table.codes[name] for name in self._effects])

    def _note_effect(self, name: str, failed: bool | None, sure: bool | None) -> None:
        if sure:
            self._effects[name] = True
        elif failed is False:
            self._effects.pop(name, None)

    def _note(self, name: str, failed: bool, frame: list[Snapshot], snapshot: Callable[[], Snapshot]) -> None:
        code, before = self._codes[name], self._codes[name].life.status
        if not failed:
            code.life.passed()
        elif code.life.failed(self.table.codes[name].confirm_after):
            if not frame:
                frame.append(snapshot())
            code.first, code.latest = code.first or frame[0], frame[0]
            self.revision += 1
        self.revision += code.life.status != before

    def begin_cycle(self, cycle: str) -> None:
        """An operation cycle is over, the next one begins."""
        with self._lock:
            for name, code in self._codes.items():
                if code.life.end_cycle(self.table.age_after):
                    code.first = code.latest = None
                self._debouncers[name].restart()
            self._stored.cycle = cycle
            self.revision += 1

    def clear(self, group: int) -> bool:
        """Forget one code, or all (0xFFFFFF); ``False``: no such code. A fault that is still there keeps its effect."""
        chosen = list(self.table.codes) if group == 0xFFFFFF else [n for n in (self.table.by_number().get(group),) if n]
        with self._lock:
            for name in chosen:
                self._codes[name] = StoredCode()
                self._debouncers[name].restart()
            self.revision += bool(chosen)
        return bool(chosen)

    def matching(self, mask: int) -> list[tuple[Row, int]]:
        """Codes any of whose status bits are in ``mask``, with their status."""
        with self._lock:
            return [(row, code.life.status) for row, code in self._all() if code.life.status & mask]

    def every(self) -> list[tuple[Row, int]]:
        """All codes with their status."""
        with self._lock:
            return [(row, code.life.status) for row, code in self._all()]

    def of(self, number: int) -> tuple[Row, StoredCode, int] | None:
        """A code by number with its fault detection counter; a copy."""
        name = self.table.by_number().get(number)
        if name is None:
            return None
        with self._lock:
            return self.table.codes[name], copy.deepcopy(self._codes[name]), self._debouncers[name].wire

    def detecting(self) -> list[tuple[Row, int]]:
        """Codes on their way to "failed" that are not there yet, with their fault detection counter."""
        with self._lock:
            counters = [(self.table.codes[name], one.wire) for name, one in self._debouncers.items()]
            return [(row, counter) for row, counter in counters if 0 < counter < 127]

    @property
    def cycle(self) -> str:
        """Name of the operation cycle."""
        return self._stored.cycle

    @property
    def confirmed(self) -> int:
        """Number of confirmed codes."""
        with self._lock:
            return sum(code.life.has(Status.CONFIRMED) for code in self._codes.values())

    def written(self, identifier: int) -> bytes | None:
        """What a tester wrote under a data identifier."""
        with self._lock:
            text = self._stored.written.get(f"{identifier:04X}")
            return None if text is None else bytes.fromhex(text)

    def write(self, identifier: int, data: bytes) -> None:
        """Keep what a tester wrote."""
        with self._lock:
            self._stored.written[f"{identifier:04X}"] = data.hex()
            self.revision += 1

    @property
    def failed_attempts(self) -> int:
        """Wrong keys in a row; kept, so that a restart gives no new tries."""
        return self._stored.failed_attempts

    @failed_attempts.setter
    def failed_attempts(self, number: int) -> None:
        with self._lock:
            self.revision += number != self._stored.failed_attempts
            self._stored.failed_attempts = number

    def export(self) -> tuple[Stored, int]:
        """(a copy to be written down, its revision). Codes of another table than this one are kept as they were."""
        with self._lock:
            known = {name: code for name, code in self._codes.items() if code.life.status != int(CLEARED) or code.first}
            others = {name: code for name, code in self._stored.codes.items() if name not in self._codes}
            made = Stored(self._stored.cycle, {**others, **known}, self._stored.written, self._stored.failed_attempts)
            return copy.deepcopy(made), self.revision

    def _all(self) -> Iterator[tuple[Row, StoredCode]]:
        return ((row, self._codes[name]) for name, row in self.table.codes.items())
