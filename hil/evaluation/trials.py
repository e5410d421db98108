"""Trials: what was done in which file by whom, and when a warning was due. One JSON object a line.

    {"schema": "dms.trial/1", "participant": "p01", "file": "p01_mirror.jsonl", "function": "long", "scenario": "driving_task",
     "movement": "owl", "location": "rear_mirror", "start": 61.0, "conditions": {"light": "day", "eyewear": "clear"}}
    {"schema": "dms.trial/1", "participant": "p02", "file": "p02.jsonl", "function": "drowsy", "ratings": [[300, 6], [600, 8]],
     "conditions": {"light": "night"}}

A trial that does not count stays in the file with the reason in ``excluded``.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from dms.errors import RecordError
from dms.records.base import Seconds
from hil.evaluation.scheme import ATTENTIVE, DROWSY, Scheme


class Trial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="schema", tag="dms.trial/1"):
    """One trial.

    Attributes:
        participant: who.
        file: observations and vehicle records, or states; relative to the file of trials.
        function: of the scheme, ``drowsy`` or ``attentive``.
        scenario, movement, location: of the table of gaze locations.
        start: when the behaviour begins, s; not for ``drowsy`` and ``attentive``.
        due: when its warning is due, s; by default the function's limit after ``start``.
        end: when the behaviour ends, s.
        ratings: (time, rating); each is for the time since the one before.
        scale: of the ratings.
        conditions: light, eyewear, age ...: by each of them the result is told apart.
        excluded: why it does not count.
        vehicle, driver: files, see ``dms assess``.
    """

    participant: str
    file: str = ""
    function: str
    scenario: str = ""
    movement: str = ""
    location: str = ""
    start: Seconds | None = None
    due: Seconds | None = None
    end: Seconds | None = None
    ratings: list[tuple[float, float]] = []
    scale: str = "kss"
    conditions: dict[str, str] = {}
    excluded: str | None = None
    vehicle: str = "example_lhd"
    driver: str | None = None

    def wrong(self, scheme: Scheme) -> str | None:
        """What cannot be; ``None`` where all can."""
        if self.excluded is not None:
            return None if self.excluded.strip() else "excluded needs a reason"
        if self.function not in (*scheme.functions, DROWSY, ATTENTIVE):
            return f"there is no function {self.function}; one of: {', '.join([*scheme.functions, DROWSY, ATTENTIVE])}"
        if self.function == DROWSY:
            return self._wrong_ratings(scheme)
        if self.function == ATTENTIVE:
            return None
        if self.start is None:
            return "start is missing"
        due = self.due_at(scheme)
        if due is None:
            return f"due is missing: {self.function} has no limit of its own"
        return None if self.start < due <= self.end_at(scheme) else "start, due and end are not in order"

    def _wrong_ratings(self, scheme: Scheme) -> str | None:
        times = [t for t, _ in self.ratings]
        if self.scale not in scheme.drowsy.scales:
            return f"there is no scale {self.scale}; one of: {', '.join(scheme.drowsy.scales)}"
        return None if times and times == sorted(set(times)) else "ratings need times in order"

    def due_at(self, scheme: Scheme) -> float | None:
        """When the warning is due, without tolerance."""
        limit = scheme.functions[self.function].limit_s
        return self.due if self.due is not None or limit is None else (self.start or 0.0) + limit

    def end_at(self, scheme: Scheme) -> float:
        """When the behaviour ends."""
        return (self.start or 0.0) + scheme.held_s if self.end is None else self.end


def read_trials(lines: Iterable[bytes], folder: Path, scheme: Scheme) -> Iterator[Trial]:
    """Trials with their files found.

    Raises:
        RecordError: not a trial, with the line's number.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            trial = msgspec.json.decode(line, type=Trial)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RecordError(f"line {number}: {' '.join(str(error).split())}") from None
        if (wrong := trial.wrong(scheme)) is not None:
            raise RecordError(f"line {number}: {wrong}")
        yield msgspec.structs.replace(trial, file=os.path.join(folder, trial.file), driver=_beside(folder, trial.driver))


def _beside(folder: Path, name: str | None) -> str | None:
    return str(folder / name) if name is not None and (folder / name).exists() else name
