"""The driver at two levels: as signals (observations with the errors of the networks) or as pictures (the rendered driver)."""

from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Protocol

from dms.assessment.cabins import load_cabin
from dms.records import Frame, Observation
from dms.records.cabin import Cabin, Camera
from hil.bench import reading
from hil.bench.scenario import BenchScenario
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.takeover import Heard
from hil.driver.pose import Moment

STEPS_HZ = 60.0
"""The driver model's own steps: enough for a blink, a quarter of what pictures need."""


class Shown(NamedTuple):
    """One picture's time: what is true, and what the product gets of it."""

    moment: Moment
    content: Frame | Observation


class Driver(Protocol):
    """Plays the scenario's driver."""

    @property
    def cabin(self) -> Cabin:
        """Where."""

    @property
    def camera(self) -> Camera | None:
        """What pictures are taken with; ``None`` without pictures."""

    def step(self, heard: Heard) -> Shown:
        """The next picture; ``heard``: what the car has been saying since the last one."""


class SignalDriver:
    """The driver model without pictures."""

    def __init__(self, scenario: BenchScenario) -> None:
        self.scenario, self.cabin = scenario, load_cabin(scenario.vehicle)
        self.camera: Camera | None = None
        self._director = Director(scenario, self.cabin, STEPS_HZ)
        look: Mapping[str, object] = scenario.looks_at(0.0)
        seconds, fps = scenario.duration_s, scenario.fps
        errors = reading.exact(seconds, fps)
        if scenario.errors == "typical":
            worn = reading.eyewear_of(look)
            errors = reading.typical(scenario.seed, seconds, fps, self.cabin, scenario.calibrated, worn)
        if scenario.cockpit:
            from hil.bench.raised_hands import RaisedHands  # only here: the body is a large file

            self._reader = reading.Reader(self.cabin, errors, scenario.name, RaisedHands(scenario.driver.seed, self.cabin).read)
        else:
            self._reader = reading.Reader(self.cabin, errors, scenario.name)
        self._number = 0

    def step(self, heard: Heard) -> Shown:
        """The next observation."""
        number, self._number = self._number, self._number + 1
        t = number / self.scenario.fps
        moment = self._director.step(t, heard)
        return Shown(moment, self._reader.read(moment, number, self.scenario.looks_at(t)))


class RenderedDriver:
    """The driver before the synthetic camera.

    Raises:
        HardwareError: no renderer on this machine, with the command that mends it (when the context is entered).
    """

    def __init__(self, scenario: BenchScenario) -> None:
        from hil.driver.studio import Studio

        self._studio = Studio(scenario)
        self.cabin, self.camera = self._studio.cabin, self._studio.camera

    def __enter__(self) -> "RenderedDriver":
        self._studio.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._studio.__exit__(kind, value, trace)

    def step(self, heard: Heard) -> Shown:
        """The next picture."""
        shot = self._studio.step(heard)
        return Shown(shot.moment, shot.frame)
