"""Trials of synthetic participants: drawn drivers as the never-false-ready machine makes them, readings as far off as measured.

They show that the evaluation works and where the core is weak. They are no evidence about people: how sleepy lids move is the
synthetic driver's law (``hil/driver/behaviour/drowsiness.py``), not a measurement.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dms.assessment import load_cabin
from dms.records.cabin import Cabin
from hil.evaluation.scheme import ATTENTIVE, DROWSY, Group, Scheme
from hil.evaluation.trials import Trial
from hil.never_false_ready import person as people
from hil.never_false_ready.draft import Draft
from hil.never_false_ready.families import FAMILIES, play
from hil.never_false_ready.looking import WHEEL_TOP, Glance, lay_over, looks, scanning
from hil.never_false_ready.person import Person
from hil.never_false_ready.script import Head, Script, natural_closures
from hil.never_false_ready.spans import shifted, spans

FPS = 20.0
DROWSY_FPS = 15.0
BEFORE_S = 61.0
"""Attentive before anything begins (ADDW-07)."""
AFTER_S = 2.0
RATED_S = 300.0
COURSE = (5.0, 7.0, 8.3, 9.0)
"""KSS of one trial, a rating each."""
SHORT_S, BACK_S, TIMES = 2.0, 1.2, 7
"""Glances that add up: 10 s are full at the fifth."""
PLACES = {
    "knee_outboard": "knee", "knee_inboard": "knee", "dash_mount": "phone", "charge_port": "infotainment", "rim": WHEEL_TOP,
    "wheel_centre": WHEEL_TOP, "windscreen_view": "road", "cluster_view": "cluster", "windscreen_mount": "road",
}  # fmt: skip
"""Zones of a vehicle file for places of the table that have none of their own. What lies in the windscreen's view cannot be told
from the road by gaze, and phones are not looked for yet."""
CLOSURES = {"microsleep": 1.9, "sleep": 5.0, "unresponsive": 8.0}
"""Seconds shut."""


@dataclass(frozen=True, slots=True)
class Timed(Head):
    """A drive as long as its trial."""

    length: float

    @property
    def seconds(self) -> float:
        """Length of the drive."""
        return self.length


def trials(participants: int, seed: int, scheme: Scheme, functions: list[str]) -> Iterator[tuple[Trial, Script]]:
    """Each participant's trials of these functions; the same seed gives the same ones."""
    for number in range(participants):
        yield from _of(number, seed, scheme, functions)


def _of(number: int, seed: int, scheme: Scheme, functions: list[str]) -> Iterator[tuple[Trial, Script]]:
    rng = np.random.default_rng([seed, number])
    cabin_name = ("example_lhd", "example_rhd")[number % 2]
    cabin = load_cabin(cabin_name)
    eyewear = str(rng.choice(people.EYEWEAR, p=(0.6, 0.3, 0.1, 0.0)))
    driver = people.draw(rng, cabin.ocular_point_mm, True, eyewear)
    light = ("day", "night")[number // 2 % 2]
    made = _Maker(f"p{number + 1:02d}", seed, number, cabin, cabin_name, driver, light)
    for group in scheme.locations:
        if group.function in functions:
            yield from (made.gaze(group, place, scheme) for place in group.at)
    for name, seconds in CLOSURES.items():
        if name in functions:
            yield made.trial(name, BEFORE_S + seconds + AFTER_S, lambda d, s=seconds: d.shut(BEFORE_S, s), start=BEFORE_S)  # type: ignore[misc]
    for name in ("day", "night") if DROWSY in functions else ():
        yield made.drowsy(name)
    if ATTENTIVE in functions:
        yield made.trial(ATTENTIVE, 600.0, lambda d: play(d, FAMILIES["attentive"], 0.0))


class _Maker:
    """Scripts and trials of one participant."""

    def __init__(self, name: str, seed: int, number: int, cabin: Cabin, cabin_name: str, driver: Person, light: str) -> None:
        self._name, self._seed, self._number = name, seed, number
        self._cabin, self._cabin_name, self._driver, self._light = cabin, cabin_name, driver, light

    def trial(
        self, function: str, seconds: float, behave: Callable[[Draft], object], fps: float = FPS, light: str = "", **told: object
    ) -> tuple[Trial, Script]:
        """A trial in which the driver is attentive but for what ``behave`` writes."""
        light = light or self._light
        own = zlib.crc32(" ".join([function, light, *map(str, told.values())]).encode())  # whatever else is tried
        rng = np.random.default_rng([self._seed, self._number, own])
        head = Timed(self._seed + self._number, own, function, fps, seconds)
        draft = Draft(rng, seconds)
        behave(draft)
        begins = told.get("start")
        quiet = scanning(rng, seconds) if begins is None else [g for g in scanning(rng, seconds) if g.end < BEFORE_S - 10.0]
        script = Script(
            head=head, cabin=self._cabin, cabin_name=self._cabin_name, calibrated=True, people=[self._driver], changes=[],
            looks=[looks(rng, lay_over(quiet, draft.glances), seconds, self._cabin, self._driver)],
            closures=natural_closures(draft, self._driver), stretches={n: shifted(spans(p)) for n, p in draft.stretches.items()},
            by_hand_s=0.0, speed_kmh=90.0, invents=False, night=light == "night", also=None,
        )  # fmt: skip
        conditions = {"light": light, "eyewear": self._driver.eyewear, "drive": self._cabin.drive}
        made = Trial(participant=self._name, function=function, conditions=conditions, vehicle=self._cabin_name, **told)  # type: ignore[arg-type]
        return made, script

    def gaze(self, group: Group, place: str, scheme: Scheme) -> tuple[Trial, Script]:
        """A row of the table: one long look, or short ones that add up."""
        zone, lizard = PLACES.get(place, place), group.movement == "lizard"
        zones = ["infotainment", "driver_window", "footwell"] if place == "several" else [zone]
        long = group.function == "long"
        end = BEFORE_S + (scheme.held_s if long else TIMES * (SHORT_S + BACK_S))

        def behave(draft: Draft) -> None:
            if long:
                draft.look(BEFORE_S, scheme.held_s, zone, lizard)
                return
            for n in range(TIMES):
                start = BEFORE_S + n * (SHORT_S + BACK_S)
                draft.glances.append(Glance(start, start + SHORT_S, zones[n % len(zones)], lizard))

        due = None if long else BEFORE_S + 4 * (SHORT_S + BACK_S) + SHORT_S
        return self.trial(
            group.function, end + AFTER_S, behave, scenario=group.scenario, movement=group.movement, location=place,
            start=BEFORE_S, due=due, end=end,
        )  # fmt: skip

    def drowsy(self, light: str) -> tuple[Trial, Script]:
        """A course from awake to very sleepy, rated every five minutes."""
        ratings = [((n + 1) * RATED_S, kss) for n, kss in enumerate(COURSE)]

        def behave(draft: Draft) -> None:
            for end, kss in ratings:
                sleepy_closures(draft, end - RATED_S, end, kss)

        return self.trial(DROWSY, len(COURSE) * RATED_S, behave, DROWSY_FPS, light, ratings=ratings)


def sleepy_closures(draft: Draft, start: float, end: float, kss: float) -> None:
    """Slow closures and microsleeps as often and as long as the synthetic driver's."""
    slow, deep = 3.2 * max(0.0, kss - 6.4) / 60.0, 1.6 * max(0.0, kss - 8.3) / 60.0
    t = start
    while slow + deep > 0.0:
        t += 1.5 + float(draft.rng.exponential(1.0 / (slow + deep)))
        if t >= end - 4.0:
            return
        t = draft.shut(t, draft.between(0.4, 1.3) if draft.chance(slow / (slow + deep)) else draft.between(1.0, 3.0))
