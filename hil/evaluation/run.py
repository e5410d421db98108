"""Runs trials through the decision core, or takes the states they already hold, and judges each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dms.assessment import Assessor, load_cabin
from dms.assessment.sleepiness import Estimator
from dms.assessment.stream import assess_side_by_side
from dms.errors import InputError, RecordError
from dms.profiles import Profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness
from dms.records.cabin import DriverBaseline, decode_driver
from dms.records.jsonl import read_states
from hil.evaluation.scheme import Scheme
from hil.evaluation.synthetic import trials as synthetic_trials
from hil.evaluation.trials import Trial, read_trials
from hil.evaluation.verdict import Verdict, changes, judge
from hil.never_false_ready.judge import DRIVER_FILE
from hil.never_false_ready.script import Script
from hil.never_false_ready.stream import records


class Evaluation:
    """Judges trials under one profile. ``estimator``: of sleepiness; without one KSS stays unknown."""

    def __init__(self, profile: Profile, scheme: Scheme, estimator: Estimator | None) -> None:
        self._profile, self._scheme, self._estimator = profile, scheme, estimator

    def of_file(self, path: Path) -> Iterator[Verdict]:
        """Of every line of a file of trials.

        Raises:
            InputError: a file cannot be read, or holds no trial.
            RecordError: a line of it cannot be used.
        """
        with _named(path):
            trials = list(read_trials(_lines(path), path.parent, self._scheme))
        if not trials:
            raise InputError(f"{path} holds no trial; it has one a line, see docs/evaluation.md")
        for trial in trials:
            said = [] if trial.excluded is not None else changes(self._states(trial))
            yield judge(trial, said, self._scheme)

    def of_synthetic(self, participants: int, seed: int, functions: list[str]) -> Iterator[Verdict]:
        """Of drawn participants."""
        for trial, script in synthetic_trials(participants, seed, self._scheme, functions):
            yield judge(trial, changes(self._drive(script)), self._scheme)

    def _drive(self, script: Script) -> Iterator[TakeoverReadiness]:
        assessor = Assessor(self._profile, script.cabin, DRIVER_FILE, self._estimator)
        for record in records(script):
            state = assessor.step(record)
            if state is not None:
                yield ready_for_takeover(state, self._profile)

    def _states(self, trial: Trial) -> Iterator[TakeoverReadiness]:
        """States as they are; observations are assessed first."""
        lines = _lines(Path(trial.file))
        if b'"dms.state/' in next((line for line in lines if line.strip()), b""):
            with _named(trial.file):
                yield from (state for _, state in read_states(lines))
            return
        driver = None if trial.driver is None else _driver(trial.driver)
        assessor = Assessor(self._profile, load_cabin(trial.vehicle), driver, self._estimator)
        with _named(trial.file):
            for states in assess_side_by_side([assessor], lines, driver):
                yield from (ready_for_takeover(state, self._profile) for state in states if state is not None)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


@contextmanager
def _named(path: Path | str) -> Iterator[None]:
    """Puts the file's name before the line's number."""
    try:
        yield
    except RecordError as error:
        raise RecordError(f"{path} {error}") from None


def _driver(name: str) -> DriverBaseline:
    return decode_driver(b"\n".join(_lines(Path(name))), name)
