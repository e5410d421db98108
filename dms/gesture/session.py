"""One head unit steered by the driver's hand: observations and states in, acts out."""

import math
from dataclasses import replace
from typing import Protocol

from dms.gesture.commands import Commands, check_words
from dms.gesture.events import Act, HandSeen, Moved, hand_seen
from dms.gesture.grammar import Grammar, Meaning
from dms.gesture.permission import Reason, inhibited
from dms.gesture.settings import Interaction
from dms.gesture.whose import INBOARD, whose
from dms.records.cabin import Cabin
from dms.records.observation import Observation
from dms.records.takeover import TakeoverReadiness
from dms.records.words import L3State


class MotionReader(Protocol):
    """Tells moved gestures of one hand."""

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        """One look later; the gesture that has just ended, if one has."""

    def drag(self) -> float | None:
        """How far the pinched hand is dragged by now, 0..1, 0.5: nowhere; ``None``: nothing is pinched."""

    def reset(self) -> None:
        """Another hand, or none."""


class GestureSession:
    """Feed in order of time. Not thread-safe.

    Args:
        rules: numbers of the interaction.
        commands: gesture to function.
        cabin: the driver's seat region and side.
        motion: tells moved gestures; ``None``: signs only.

    Raises:
        UsageError: mapping and numbers contradict each other.
    """

    def __init__(self, rules: Interaction, commands: Commands, cabin: Cabin, motion: MotionReader | None = None) -> None:
        check_words(commands, rules)
        self._rules, self._commands, self._cabin, self._motion = rules, commands, cabin, motion
        self._grammar = Grammar(rules)
        self._stopped = False
        self._sure_t = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._hand: HandSeen | None = None
        self._hand_t = self._known_t = -math.inf
        if self._motion is not None:
            self._motion.reset()

    def awake(self, t: float) -> bool:
        """Does the hand command at ``t``; for displays."""
        return self._grammar.awake(t)

    def step(
        self,
        observation: Observation,
        size: tuple[int, int],
        state: TakeoverReadiness | None,
        l3_state: L3State | None,
        context: str | None,
    ) -> list[Act]:
        """What the hand did in this picture.

        While gestures are inhibited nothing starts or repeats: what would have started is told as inhibited. What was held is
        cancelled at once; only where the driver is unknown for no longer than ``pause_s`` it may go on afterwards.

        Args:
            observation: with ``hands``; ``None`` there is unknown, and nothing is commanded.
            size: width and height of the picture.
            state: the newest statement about the driver.
            l3_state: as the controller told it.
            context: what the head unit shows; ``None``: it has not told.
        """
        t = observation.t
        meaning = self._commands.meaning(context)
        reset = self._unknown(t, observation)
        hand = self._pick(t, observation, size, meaning)
        reset += self._left(t, hand)
        moved = drag = None
        if hand is not None and self._motion is not None:
            moved, drag = self._motion.step(t, hand), self._motion.drag()
        reason = inhibited(state, l3_state, self._rules)
        if self._pauses(t, reason):
            acts = reset + self._paused(self._grammar.step(t, hand, moved, meaning, drag))
        else:
            reset = self._stop(reason, reset)
            acts = self._grammar.step(t, hand, moved, meaning, drag)
            if reason is not None:
                acts = [replace(act, phase="inhibited") for act in acts if act.phase == "start"]
            acts = reset + acts
        return [self._told(act, context, reason) for act in acts]

    def _told(self, act: Act, context: str | None, reason: Reason | None) -> Act:
        reason = None if act.phase == "release" else reason
        return replace(act, function=self._commands.function(context, act.gesture), reason=reason)

    def _stop(self, reason: Reason | None, ended: list[Act]) -> list[Act]:
        """Inhibition begins, goes on or ends; what is to be told of what was held, ``ended`` included."""
        if self._stopped:
            ended = []  # what was held then was never told of
            if reason is None:
                self._grammar.reset()
        elif reason is not None:
            ended = ended + self._grammar.drop()
        self._stopped = reason is not None
        return ended

    def _pauses(self, t: float, reason: Reason | None) -> bool:
        """The driver blinks, or the hand passes before his eyes: unknown, but not for long."""
        if reason != "unknown":
            self._sure_t = t
        return reason == "unknown" and not self._stopped and 0.0 <= t - self._sure_t <= self._rules.pause_s

    def _paused(self, acts: list[Act]) -> list[Act]:
        """Nothing is commanded; what would have started is told as inhibited, and has to be shown anew."""
        started = [replace(act, phase="inhibited") for act in acts if act.phase == "start"]
        if started:
            self._grammar.drop()
        return started + [act for act in acts if act.phase in ("release", "cancel")]

    def _unknown(self, t: float, observation: Observation) -> list[Act]:
        """Time that jumped, pictures that stayed away, hands nobody looked for: everything begins anew."""
        gap = t - self._known_t
        if observation.hands is not None:
            self._known_t = t
        if 0.0 <= gap <= self._rules.unknown_s:
            return []
        known = self._known_t
        acts = self._grammar.abort()
        self._forget()
        self._known_t = known if observation.hands is not None else -math.inf
        return acts

    def _pick(self, t: float, observation: Observation, size: tuple[int, int], meaning: Meaning) -> HandSeen | None:
        """The commanding hand, or the first that may become it: one hand wins until it has left."""
        seen = (hand_seen(hand, *size) for hand in observation.hands or ())
        asked = not meaning.needs_wake or self.awake(t)
        able = [hand for hand in seen if hand is not None and self._commands_here(hand, size[0] / size[1], asked)]
        if self._hand is not None:
            old = self._hand
            near = [hand for hand in able if _apart(hand, old) < max(hand.size, old.size)]
            able = sorted(near, key=lambda hand: _apart(hand, old))
        if not able:
            return None
        hand = able[0]
        self._hand, self._hand_t = hand, t
        return hand

    def _commands_here(self, hand: HandSeen, aspect: float, asked: bool) -> bool:
        """Is it in the zone, near enough, and the driver's? ``asked``: awake already, or the car has asked something."""
        rules, (x, y) = self._rules, hand.centre
        inside = rules.zone_left <= x <= rules.zone_right and rules.zone_top <= y <= rules.zone_bottom
        if not inside or hand.size < rules.size_min:
            return False
        person = whose(hand, self._cabin.seat_region, self._cabin.drive, aspect, rules)
        if person == "passenger":
            return rules.passenger_commands or (asked and hand.side == INBOARD[self._cabin.drive])
        return person == "driver" or asked

    def _left(self, t: float, hand: HandSeen | None) -> list[Act]:
        """The commanding hand has gone: another may come."""
        if hand is not None or self._hand is None or t - self._hand_t <= self._rules.lost_s:
            return []
        acts = self._grammar.abort()
        known = self._known_t
        self._forget()
        self._known_t = known
        return acts


def _apart(one: HandSeen, other: HandSeen) -> float:
    mine, theirs = one.points.mean(axis=0), other.points.mean(axis=0)
    return float(((mine - theirs) ** 2).sum() ** 0.5)
