"""Faults at the seams of the bench: a target and a failure, put in and taken out.

Failures are PX4's words (``off stuck garbage wrong slow delayed intermittent``). What cannot really happen at a target,
or cannot be produced at its seam, is refused and never played as something else.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

from dms.errors import UsageError
from hil.bench.bench import Bench
from hil.faults import bus, judgement, pictures, processes, signals

Failure = Literal["off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent"]
Out = Callable[[], None]
Effect = Callable[..., Out]
"""Bench and parameters to what takes the fault out again."""


class Possible(NamedTuple):
    """A target: where it is put in, and what can happen to it."""

    about: str
    level: Literal["signal", "rendered", "live"]
    effects: Mapping[str, Effect]


TARGETS: dict[str, Possible] = {
    "camera": Possible("pictures on their way to perception", "rendered", pictures.EFFECTS),
    "perception": Possible("what is seen, on its way to the rules", "signal", signals.PERCEPTION),
    "camera_clock": Possible("time stamps of the pictures", "signal", signals.CLOCK),
    "vehicle_inputs": Possible("vehicle inputs as the product read them", "signal", signals.INPUTS),
    "networks": Possible("time and life of the networks", "signal", judgement.NETWORKS),
    "judgement": Possible("statements on their way to the publisher", "signal", judgement.JUDGEMENT),
    "publisher": Possible("the publisher's cycles", "signal", judgement.PUBLISHER),
    "bus_out": Possible("frames from the product to the bus", "signal", bus.OUT),
    "bus_in": Possible("frames from the bus to the product", "signal", bus.IN),
    "process": Possible("the product's process, on the clock", "live", processes.EFFECTS["process"]),
    "publisher_process": Possible("the publisher's process, on the clock", "live", processes.EFFECTS["publisher_process"]),
}  # fmt: skip


def put_in(bench: Bench, target: str, failure: str, **how: Any) -> Out:
    """Put a fault in, now; the answer takes it out again. Both are marked on the timeline.

    Raises:
        UsageError: no such target or failure, a failure that cannot be produced there, or a parameter it does not have.
    """
    effect = check(target, failure, how, bench.result.level)
    name = f"{target} {failure}"
    bench.timeline.mark(bench.now, "fault", name)
    take_out = effect(bench, **how)

    def out() -> None:
        take_out()
        bench.timeline.mark(bench.now, "fault_ends", name)

    return out


def check(target: str, failure: str, how: Mapping[str, Any], level: str) -> Effect:
    """The effect, if it can be produced.

    Raises:
        UsageError: one line with what is possible.
    """
    possible = TARGETS.get(target)
    if possible is None:
        raise UsageError(f"there is no target {target!r}; one of: {', '.join(TARGETS)}")
    if failure not in get_args(Failure):
        raise UsageError(f"there is no failure {failure!r}; one of: {', '.join(get_args(Failure))}")
    effect = possible.effects.get(failure)
    if effect is None:
        raise UsageError(f"{target} cannot be {failure!r} ({possible.about}); possible: {', '.join(possible.effects)}")
    if possible.level == "live" and level != "live":
        raise UsageError(f"{target} {failure} needs a process; it is measured with dms hil faults --live")
    if possible.level == "rendered" and level == "signal":
        raise UsageError(f"{target} {failure} needs pictures; play the scenario rendered")
    known = [name for name in effect.__code__.co_varnames[1 : effect.__code__.co_argcount]]
    if strange := [name for name in how if name not in known]:
        raise UsageError(f"{target} {failure} has no parameter {strange[0]!r}; known: {', '.join(known) or 'none'}")
    return effect
