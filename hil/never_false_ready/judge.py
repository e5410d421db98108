"""Runs the decision core on one drive and holds what it said against the truth."""

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from dms.assessment import Assessor
from dms.profiles import Profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness
from dms.records.cabin import DriverBaseline
from hil.never_false_ready.script import Script
from hil.never_false_ready.spans import Array, common, outside, seconds, shifted, where, within
from hil.never_false_ready.stream import Record, records
from hil.never_false_ready.truth import REACTION_S, Truth, truth_of

STATE_LASTS_S = 0.5
"""A statement that nothing follows is held for no longer: the receiver on the bus gives up before."""
WARNED_LATE_S = 0.5
"""A warning that comes so late after a look away still speaks of it: the declared reaction bound."""
DRIVER_FILE = DriverBaseline(name="never-false-ready", gaze_yaw_deg=0.0, gaze_pitch_deg=0.0, gaze_std_deg=5.1)
"""Tells the core that the readings have been corrected already."""

Alter = Callable[[Record], Record | None]
"""Changes records at the door of the core; only for planted bugs."""


class Episode(msgspec.Struct, frozen=True):
    """One stretch of false ready, or one false warning (then ``seconds`` is 0)."""

    seed: int
    number: int
    family: str
    t: float
    seconds: float
    cause: str
    said: str

    @property
    def drive(self) -> str:
        """As ``--scenario`` takes it."""
        return f"{self.seed}:{self.number}"


@dataclass(slots=True)
class Verdict:
    """One drive's figures, s; ``failed`` names an exception that came out of the core."""

    family: str
    calibrated: bool
    seconds: float = 0.0
    pictures: int = 0
    ready_s: float = 0.0
    truly_ready_s: float = 0.0
    rightly_ready_s: float = 0.0
    attentive_s: float = 0.0
    long_looks: int = 0
    long_looks_warned: int = 0
    false_ready: list[Episode] = field(default_factory=list)
    false_warnings: list[Episode] = field(default_factory=list)
    failed: str | None = None


def assess(script: Script, profile: Profile, stream: list[Record], alter: Alter | None = None) -> list[TakeoverReadiness]:
    """The published states of a drive."""
    assessor = Assessor(profile, script.cabin, DRIVER_FILE if script.calibrated else None)
    states = []
    for record in stream:
        given = record if alter is None else alter(record)
        state = None if given is None else assessor.step(given)
        if state is not None:
            states.append(ready_for_takeover(state, profile))
    return states


def judge(script: Script, profile: Profile, alter: Alter | None = None) -> Verdict:
    """Everything about one drive."""
    stream, truth, head = records(script), truth_of(script), script.head
    verdict = Verdict(head.family, script.calibrated, head.seconds, sum(hasattr(record, "face") for record in stream))
    try:
        states = assess(script, profile, stream, alter)
    except Exception as error:  # whatever comes out of the core is a finding, with the seed that makes it again
        verdict.failed = f"{head.seed}:{head.number} {type(error).__name__}: {error}"
        return verdict
    if states:
        _hold_against(script, truth, states, verdict)
    return verdict


def _hold_against(script: Script, truth: Truth, states: list[TakeoverReadiness], verdict: Verdict) -> None:
    t = np.array([state.t for state in states])
    ready = np.array([state.readiness == "ready" for state in states])
    end = min(script.head.seconds, float(t[-1]) + STATE_LASTS_S)
    said = where(ready, t, end)
    truly = outside(truth.any_cause, end)
    verdict.ready_s, verdict.truly_ready_s = seconds(said), seconds(truly)
    verdict.rightly_ready_s, verdict.attentive_s = seconds(common(said, truly)), seconds(truth.attentive)
    for start, stop in common(said, shifted(truth.any_cause, REACTION_S)):
        verdict.false_ready.append(_episode(script, truth, states, t, float(start), float(stop - start)))
    verdict.false_warnings = _false_warnings(script, truth, states, t)
    warns = t[[state.warning.class_ not in (None, "camera") for state in states]]
    verdict.long_looks = len(truth.long_looks)
    late = shifted(truth.long_looks, 0.0, WARNED_LATE_S)
    verdict.long_looks_warned = sum(bool(within(late[n : n + 1], warns).any()) for n in range(len(late)))


def _episode(script: Script, truth: Truth, states: list[TakeoverReadiness], t: Array, start: float, length: float) -> Episode:
    state = states[int(np.searchsorted(t, start + 1e-9, side="right")) - 1]
    cause = ", ".join(truth.causes_at(start)) or "just over"
    head = script.head
    return Episode(head.seed, head.number, head.family, round(start, 3), round(length, 3), cause, "; ".join(state.because[:2]))


def _false_warnings(script: Script, truth: Truth, states: list[TakeoverReadiness], t: Array) -> list[Episode]:
    """Warnings to the driver that begin while he is plainly attentive.

    "camera" is none of them: it says truly that the readings have been missing, whoever is to blame.
    """
    head, found, before = script.head, [], None
    attentive = within(truth.attentive, t)
    for n, state in enumerate(states):
        name = state.warning.class_
        if name not in (None, "camera", before) and attentive[n]:
            said = "; ".join(state.because[:3])
            found.append(Episode(head.seed, head.number, head.family, round(float(t[n]), 3), 0.0, str(name), said))
        before = name
    return found
