"""Hands on their way: one move after the other, never a jump, and a thing is put down before the hand does something else."""

from dataclasses import dataclass, replace

from hil.driver.behaviour.motion import ease
from hil.driver.pose import Grip, Hand, Prop, Side

REACH_S = 0.62
QUICK_S = 0.42


@dataclass(frozen=True, slots=True)
class Hold:
    """Where a hand should be and with what in it."""

    grip: Grip
    prop: Prop | None = None


ON_WHEEL = Hold(Grip("wheel", "grip"))
IN_LAP = Hold(Grip("lap", "relaxed"))


class Mover:
    """One hand; ``step`` is called in order of time."""

    def __init__(self, side: Side, hold: Hold) -> None:
        self.side: Side = side
        self._start = self._end = hold.grip
        self._prop: Prop | None = hold.prop
        self._t0, self._span = -10.0, REACH_S
        self.hand = Hand(hold.grip, hold.grip, 1.0, hold.prop)

    @property
    def on_wheel(self) -> bool:
        """The hand is at the rim, or has only just begun to leave or all but arrived."""
        near = self._end if self.hand.progress > 0.9 else self._start if self.hand.progress < 0.1 else None
        return near is not None and near.place == "wheel"

    @property
    def shows(self) -> bool:
        """The hand has arrived where it shows a gesture."""
        return self._end.shows and self.hand.progress >= 1.0

    def step(self, t: float, wanted: Hold, quick: bool = False) -> Hand:
        """Towards ``wanted``; a move once begun is finished first."""
        x = (t - self._t0) / self._span
        same = (wanted.grip.place, wanted.grip.shape) == (self._end.place, self._end.shape)
        if same and wanted.prop == self._prop:
            self._end = wanted.grip  # goes along with the wheel, or with a gesture's course
        elif x >= 1.0:
            self._begin(t, wanted, quick)
            x = 0.0
        self.hand = Hand(self._start, self._end, ease(x), self._prop)
        return self.hand

    def _begin(self, t: float, wanted: Hold, quick: bool) -> None:
        """Next move; with something in the hand, or something to fetch, by way of below the picture."""
        self._start = self._end
        if wanted.prop != self._prop and self._end.place != "away":
            shape = self._end.shape if self._prop is not None else "relaxed"
            self._end = Grip("away", shape)
        else:
            self._prop, self._end = wanted.prop, wanted.grip
        near = self._start.place == self._end.place
        self._t0, self._span = t, 0.25 if near else QUICK_S if quick else REACH_S


def steered(hold: Hold, side: Side, wheel_deg: float) -> Hold:
    """The hand's place on a turned wheel: 30 degrees are one hour of the clock."""
    if hold.grip.place != "wheel":
        return hold
    clock = hold.grip.clock if hold.grip.clock is not None else (10.0 if side == "left" else 2.0)
    return Hold(replace(hold.grip, clock=clock + max(-45.0, min(45.0, wheel_deg)) / 30.0), hold.prop)
