"""The interaction grammar of one hand: wake, dwell, start, hold and repeat, release, cancel. Pure; time comes with each step."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from dms.gesture.events import PINCH, TURNS, Act, HandSeen, Moved
from dms.gesture.settings import Interaction
from dms.gesture.waking import WakePosture


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the present context makes of gestures.

    Attributes:
        needs_wake: a wake posture comes first. Not where the car has asked something (an incoming call).
        known: is there a function for this word.
        continuous: does its function repeat while the sign is held.
    """

    needs_wake: bool
    known: Callable[[str], bool]
    continuous: Callable[[str], bool]


@dataclass(slots=True, eq=False)
class _Sign:
    """A sign over time, or a pinch: the word, since when, when last seen, how surely; how far it was dragged."""

    word: str
    since: float
    seen: float
    sure: float
    value: float | None = None


class Grammar:
    """Follows the one hand that commands. ``step`` in order of time."""

    def __init__(self, rules: Interaction) -> None:
        self._rules = rules
        self._posture = WakePosture(rules)
        self.reset()

    def reset(self) -> None:
        """Asleep, nothing held, nothing spent."""
        self._sign: _Sign | None = None
        self._posture.reset()
        self._awake_until = -math.inf
        self._held: _Sign | None = None
        self._started = self._repeat_at = 0.0
        self._spent: str | None = None
        self._quiet_until, self._moved = -math.inf, ""
        self._side: HandSeen | None = None

    @property
    def holding(self) -> bool:
        """Is a sign being held whose start was told."""
        return self._held is not None

    def awake(self, t: float) -> bool:
        """Does the hand command at ``t``."""
        return t < self._awake_until

    def abort(self) -> list[Act]:
        """Everything ends here: what was held is cancelled."""
        held, hand = self._held, self._side
        self.reset()
        return [] if held is None else [_act("cancel", held, hand)]

    def drop(self) -> list[Act]:
        """What is held ends now and must be let go; the hand stays awake."""
        held, self._held = self._held, None
        if held is None:
            return []
        self._spent = held.word
        return [_act("cancel", held, self._side)]

    def step(
        self, t: float, hand: HandSeen | None, moved: Moved | None, meaning: Meaning, drag: float | None = None
    ) -> list[Act]:
        """One picture later. ``hand`` is ``None`` where the commanding hand is not seen just now; ``drag`` is how far a pinch is
        dragged by now, ``None``: nothing is pinched."""
        self._side = hand or self._side
        self._watch(t, hand)
        if self._held is not None and self._held.word == PINCH and drag is not None:
            self._held.seen, self._held.value = t, drag
        if self._held is not None:
            return self._hold(t, meaning)
        if moved is not None:
            return self._move(t, moved, meaning)
        return self._dwell(t, meaning)

    def _watch(self, t: float, hand: HandSeen | None) -> None:
        """Which sign the hand shows, flicker taken out."""
        self._posture.add(t, hand)
        word = None if hand is None or hand.sign in (None, "none") or hand.sure < self._rules.sign_sure else hand.sign
        held, gap_s = self._held, self._rules.gap_s
        if held is not None and word == held.word:
            self._sign = held  # back within its release time
        sign = self._sign
        if sign is not None and word == sign.word:
            assert hand is not None
            sign.seen, sign.sure = t, hand.sure
        elif sign is None or t - sign.seen > gap_s:
            self._sign = None if word is None or hand is None else _Sign(word, t, t, hand.sure)
        if self._spent is not None and (self._sign is None or self._sign.word != self._spent):
            self._spent = None  # let go: it may come again

    def _hold(self, t: float, meaning: Meaning) -> list[Act]:
        held, rules = self._held, self._rules
        assert held is not None
        self._awake_until = t + rules.awake_s
        if t - held.seen > rules.release_s or t - self._started > rules.hold_max_s:
            self._held, self._spent = None, held.word
            self._quiet_until = t + rules.refractory_s if held.word == PINCH else self._quiet_until
            return [_act("release", held, self._side)]
        if held.seen == t and (held.word == PINCH or meaning.continuous(held.word)) and t >= self._repeat_at:
            self._repeat_at = max(self._repeat_at + rules.repeat_s, t)
            return [_act("repeat", held, self._side)]
        return []

    def _move(self, t: float, moved: Moved, meaning: Meaning) -> list[Act]:
        turning = moved.word in TURNS and moved.word == self._moved
        quiet_until = self._quiet_until - (self._rules.refractory_s - self._rules.turn_s if turning else 0.0)
        ready = (self.awake(t) or not meaning.needs_wake) and t >= quiet_until
        if not ready or moved.sure < self._rules.moved_sure:
            return []
        self._quiet_until, self._moved = t + self._rules.refractory_s, moved.word
        self._awake_until = t + self._rules.awake_s
        if moved.word == PINCH:
            return self._begin(t, _Sign(PINCH, t, t, moved.sure, moved.value), self._rules.repeat_s)
        side = None if self._side is None else self._side.side
        return [Act("start", moved.word, side, moved.sure, moved.value)]

    def _dwell(self, t: float, meaning: Meaning) -> list[Act]:
        sign, rules = self._sign, self._rules
        if t >= self._quiet_until and meaning.needs_wake and not self.awake(t):
            if self._posture.wakes():
                self._awake_until = t + rules.first_s
            return []
        if sign is None or sign.word == self._spent or t < self._quiet_until:
            return []
        open_hand = sign.word in rules.wake_signs  # whatever is on its way to something is open: only a still one means it
        long_s = sign.seen - (max(sign.since, self._posture.since) if open_hand else sign.since)
        if sign.word in rules.cancel_signs:
            if long_s >= rules.dwell_s and self.awake(t):
                return self._put_to_sleep(sign)
            return []
        if open_hand and (meaning.needs_wake or self._posture.spent):
            return []
        return self._begin(t, sign, rules.repeat_after_s) if long_s >= rules.dwell_s and meaning.known(sign.word) else []

    def _begin(self, t: float, sign: _Sign, repeat_after_s: float) -> list[Act]:
        self._held, self._started = sign, t
        self._repeat_at = t + repeat_after_s
        self._awake_until = t + self._rules.awake_s
        return [_act("start", sign, self._side)]

    def _put_to_sleep(self, sign: _Sign) -> list[Act]:
        self._awake_until, self._spent = -math.inf, sign.word
        return [_act("cancel", sign, self._side)]


def _act(phase: str, sign: _Sign, hand: HandSeen | None) -> Act:
    return Act(phase, sign.word, None if hand is None else hand.side, sign.sure, sign.value)  # type: ignore[arg-type]
