"""Brings it all together: a scenario, a cabin and what the car says go in, one ``Moment`` an instant comes out.

Inside runs a clock of 240 steps a second, or fewer where no pictures are made; a moment is the state at the last of them. So the
rate at which moments are asked for changes nothing, and the same seed with the same things heard gives the same run.
"""

from collections.abc import Iterator

import numpy as np

from dms.errors import UsageError
from dms.records.cabin import Cabin
from hil.driver.behaviour.activity import holds
from hil.driver.behaviour.blinks import Blinks
from hil.driver.behaviour.car import Car
from hil.driver.behaviour.drowsiness import Drowsiness, Perclos
from hil.driver.behaviour.face import Face, Speech, merged, squint
from hil.driver.behaviour.gaze import Looker
from hil.driver.behaviour.glances import Glances, Watch, attentive
from hil.driver.behaviour.hands import Mover, steered
from hil.driver.behaviour.light import Lighting
from hil.driver.behaviour.motion import Course, Reach, Wobble
from hil.driver.behaviour.parts import LookAt, Microsleep, Nod, Sleep, SlowClosures
from hil.driver.behaviour.scenario import Scenario
from hil.driver.behaviour.sight import Sights
from hil.driver.behaviour.takeover import SILENCE, Answer, Condition, Heard, Reaction, Times
from hil.driver.behaviour.timeline import Asked, Timeline
from hil.driver.pose import Activity, Blink, Moment, Pose, Side, Story

RATE_HZ = 240.0
_LIGHT_HZ = 30.0
NATURAL_PITCH_DEG = -4.7
"""People who look ahead hold the skin's facial plane upright, which is this head pitch (``body.figure.NOSE_UP_DEG``)."""
_PUPIL_DARK_MM, _PUPIL_BRIGHT_MM = 6.2, 2.6
_EVENTS = ((3.0, "sleep"), (1.0, "microsleep"))
"""Names for closed eyes, from the longest."""
_SIDES: tuple[Side, Side] = ("left", "right")


class Director:
    """The driver model of one run.

    Args:
        scenario: what happens.
        cabin: where; the scenario's ``vehicle`` names its file.
        rate_hz: steps a second; another rate is another run.

    Raises:
        InputError: the scenario looks at a zone that the cabin lacks.
    """

    def __init__(self, scenario: Scenario, cabin: Cabin, rate_hz: float = RATE_HZ) -> None:
        self.scenario = scenario
        self._rate_hz, self._light_every = rate_hz, max(1, round(rate_hz / _LIGHT_HZ))
        self._sights = Sights(cabin)
        for i, part in enumerate(scenario.parts):
            if isinstance(part, LookAt) and part.zone != "lens":
                self._sights.need([part.zone], f"{scenario.name}: parts[{i}].zone")
        rng = [np.random.default_rng([scenario.seed, scenario.driver.seed, k]) for k in range(9)]
        style = scenario.mood.glance
        self._looker = Looker(rng[0], cabin.ocular_point_mm, style.owl, style.lean_mm)
        self._glances = Glances(rng[1], self._sights, style.checks)
        self._blinks, self._drowsy, self._perclos = Blinks(rng[2]), Drowsiness(rng[3], self._looker.lean), Perclos()
        self._reaction = Reaction(scenario.takeover, rng[4])
        self.car = Car(scenario.car, scenario.parts, rng[5])
        self._lighting = Lighting(scenario.light, rng[6])
        self._speech = Speech(rng[7], scenario.mood.speech)
        self._timeline = Timeline(scenario.parts, scenario.seed, self._sights.zones)
        self._kss = Course([(f.at, f.value) for f in scenario.mood.kss])
        self._usual = attentive(self._sights.zones)
        self._uneven = float(rng[8].normal(0.0, 0.015))
        self._narrow_wobble = Wobble(rng[8], 0.02, 0.1, 0.6)
        hold = holds(self.car.wheel_word(0.0))
        self._hands: dict[Side, Mover] = {side: Mover(side, hold[side]) for side in _SIDES}
        self._wide, self._pupil = Reach(), Reach(4.0)
        self._leaning: set[str] = set()
        self._asked, self._answer = Asked(), Answer()
        self._lids = (1.0, 1.0)
        self._blink: Blink = "open"
        self._face: Face = {}
        self._speaking = False
        self._felt = self._kss.at(0.0)
        self._zone, self._zone_at = self._sights.zone(self._looker.now.eye, self._looker.now.gaze), 0.0
        self._tick = -1
        self._light = self._lighting.at(0.0, self.car)

    def step(self, t: float, heard: Heard | None = None) -> Moment:
        """The moment at ``t`` (s from the start); ``heard`` is what the car has been saying since the last call.

        Raises:
            UsageError: ``t`` lies before the last one.
        """
        wanted = int(t * self._rate_hz + 1e-6)
        if wanted < self._tick:
            raise UsageError(
                f"the driver model was asked for {t:g} s after {self._tick / self._rate_hz:g} s; step in order of time"
            )
        while self._tick < wanted:
            self._tick += 1
            self._advance(self._tick / self._rate_hz, heard or SILENCE)
        return self._moment(t)

    def moments(self) -> Iterator[Moment]:
        """The whole run, frame by frame, with nobody saying anything but the scenario."""
        fps = self.scenario.fps
        for i in range(int(self.scenario.duration_s * fps + 1e-6)):
            yield self.step(i / fps)

    def _advance(self, t: float, heard: Heard) -> None:
        dt = 1.0 / self._rate_hz
        self.car.step(t, dt, heard.demand, heard.l3_state)
        self._felt = self._drowsy.felt(t, self._kss.at(t))
        self._asked, begun = self._timeline.step(t, self._answer.pause)
        for part in begun:
            if isinstance(part, (Microsleep, Sleep)):
                kind, side = ("sleep", part.side) if isinstance(part, Sleep) else ("microsleep", "forward")
                self._drowsy.fall(t, kind, part.for_s, side)  # type: ignore[arg-type]
            elif isinstance(part, Nod):
                self._drowsy.nod(t, part.depth_deg, part.for_s)
        self._react(t, heard)
        self._lean(t)
        self._look(t)
        self._move_hands(t)
        if self._tick % self._light_every == 0:
            self._light = self._lighting.at(t, self.car)
            self._adapt(t)
        self._close_lids(t, dt)
        self._speak(t)

    def _react(self, t: float, heard: Heard) -> None:
        asked, request = self._asked, self.car.request
        scripted = None
        if request is not None and request.hands_on_s is not None and request.taken_over_s is not None:
            scripted = Times(eyes=0.45 * request.hands_on_s, hands=request.hands_on_s, control=request.taken_over_s)
        condition = Condition(
            kss=self._felt, handheld=any(mover.hand.prop for mover in self._hands.values()), eyes_off=self._zone != "road",
            asleep=self._drowsy.asleep(t), deaf=asked.deaf or not asked.present,
        )  # fmt: skip
        budget = heard.budget_s if heard.budget_s is not None else request.budget_s if request is not None else None
        self._answer = answer = self._reaction.step(t, heard, self.car.demand or heard.demand, scripted, condition, budget)
        if answer.drop:
            self._timeline.drop()
        if answer.wake:
            self._drowsy.wake(t)
            self._wide.aim(t, 0.12, 0.25)
        elif self._wide.goal > 0.0 and t > self._wide.end + 1.5:
            self._wide.aim(t, 0.0, 1.5)
        if answer.look_up:
            self._glances.back(t)
        if answer.control is not None:
            self.car.taken(t, answer.control)

    def _lean(self, t: float) -> None:
        lean = self._asked.lean
        if lean:
            self._looker.lean.aim(t, self._asked.lean_over, **lean)
        for name in self._leaning - lean.keys():
            self._looker.lean.aim(t, 0.8, **{name: 0.0})
        self._leaning = set(lean)

    def _look(self, t: float) -> None:
        asked, looker = self._asked, self._looker
        sleepy = max(0.0, self._felt - 6.0)
        if self._drowsy.asleep(t) or asked.loose:
            looker.let_go(t)
            self._glances.back(t + 0.15)
        elif asked.present and not looker.busy:
            shift = self._glances.step(t, self._watch(), looker.now.eye, self._felt, self.car.curve_deg)
            if shift is not None:
                size = looker.shift(
                    t, shift.point, head=shift.glance or self._glances.target == "road", slower=1.0 + 0.04 * sleepy
                )
                if shift.glance:
                    self._blinks.shifted(t, size)
        look = looker.step(t, self.car.speed_kmh, -0.12 * self.car.yaw_rate, wander=2.5 * sleepy)
        zone = self._sights.zone(look.eye, look.gaze) if asked.present else "unknown"
        if zone != self._zone:
            self._zone, self._zone_at = zone, t

    def _watch(self) -> Watch:
        return self._answer.watch or self._asked.watch or self._usual

    def _activity(self, asked: Asked) -> Activity:
        kind = self._drowsy.kind
        if kind in ("microsleep", "sleep") and asked.present:
            return "sleeping" if kind == "sleep" else "microsleep"
        if asked.activity == "driving" and not any(mover.on_wheel for mover in self._hands.values()) and asked.present:
            return "hands_off"
        return asked.activity

    def _move_hands(self, t: float) -> None:
        wanted = {**holds(self.car.wheel_word(t)), **self._asked.hands, **self._answer.hands}
        for side, mover in self._hands.items():
            mover.step(t, steered(wanted[side], side, self.car.wheel_deg), quick=bool(self._answer.hands))

    def _close_lids(self, t: float, dt: float) -> None:
        asked = self._asked
        slow = self._timeline.running(SlowClosures)
        rate = slow.per_min if isinstance(slow, SlowClosures) and not self._answer.pause else None
        sleepy = self._drowsy.step(t, dt, self._felt, rate)
        able = self._drowsy.kind is None and asked.narrow < 0.5 and asked.present
        blink, phase = self._blinks.step(t, self._felt, asked.blink_rate, able)
        glare = 0.3 * self._lighting.glare * (1.0 + self._narrow_wobble.at(t) / 0.1)
        narrow = max(asked.narrow, glare)
        share = (1.0 - sleepy) * (1.0 - blink) * (1.0 - narrow) * (1.0 + self._wide.value(t))
        before = sum(self._lids) / 2
        self._lids = max(0.0, share * (1.0 + self._uneven)), max(0.0, share * (1.0 - self._uneven))
        self._perclos.step(t, dt, self._lids if asked.present else None)
        self._blink = self._phase(phase, share, before)

    def _phase(self, blink: Blink, share: float, before: float) -> Blink:
        """A blink's own phase; otherwise what a slow closure looks like."""
        if blink != "open" or share > 0.6:
            return blink
        if share < 0.06:
            return "shut"
        moving = (share - before) * self._rate_hz
        return "closing" if moving < -0.25 else "opening" if moving > 0.25 else self._blink if self._blink != "shut" else "open"

    def _speak(self, t: float) -> None:
        voice, face = self._speech.at(t) if self.scenario.mood.speech > 0 else (False, {})
        free = self._asked.activity == "driving" and not self._drowsy.asleep(t)
        self._speaking = self._asked.speaking or (voice and free)
        glare = self._lighting.glare
        self._face = merged(self._asked.face, face if free else {}, squint(0.5 * glare) if glare > 0.05 else {})

    def _adapt(self, t: float) -> None:
        """The pupil follows visible light with a second's delay; infrared does not count."""
        bright = self._light.ambient + 0.3 * self._light.outside + 0.2 * self._lighting.glare * self._light.sun
        goal = _PUPIL_BRIGHT_MM + (_PUPIL_DARK_MM - _PUPIL_BRIGHT_MM) / (1.0 + 6.0 * bright) - 0.1 * max(0.0, self._felt - 5.0)
        if abs(goal - self._pupil.goal) > 0.15:
            self._pupil.aim(t, goal, 1.0)

    def _moment(self, t: float) -> Moment:
        now = self._tick / self._rate_hz
        look, asked, lean = self._looker.now, self._asked, self._looker.lean
        hands_on = asked.present and any(mover.on_wheel for mover in self._hands.values())
        pose = Pose(
            yaw_deg=look.yaw, pitch_deg=look.pitch + NATURAL_PITCH_DEG, roll_deg=look.roll, eyes_offset_mm=look.offset,
            torso_deg=(lean.trunk_forward.value(now), lean.trunk_left.value(now), look.torso_left),
            gaze_target_mm=look.target, lids=self._lids, face=self._face, pupil_mm=self._pupil.value(now),
            left_hand=self._hands["left"].hand, right_hand=self._hands["right"].hand, present=asked.present,
        )  # fmt: skip
        belted = asked.activity not in ("leaving", "absent")
        vehicle = self.car.record(t, asked.present, belted, hands_on)
        return Moment(t=t, pose=pose, light=self._light, vehicle=vehicle, story=self._story(now, hands_on))

    def _story(self, t: float, hands_on: bool) -> Story:
        asked, closed = self._asked, self._perclos.closed_s
        shown = asked.gesture if asked.gesture is not None and self._hands[asked.gesture[1]].shows else None
        return Story(
            part=asked.part, activity=self._activity(asked), zone=self._zone, zone_since_s=t - self._zone_at, kss=self._felt,
            blink=self._blink, blinks_total=self._blinks.total, closed_s=closed, perclos_60s=self._perclos.share(t),
            yawning=asked.yawning, speaking=self._speaking, gesture=shown[0] if shown is not None else "none", hands_on=hands_on,
            event=next((name for least, name in _EVENTS if closed >= least - 1e-9), None),
            warning_seen=self._reaction.seen, taking_over=self._reaction.taking_over,
        )  # fmt: skip
