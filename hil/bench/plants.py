"""Bugs put into the product on purpose, to show that the scenarios find them. Each works at a seam."""

from collections.abc import Callable
from dataclasses import replace

from msgspec.structs import replace as replace_fields

from dms.bus.samples import Sample
from hil.bench.seams import Seams, Seen


def _last_ready_held(seams: Seams) -> None:
    """What is unknown is told as the last thing that was known."""
    known: list[Sample] = []

    def hold(sample: Sample, t: float) -> list[tuple[Sample, float]]:
        if sample.state.readiness != "unknown" or not known:
            known[:] = [sample]
            return [(sample, 0.0)]
        return [(replace(known[0], captured=sample.captured, frame_counter=sample.frame_counter), 0.0)]

    seams.judgement.add(hold)


def _shut_eyes_ignored(seams: Seams) -> None:
    """Lids are always taken for open."""

    def opened(seen: Seen, t: float) -> list[tuple[Seen, float]]:
        eyes = seen.observation.eyes
        if not eyes:
            return [(seen, 0.0)]
        wide = {
            side: eye if eye.closed is None else replace_fields(eye, openness=0.95, closed=0.02, opening_mm=9.0)
            for side, eye in eyes.items()
        }
        return [(seen._replace(observation=replace_fields(seen.observation, eyes=wide)), 0.0)]

    seams.perception.add(opened)


def _slow_to_tell(seams: Seams) -> None:
    """Statements reach the publisher a second late, and are called fresh."""

    def late(sample: Sample, t: float) -> list[tuple[Sample, float]]:
        return [(replace(sample, captured=sample.captured + 1.0), 1.0)]

    seams.judgement.add(late)


PLANTS: dict[str, Callable[[Seams], None]] = {
    "last_ready_held": _last_ready_held, "shut_eyes_ignored": _shut_eyes_ignored, "slow_to_tell": _slow_to_tell,
}  # fmt: skip
