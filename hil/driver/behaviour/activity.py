"""What each part of a scenario asks of eyes, hands, face and trunk while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hil.driver.behaviour import face as faces
from hil.driver.behaviour import gestures
from hil.driver.behaviour import parts as p
from hil.driver.behaviour.face import Face, Speech
from hil.driver.behaviour.glances import SPELLS, Away, Target, Watch, staring
from hil.driver.behaviour.hands import IN_LAP, ON_WHEEL, Hold
from hil.driver.behaviour.motion import Spell
from hil.driver.pose import Activity, Grip, Side

PHONE_IN_HAND_MM = (320.0, 60.0, -350.0)
"""The screen of a phone held up to read; the line of sight goes on to the lap."""
_PUT_DOWN_S = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What one part asks for at one instant; ``None`` or empty leaves it to others.

    ``narrow``: how far the lids are narrowed, 0..1. ``lean``: goals for ``Lean``, reached in ``lean_over`` seconds. ``loose``:
    the eyes look at nothing. ``deaf``: hears no warning.
    """

    activity: Activity | None = None
    watch: Watch | None = None
    hands: Mapping[Side, Hold] = field(default_factory=dict)
    face: Face = field(default_factory=dict)
    narrow: float = 0.0
    lean: Mapping[str, float] = field(default_factory=dict)
    lean_over: float = 0.6
    speaking: bool = False
    yawning: bool = False
    gesture: str | None = None
    loose: bool = False
    deaf: bool = False
    present: bool = True
    blink_rate: float = 1.0


Actor = Callable[[float], Acting]
"""Seconds since the part began to what it asks for."""


def actor(part: p.Part, rng: np.random.Generator) -> Actor:
    """The actor of a part that is about to begin; parts that ask nothing of the body give an idle one."""
    make = _MAKERS.get(type(part))
    return make(part, rng) if make is not None else lambda u: Acting()


def _look(part: p.LookAt, rng: np.random.Generator) -> Actor:
    acting = Acting(watch=staring(part.zone), blink_rate=0.7)
    return lambda u: acting


def _phone(part: p.Phone, rng: np.random.Generator) -> Actor:
    side, end = part.hand, part.for_s - _PUT_DOWN_S
    if part.place == "ear":
        return _call(part, rng)
    words: dict[str, tuple[Activity, Grip, Target]] = {
        "hand": ("phone_hand", Grip("chest", "phone"), PHONE_IN_HAND_MM),
        "lap": ("phone_lap", Grip("lap", "phone"), "lap"),
        "mount": ("phone_mount", Grip("mount", "point"), "phone"),
    }
    word, grip, target = words[part.place]
    road = Away("road", 1.0, Spell(1.3, 0.4, 0.7, 3.0))
    watch = Watch(f"phone {part.place}", target, Spell(2.4, 0.5, 1.0, 8.0), (road,), Spell(0.30, 0.35, 0.15, 0.8))
    held = Hold(grip, None if part.place == "mount" else "phone")

    def at(u: float) -> Acting:
        if u > end:
            return Acting(activity=word, hands={side: Hold(Grip("away", grip.shape), held.prop)})
        taps = part.place == "mount" and u % 3.0 > 1.6
        return Acting(activity=word, watch=watch, hands={} if taps else {side: held}, blink_rate=0.6)

    return at


def _call(part: p.Phone, rng: np.random.Generator) -> Actor:
    speech, side, end = Speech(rng, 0.5), part.hand, part.for_s - _PUT_DOWN_S
    tilt = 6.0 if side == "right" else -6.0

    def at(u: float) -> Acting:
        if u > end:
            return Acting(activity="phone_ear", hands={side: Hold(Grip("away", "phone"), "phone")}, lean={"roll": 0.0})
        voice, face = speech.at(u) if u > 1.5 else (False, {})
        hands = {side: Hold(Grip("ear", "phone"), "phone")}
        return Acting(activity="phone_ear", hands=hands, face=face, speaking=voice, lean={"roll": tilt})

    return at


def _eat(part: p.Eat, rng: np.random.Generator) -> Actor:
    side, end, period = part.hand, part.for_s - _PUT_DOWN_S, float(rng.uniform(5.5, 7.5))

    def at(u: float) -> Acting:
        x = u % period
        place = "mouth" if 1.2 < x < 2.6 and u < end else "chest" if u < end else "away"
        face = faces.bite((x - 1.7) / 0.9) if 1.7 < x < 2.6 else faces.chew(u) if x > 2.6 or u > period else {}
        return Acting(activity="eating", hands={side: Hold(Grip(place, "pinch_hold"), "food")}, face=face)  # type: ignore[arg-type]

    return at


def _drink(part: p.Drink, rng: np.random.Generator) -> Actor:
    side, end, period = part.hand, part.for_s - _PUT_DOWN_S, float(rng.uniform(7.0, 9.0))

    def at(u: float) -> Acting:
        x = u % period
        sipping = 1.2 < x < 4.2 and u < end
        place = "mouth" if sipping else "chest" if u < end else "away"
        face = faces.sip((x - 1.8) / 2.2) if 1.8 < x < 4.0 else {}
        lean = {"pitch": 9.0 if 1.8 < x < 3.6 and u < end else 0.0}
        hands = {side: Hold(Grip(place, "cup"), "cup")}  # type: ignore[arg-type]
        return Acting(activity="drinking", hands=hands, face=face, lean=lean, lean_over=0.7)

    return at


def _smoke(part: p.Smoke, rng: np.random.Generator) -> Actor:
    side, end, period = part.hand, part.for_s - _PUT_DOWN_S, float(rng.uniform(8.0, 12.0))

    def at(u: float) -> Acting:
        x = u % period
        place = "mouth" if 1.2 < x < 3.2 and u < end else "wheel" if u < end else "away"
        face = faces.sip((x - 1.8) / 1.3) if 1.8 < x < 3.1 else {"mouthFunnel": 0.25} if 3.6 < x < 4.6 else {}
        hands = {side: Hold(Grip(place, "pinch_hold"), "cigarette")}  # type: ignore[arg-type]
        return Acting(activity="smoking", hands=hands, face=face)

    return at


def _talk(part: p.Talk, rng: np.random.Generator) -> Actor:
    speech = Speech(rng)
    there = Away("passenger", 1.0, SPELLS["passenger"])
    watch = Watch("talk", "road", Spell(2.6, 0.4, 1.2, 6.0), (there,)) if part.to == "passenger" else None

    def at(u: float) -> Acting:
        voice, face = speech.at(u)
        return Acting(activity="talking", watch=watch, face=face, speaking=voice)

    return at


def _yawn(part: p.Yawn, rng: np.random.Generator) -> Actor:
    length, side = part.for_s, part.hand
    word: Activity = "yawning_covered" if part.covered else "yawning"

    def at(u: float) -> Acting:
        face, narrow = faces.yawn(u, length)
        covers = part.covered and 0.2 * length < u < 0.82 * length
        hands = {side: Hold(Grip("mouth", "cover"))} if covers else {}
        up = 7.0 if 0.15 < u / length < 0.7 else 0.0
        yawning = face["jawOpen"] > 0.2
        return Acting(
            activity=word, hands=hands, face=face, narrow=narrow, lean={"pitch": up}, lean_over=0.25 * length, yawning=yawning
        )

    return at


def _rub(part: p.RubEyes, rng: np.random.Generator) -> Actor:
    side, end = part.hand, part.for_s - _PUT_DOWN_S

    def at(u: float) -> Acting:
        if u > end:
            return Acting(activity="rubbing_eyes")
        offset = (0.0, 9.0 * float(np.sin(2 * np.pi * 1.8 * u)), 5.0 * float(np.cos(2 * np.pi * 1.8 * u)))
        there = u > 0.7
        return Acting(
            activity="rubbing_eyes", hands={side: Hold(Grip("eyes", "fist", offset))}, face=faces.squint(0.6) if there else {},
            narrow=max(0.0, min(1.0, (u - 0.5) / 0.25, (end - u) / 0.25)), lean={"pitch": -6.0 if there else 0.0},
        )  # fmt: skip

    return at


def _hands(part: p.Hands, rng: np.random.Generator) -> Actor:
    word: Activity | None = "hands_off" if part.wheel == "none" else None
    acting = Acting(activity=word, hands=holds(part.wheel))
    return lambda u: acting


def holds(wheel: str) -> dict[Side, Hold]:
    """Hands for a word: both, left, right or none on the wheel, the others in the lap."""
    return {
        "left": ON_WHEEL if wheel in ("both", "left") else IN_LAP,
        "right": ON_WHEEL if wheel in ("both", "right") else IN_LAP,
    }


def _gesture(part: p.Gesturing, rng: np.random.Generator) -> Actor:
    side, end = part.hand, part.for_s if part.stays else part.for_s - 0.6

    def at(u: float) -> Acting:
        if u > end:
            return Acting(activity="gesture")
        grip = gestures.grip_at(part.gesture, max(0.0, u - 0.8), part.shift_mm)
        return Acting(activity="gesture", hands={side: Hold(grip)}, gesture=part.gesture)

    return at


def _slump(part: p.Slump, rng: np.random.Generator) -> Actor:
    sideways = {"left": 1.0, "right": -1.0}.get(part.side, 0.0)
    ahead = 1.0 if part.side == "forward" else 0.45
    lean = {
        "pitch": -38.0 * ahead, "roll": -26.0 * sideways, "forward": 170.0 * ahead, "left": 210.0 * sideways,
        "up": -130.0, "trunk_forward": 28.0 * ahead, "trunk_left": 24.0 * sideways,
    }  # fmt: skip
    limp: dict[Side, Hold] = {"left": IN_LAP, "right": Hold(Grip("away", "relaxed"))}
    shut = 0.55 if part.eyes_open else 1.0

    def at(u: float) -> Acting:
        return Acting(
            activity="slumped", hands=limp, lean=lean, lean_over=1.6, loose=True, deaf=True, narrow=shut * min(1.0, u / 0.6)
        )

    return at


def _leave(part: p.LeaveSeat, rng: np.random.Generator) -> Actor:
    going = part.going_s
    away_until = part.for_s - going if part.returns else part.for_s + 1.0
    out = {"forward": 60.0, "left": 420.0, "up": -40.0, "trunk_left": 35.0, "yaw": -40.0, "roll": -15.0}
    limp: dict[Side, Hold] = {"left": Hold(Grip("away")), "right": Hold(Grip("away"))}

    def at(u: float) -> Acting:
        gone = going <= u < away_until
        lean = out if u < away_until else dict.fromkeys(out, 0.0)
        word: Activity = "absent" if gone else "leaving"
        return Acting(
            activity=word, hands=limp, lean=lean, lean_over=going, deaf=gone, present=not gone,
            watch=staring("driver_window") if u < away_until else None,
        )  # fmt: skip

    return at


def _absent(part: p.Absent, rng: np.random.Generator) -> Actor:
    acting = Acting(activity="absent", present=False, deaf=True)
    return lambda u: acting


_MAKERS: dict[type, Callable[..., Actor]] = {
    p.LookAt: _look, p.Phone: _phone, p.Eat: _eat, p.Drink: _drink, p.Smoke: _smoke, p.Talk: _talk, p.Yawn: _yawn,
    p.RubEyes: _rub, p.Hands: _hands, p.Gesturing: _gesture, p.Slump: _slump, p.LeaveSeat: _leave, p.Absent: _absent,
}  # fmt: skip
