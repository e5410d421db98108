"""A script to records: pictures and vehicle inputs, with the errors of ``error_model``."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.records import Eye, Face, Gaze, Head, Image, Observation, VehicleState
from dms.records.words import L3State
from hil.never_false_ready import error_model as model
from hil.never_false_ready.person import Person
from hil.never_false_ready.script import Script
from hil.never_false_ready.spans import Array, Bools, now_and_then, shifted, slow_noise, within

Record = Observation | VehicleState
Ints = NDArray[np.int64]
LOWERED = 0.36
"""Lids lower than this give no gaze (``dms.perception.gaze``: shut with a probability of 0.9)."""
INPUTS_S = 0.2
"""Vehicle records come so often; pictures carry no inputs of their own."""
LEVELS = 25
"""Steps of openness 0..1 in the table of eyes."""

FACE, NO_FACE = Face(present=True, confidence=0.97), Face(present=False)
IMAGES = {
    "day": Image(mean=90.0, sharpness=120.0, saturated=0.0, blocked=0.0, frozen=False),
    "night": Image(mean=35.0, sharpness=60.0, saturated=0.0, blocked=0.0, frozen=False),
    "black": Image(mean=1.5, sharpness=1.0, saturated=0.0, blocked=1.0, frozen=False),
    "blocked": Image(mean=40.0, sharpness=2.0, saturated=0.0, blocked=0.95, frozen=False),
    "burnt": Image(mean=240.0, sharpness=5.0, saturated=0.8, blocked=0.3, frozen=False),
    "frozen": Image(mean=90.0, sharpness=120.0, saturated=0.0, blocked=0.0, frozen=True),
}


class Seen(NamedTuple):
    """What perception says of each content (not yet of each record: a frozen camera repeats contents)."""

    face: Bools
    gaze: Bools
    gaze_camera: Array
    gaze_std: Array
    head_camera: Array
    head_up: Array
    head_std: Array
    position_mm: Array
    eyes: Ints


def _eye(openness: float, visible: float) -> Eye:
    closed = 1.0 / (1.0 + np.exp((openness - model.CLOSED_MIDDLE) / model.CLOSED_WIDTH))
    return Eye(visible=visible, opening_mm=round(9.0 * openness, 2), openness=round(openness, 3), closed=round(float(closed), 3))


def _eye_table() -> list[dict[str, Eye]]:
    """Both eyes by step of openness; then hidden without numbers; then hidden with invented ones, open."""
    eyes = [_eye(level / LEVELS, 0.97) for level in range(int(1.4 * LEVELS) + 1)]
    eyes += [Eye(visible=0.05), Eye(visible=0.12, opening_mm=9.0, openness=0.95, closed=0.02)]
    return [{"left": eye, "right": eye} for eye in eyes]


EYES = _eye_table()
HIDDEN, INVENTED = len(EYES) - 2, len(EYES) - 1


def records(script: Script) -> list[Record]:
    """All records of a drive in order of time; vehicle inputs first where both come at once."""
    rng = np.random.default_rng([script.head.seed, script.head.number, 2])
    t, content = _pictures(rng, script)
    pictures = _observations(script, t, content, _perceive(rng, script, np.arange(0.0, script.head.seconds, 1 / script.head.fps)))
    inputs = list(_inputs(rng, script))
    order = np.argsort(np.concatenate([[v.t for v in inputs], t]), kind="stable")
    both: list[Record] = [*inputs, *pictures]
    return [both[n] for n in order]


def _pictures(rng: np.random.Generator, script: Script) -> tuple[Array, Ints]:
    """Time of each picture and which content it shows."""
    fps = script.head.fps
    t = np.arange(0.0, script.head.seconds, 1.0 / fps)
    content = np.arange(len(t))
    frozen = within(script.stretch("frozen"), t)
    content = np.maximum.accumulate(np.where(frozen & (content > 0), 0, content))
    keep = ~within(script.stretch("gap"), t)
    for name, rate in (("slow", 3.0), ("few", 8.0)):
        every = max(1, round(fps / rate))
        keep &= ~within(script.stretch(name), t) | (np.arange(len(t)) % every == 0)
    late = within(script.stretch("late"), t)
    t = np.where(late, t + rng.uniform(0.0, 1.5 / fps, len(t)), t)
    twice = keep & within(script.stretch("twice"), t) & (rng.random(len(t)) < 0.3)
    rows = np.repeat(np.arange(len(t)), keep.astype(int) + twice)
    order = np.argsort(t[rows], kind="stable")
    return t[rows][order], content[rows][order]


def _perceive(rng: np.random.Generator, script: Script, t: Array) -> Seen:
    """Readings at each time of ``t``."""
    driver = np.searchsorted(np.array(script.changes), t, side="right")
    parts = [_readings(rng, script, n, t) for n in range(len(script.people))]
    if len(parts) == 1:
        return parts[0]
    joined: list[Any] = []
    for fields in zip(*parts, strict=True):
        joined.append(np.stack(fields)[driver, np.arange(len(t))])
    return Seen(*joined)


def _readings(rng: np.random.Generator, script: Script, n: int, t: Array) -> Seen:
    person, looks = script.people[n], script.looks[n]
    row = looks.at(t)
    true = np.stack([looks.yaw_deg[row], looks.pitch_deg[row]])
    head = true * looks.head_share[row] + np.array(person.head_bias_deg)[:, None]
    head += np.stack([slow_noise(rng, t, 1.0, 1.5), slow_noise(rng, t, 0.7, 1.5)]) + rng.normal(0.0, 0.6, head.shape)
    turned = np.abs(looks.yaw_deg[row] * looks.head_share[row])
    lost = (turned > model.FACE_LOST_FROM_DEG) & now_and_then(rng, t, model.FACE_LOST_SHARE, model.FACE_LOST_HOLD_S)
    face = ~(lost | (turned > 95.0) | within(script.stretch("empty", "black", "blocked"), t))
    lids = _lids(rng, script, person, t)
    told, invented = lids.told, lids.invented
    gaze = true + _gaze_error(rng, person, t, turned, lids.half)
    guess = head + rng.normal(0.0, model.INVENTED_GAZE_DEG, head.shape)
    gaze = np.where(invented, guess, gaze)
    far = turned > model.GAZE_TURNED_FROM_DEG
    std = person.std_deg * np.where(far, 1.5, 1.0) * np.where(invented, model.INVENTED_STD_FACTOR, 1.0)
    eyes = np.clip(np.round(lids.openness * LEVELS), 0, len(EYES) - 3).astype(np.int64)
    eyes = np.where(told, eyes, INVENTED if script.invents else HIDDEN)
    turn = script.cabin.camera.rotation()
    forward, up = _directions(head), _directions(head + np.array([[0.0], [90.0]]))
    place = person.eye_mm + np.stack([slow_noise(rng, t, s, 5.0) for s in (15.0, 15.0, 8.0)], axis=1)
    place += rng.normal(0.0, model.POSITION_MM / 3, place.shape)
    sees = np.where(told, lids.openness > LOWERED, script.invents)
    return Seen(
        face=face, gaze=sees, gaze_camera=_directions(gaze) @ turn, gaze_std=std,
        head_camera=forward @ turn, head_up=up @ turn, head_std=np.where(far, model.HEAD_TURNED_STD_DEG, model.HEAD_STD_DEG),
        position_mm=(place - np.array(script.cabin.camera.position_mm)) @ turn, eyes=eyes,
    )  # fmt: skip


class Lids(NamedTuple):
    """Openness as read; on their way down or up; are the eyes called visible; is what is read of them invented."""

    openness: Array
    half: Bools
    told: Bools
    invented: Bools


def _lids(rng: np.random.Generator, script: Script, person: Person, t: Array) -> Lids:
    shut = within(script.closures, t)
    half = ~shut & within(shifted(script.closures, -model.FALLS_S, model.RISES_S), t)
    lowered = np.where(within(script.stretch("lowered"), t), 0.78, 1.0)
    wrong = np.where(
        shut,
        now_and_then(rng, t, model.SHUT_CALLED_OPEN, model.SHUT_HOLD_S),
        now_and_then(rng, t, model.OPEN_CALLED_SHUT, model.OPEN_HOLD_S),
    )
    read_shut = shut != wrong
    openness = np.where(read_shut, person.shut_reads, person.open_reads * lowered * np.where(half, 0.6, 1.0))
    hidden, called = np.zeros(len(t), bool), np.zeros(len(t), bool)
    for name, share in model.HIDDEN_CALLED_VISIBLE.items():
        here = within(script.stretch(name), t)
        hidden |= here & (name != "streak")
        called |= here & now_and_then(rng, t, share, model.HIDDEN_HOLD_S)
    looks_open = now_and_then(rng, t, model.INVENTED_OPEN, model.HIDDEN_HOLD_S)
    openness = np.where(hidden, np.where(looks_open, 0.9, 0.15), openness) + rng.normal(0.0, model.LID_NOISE, len(t))
    missed = now_and_then(rng, t, person.missed, model.SHOWN_HOLD_S)
    burnt = within(script.stretch("burnt"), t)
    told = np.where(hidden, called, ~missed) & ~burnt
    return Lids(np.clip(openness, 0.0, 1.4), half, told, hidden | (shut & wrong))


def _gaze_error(rng: np.random.Generator, person: Person, t: Array, turned: Array, half: Bools) -> Array:
    """Yaw and pitch that a reading adds to the truth, degrees."""
    factor = np.where(turned > model.GAZE_TURNED_FROM_DEG, model.GAZE_TURNED_FACTOR, 1.0)
    slow = np.stack([slow_noise(rng, t, person.slow_deg, model.GAZE_SLOW_S) for _ in range(2)])
    error = np.array(person.bias_deg)[:, None] + slow + rng.normal(0.0, person.white_deg, slow.shape)
    outlier = now_and_then(rng, t, model.GAZE_OUTLIER_SHARE, model.GAZE_OUTLIER_HOLD_S)
    error = error + outlier * rng.normal(0.0, model.GAZE_OUTLIER_DEG / model.RAYLEIGH, slow.shape)
    error[1] += np.where(half, model.GAZE_HALF_SHUT_DEG, 0.0)
    scaled: Array = error * factor
    return scaled


def _directions(angles: Array) -> Array:
    """Unit vectors of the vehicle frame, n x 3, for yaw to the right and pitch up, degrees."""
    yaw, pitch = np.radians(angles)
    return np.stack([np.cos(yaw) * np.cos(pitch), -np.sin(yaw) * np.cos(pitch), np.sin(pitch)], axis=1)


def _observations(script: Script, t: Array, content: Ints, seen: Seen) -> Iterator[Observation]:
    """Records; built plainly, one after the other, because there are millions of them."""
    gaze_at, head_at, up_at = (_tuples(part) for part in (seen.gaze_camera, seen.head_camera, seen.head_up))
    place, std, head_std = _tuples(seen.position_mm), seen.gaze_std.round(1).tolist(), seen.head_std.tolist()
    face, gaze, eyes = seen.face.tolist(), seen.gaze.tolist(), seen.eyes.tolist()
    images = _images(script, t, content)
    for at, n, image in zip(t.tolist(), content.tolist(), images, strict=True):
        if not face[n]:
            yield Observation(t=at, face=NO_FACE, image=image)
            continue
        sight = Gaze(direction_camera=gaze_at[n], origin_camera_mm=place[n], std_deg=std[n]) if gaze[n] else None
        pose = Head(forward_camera=head_at[n], up_camera=up_at[n], position_camera_mm=place[n], std_deg=head_std[n])
        yield Observation(t=at, face=FACE, head=pose, gaze=sight, eyes=EYES[eyes[n]], image=image)


def _images(script: Script, t: Array, content: Ints) -> list[Image]:
    names = np.where(within(script.stretch("dark"), t) | script.night, "night", "day").astype(object)
    for name in ("black", "blocked", "burnt"):
        names[within(script.stretch(name), t)] = name
    same = np.concatenate([[False], content[1:] == content[:-1]])  # as dms.perception.quality counts, whatever the time says
    number = np.arange(len(t))
    repeats = number - np.maximum.accumulate(np.where(same, 0, number))
    names[repeats >= model.FROZEN_UNNOTICED] = "frozen"
    return [IMAGES[name] for name in names]


def _tuples(rows: Array) -> list[tuple[float, float, float]]:
    return list(map(tuple, rows.tolist()))


def _inputs(rng: np.random.Generator, script: Script) -> Iterator[VehicleState]:
    """Vehicle records; what the bus does not say is null, and where it is silent there is none."""
    t = np.arange(float(rng.uniform(0.0, INPUTS_S)), script.head.seconds, INPUTS_S)
    t = t[~within(script.stretch("silent"), t)]
    marks = {
        name: within(script.stretch(name), t) for name in ("empty", "unbuckled", "no_seat", "no_belt", "no_inputs", "request")
    }
    by_hand = t < script.by_hand_s
    codes: Ints = np.sum([mark.astype(np.int64) << n for n, mark in enumerate([*marks.values(), by_hand])], axis=0)
    templates = {code: _template(script, [bool(code >> n & 1) for n in range(7)]) for code in set(codes.tolist())}
    for at, code in zip(t.tolist(), codes.tolist(), strict=True):
        yield msgspec.structs.replace(templates[code], t=at)


def _template(script: Script, marks: list[bool]) -> VehicleState:
    empty, unbuckled, no_seat, no_belt, no_inputs, request, by_hand = marks
    if no_inputs:
        return VehicleState(t=0.0)
    state: L3State = "takeover_request" if request else "available" if by_hand else "active"
    return VehicleState(
        t=0.0, speed_kmh=script.speed_kmh, gear="D", l3_state=state, ignition="on", brake=False, hands_on=by_hand or request,
        seat=None if no_seat else not empty, belt=None if no_belt else not unbuckled,
    )  # fmt: skip
