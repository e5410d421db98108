"""Faults of what is seen, of its time stamps and of the vehicle inputs: no pictures needed."""

from collections.abc import Callable
from random import Random

import msgspec

from dms.records import Observation, VehicleState
from hil.bench.bench import Bench
from hil.bench.seams import Seen
from hil.faults.taps import Going, come_and_go, delay, hold_first, lose, thin

Out = Callable[[], None]


def _off(bench: Bench) -> Out:
    return bench.seams.perception.add(lose)


def _stuck(bench: Bench) -> Out:
    """The last observation again and again, with its own time and counter."""
    return bench.seams.perception.add(hold_first())


def _garbage(bench: Bench, seed: int = 1) -> Out:
    """Directions and lids by chance, all inside their ranges: a network whose weights went wrong."""
    random = Random(seed)

    def tap(seen: Seen, t: float) -> Going[Seen]:
        return [(seen._replace(observation=_scrambled(seen.observation, random)), 0.0)]

    return bench.seams.perception.add(tap)


def _scrambled(observation: Observation, random: Random) -> Observation:
    changes: dict[str, object] = {}
    if observation.gaze is not None:
        direction = [random.gauss(0.0, 1.0) for _ in range(3)]
        length = sum(v * v for v in direction) ** 0.5
        changes["gaze"] = msgspec.structs.replace(observation.gaze, direction_camera=tuple(v / length for v in direction))
    if observation.eyes:
        changes["eyes"] = {
            side: msgspec.structs.replace(eye, openness=(o := random.random()), closed=1.0 - o, opening_mm=10.0 * o)
            for side, eye in observation.eyes.items()
        }
    return msgspec.structs.replace(observation, **changes)


def _slow(bench: Bench, every: int = 10) -> Out:
    """One picture of so many gets through."""
    return bench.seams.perception.add(thin(every))


def _delayed(bench: Bench, seconds: float = 0.3) -> Out:
    return bench.seams.perception.add(delay(seconds))


def _intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
    return bench.seams.perception.add(come_and_go(away_s, there_s))


def _wrong(bench: Bench) -> Out:
    """The face of nobody: a box is reported, but no driver is in it."""

    def tap(seen: Seen, t: float) -> Going[Seen]:
        nobody = msgspec.structs.replace(seen.observation, head=None, gaze=None, eyes=None, mouth=None)
        return [(seen._replace(observation=nobody), 0.0)]

    return bench.seams.perception.add(tap)


def _clock_wrong(bench: Bench, step_s: float = -1.0) -> Out:
    """The camera's clock jumps."""

    def tap(seen: Seen, t: float) -> Going[Seen]:
        moved = msgspec.structs.replace(seen.observation, t=seen.observation.t + step_s)
        return [(seen._replace(observation=moved), 0.0)]

    return bench.seams.perception.add(tap)


def _clock_stuck(bench: Bench) -> Out:
    """Pictures go on, their time stands still."""
    times: list[float] = []

    def tap(seen: Seen, t: float) -> Going[Seen]:
        times.append(seen.observation.t)
        return [(seen._replace(observation=msgspec.structs.replace(seen.observation, t=times[0])), 0.0)]

    return bench.seams.perception.add(tap)


def _inputs_off(bench: Bench) -> Out:
    """Nothing is known of the vehicle."""
    return bench.seams.inputs.add(lambda state, t: [(VehicleState(t=state.t), 0.0)])


def _inputs_wrong(bench: Bench) -> Out:
    """The belt is reported open."""
    return bench.seams.inputs.add(lambda state, t: [(msgspec.structs.replace(state, belt=False), 0.0)])


def _inputs_intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
    return bench.seams.inputs.add(come_and_go(away_s, there_s, lambda state, t: [(VehicleState(t=state.t), 0.0)]))


PERCEPTION = {
    "off": _off, "stuck": _stuck, "garbage": _garbage, "wrong": _wrong, "slow": _slow, "delayed": _delayed,
    "intermittent": _intermittent,
}  # fmt: skip
CLOCK = {"wrong": _clock_wrong, "stuck": _clock_stuck}
INPUTS = {"off": _inputs_off, "wrong": _inputs_wrong, "intermittent": _inputs_intermittent}
