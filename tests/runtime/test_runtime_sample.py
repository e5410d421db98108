"""The whole job on the sample log, judged by its labels: what a Level 3 controller would have believed against what was true."""

from typing import NamedTuple

import pytest

from dms.camera.log import LogFrames, sample_log
from dms.drivelog.format import TRUTH
from dms.drivelog.reader import LogReader
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import SLOTS
from dms.profiles import load_profile
from dms.runtime.config import RunConfig, load_parts, with_log_defaults
from dms.runtime.replay import Replay
from hil.driver.truth.labels import Truth, decode_truth
from hil.driver.truth.watch import Fitness, TruthWatch

pytestmark = pytest.mark.slow
RULES = load_profile("l3_default").rules
assert RULES.long_distraction is not None
LONG_S, RELEASE_S = RULES.long_distraction.warn_s, RULES.long_distraction.release_s
FRAME_S, CYCLE_S = 1 / 30, 0.050
HEARD_S = FRAME_S + CYCLE_S
"""From a change in front of the camera to the controller: at most a picture and a bus cycle."""

LENS_UNTIL_S = 3.0
LID_S = 0.1
"""A slow lid passes the labels' mark (a fifth of the opening) and perception's own at different times."""


class Belief(NamedTuple):
    """One DMS_TakeoverReady: whether it was believed to say ready, and what is true at that time."""

    t: float
    ready: bool
    truth: Truth
    fitness: Fitness


@pytest.fixture(scope="module")
def replayed(engines_built):
    """Believed statements and events of the whole log."""
    with LogReader(sample_log()) as log:
        truths = [decode_truth(message.data) for message in log.messages((TRUTH,))]
    watch = TruthWatch()
    fit = [watch.step(truth) for truth in truths]
    with LogFrames(sample_log()) as log, EngineSet(SLOTS) as engines:
        parts = load_parts(with_log_defaults(RunConfig(source="sample"), log, None, None))
        steps = list(Replay(parts, log, engines).steps())
    beliefs = []
    for step in steps:
        if step.sent is not None and step.sent.can_id == 0x3A0:
            at = min(len(truths) - 1, int(step.t / FRAME_S + 1e-6))
            beliefs.append(Belief(step.t, step.statement.ready, truths[at], fit[at]))
    return beliefs, [step.state for step in steps if step.state is not None]


def test_never_ready_with_shut_eyes(replayed):
    beliefs, _ = replayed
    limit = RULES.closure.blink_max_s + HEARD_S + LID_S
    shut = [b for b in beliefs if b.fitness.shut_s > limit]
    assert len(shut) >= 10, "the log holds no long closure"
    assert not [b.t for b in shut if b.ready]


def test_never_ready_while_looking_away(replayed):
    beliefs, _ = replayed
    limit = 2.0 + RULES.gaze.hysteresis_s + HEARD_S
    # In the first seconds he looks into the lens: 2 degrees below the road's box, inside the profile's margin for it.
    away = [b for b in beliefs if b.fitness.away_s > limit and b.t > LENS_UNTIL_S]
    assert len(away) >= 50, "the log holds no long look away"
    assert not [b.t for b in away if b.ready]


@pytest.mark.requirement("NV-08")
def test_never_ready_behind_dark_lenses(replayed):
    beliefs, _ = replayed
    hidden = [b for b in beliefs if b.fitness.condition == "eyes_hidden"]
    late = [b for b in hidden if b.t - hidden[0].t > RULES.glance.freeze_max_s + HEARD_S]
    assert len(late) >= 20
    assert not [b.t for b in late if b.ready]


def test_ready_when_attentive(replayed):
    """In every stretch in which he watches the road long enough for all holds to be over."""
    beliefs, _ = replayed
    holds = RULES.attention.confirm_s + RULES.gaze.hysteresis_s + RELEASE_S + HEARD_S
    since, watched = None, []
    for b in beliefs:
        good = (
            b.truth.story.zone == "road"
            and b.fitness.condition in ("attentive", "brief")
            and b.truth.story.part in ("", "takeover_request")
        )
        since = None if not good else b.t if since is None else since
        if since is not None and b.t - since > holds:
            watched.append(b)
    assert len(watched) * CYCLE_S > 10
    share = sum(b.ready for b in watched) / len(watched)
    assert share > 0.8, f"ready in {share:.0%} of the time he watched the road"


def test_the_demo_ends_with_a_believed_ready(replayed):
    beliefs, _ = replayed
    last = [
        b
        for b in beliefs
        if b.truth.vehicle.l3_state == "takeover_request" and b.truth.story.hands_on and b.truth.story.zone == "road"
    ]
    assert last and sum(b.ready for b in last) > 0.5 * len(last)


@pytest.mark.requirement("NCAP-01", "NCAP-05")
def test_warnings_come_when_the_truth_asks_for_them(replayed):
    beliefs, states = replayed
    raised = {state.warning.class_: state.t for state in reversed(states) if state.warning.class_}
    assert "long_distraction" in raised and "microsleep" in raised
    away = next(b.t for b in beliefs if b.fitness.away_s >= LONG_S and b.t > LENS_UNTIL_S)
    asleep = next(b.t for b in beliefs if b.fitness.shut_s >= RULES.closure.microsleep_s)
    assert -0.5 < raised["long_distraction"] - away < 0.3  # a gaze error of 5 degrees may let the glance begin a little sooner
    assert raised["microsleep"] == pytest.approx(asleep, abs=0.4)
    assert any(state.level == 5 for state in states if state.t > 52.5)
