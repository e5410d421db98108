"""Random records by the million through the decision core: no exception but a refusal, and no ``ready`` without evidence.

    python -m tools.fuzz_assessment                                 a million records of seed 1 (minutes)
    python -m tools.fuzz_assessment --records 20000 --seed 7 --profile un_r157

Streams begin with an attentive driver and go on with what chance makes of the records' fields, times and bytes. What evidence a
``ready`` needs is judged from the records alone. Exit codes: 0 none found, 1 found (each with the seed of its stream), 2 usage.
"""

import argparse
import math
import random
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from dms.assessment import Assessor, load_cabin
from dms.assessment.stream import assess_lines
from dms.errors import RecordError, UsageError
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Eye, Face, Gaze, Head, Image, Observation, TakeoverReadiness, VehicleState
from dms.records.jsonl import encode

Record = Observation | VehicleState
AHEAD = (0.0, -math.sin(math.radians(12)), -math.cos(math.radians(12)))
ROAD_DEG = 60.0
"""Further than this from straight ahead nothing is road or mirror in the shipped cabins (mirrors -39 to +46; their margin and a
corner more)."""
OPEN, SHUT = Eye(visible=0.98, opening_mm=9.0, openness=0.95, closed=0.01), Eye(visible=0.98, openness=0.03, closed=0.98)
GOOD: dict[str, Any] = {
    "face": Face(present=True, confidence=0.97),
    "head": Head(forward_camera=AHEAD, up_camera=(0.0, AHEAD[2], -AHEAD[1]), position_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0),
    "gaze": Gaze(direction_camera=AHEAD, origin_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0),
    "eyes": {"left": OPEN, "right": OPEN},
    "image": Image(mean=80.0, blocked=0.0, frozen=False),
}
CAR: dict[str, Any] = {"seat": True, "belt": True, "hands_on": False, "speed_kmh": 90.0, "l3_state": "active"}
ZONES = ("road", "lap", "phone", "rear_mirror", "other", "unknown")
STREAM = 400
"""Records of one stream."""


class Chance:
    """Draws for the fields of one stream."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, low: float, high: float) -> float | None:
        """Inside, outside, at the ends, not a number, missing."""
        pick = self.random.random()
        odd = (None, math.nan, math.inf, -1e308, 1e308, low, high, 0.0)
        return self.random.choice(odd) if pick < 0.2 else self.random.uniform(low, high)

    def share(self) -> float | None:
        return self.number(0.0, 1.0)

    def yes(self) -> bool | None:
        return self.random.choice((True, False, None))

    def direction(self) -> tuple[float, float, float]:
        if self.random.random() < 0.4:
            return AHEAD
        x, y, z = (self.random.gauss(0.0, 1.0) for _ in range(3))
        length = math.sqrt(x * x + y * y + z * z) or 1.0
        return x / length, y / length, z / length

    def eye(self) -> Eye:
        if self.random.random() < 0.4:
            return self.random.choice((OPEN, SHUT, Eye(visible=0.05)))
        return Eye(visible=self.share(), openness=self.number(0.0, 2.0), closed=self.share(), opening_mm=self.number(0.0, 20.0))

    def part(self, name: str) -> Any:
        """A new value for one part of an observation.

        Raises:
            RecordError: a value that may not enter.
        """
        if self.random.random() < 0.15:
            return None
        if name == "face":
            return Face(present=self.random.random() < 0.8, confidence=self.share())
        if name == "head":
            return Head(forward_camera=self.direction(), up_camera=self.direction(), std_deg=self.number(0.0, 180.0))
        if name == "gaze":
            return Gaze(direction_camera=self.direction(), std_deg=self.number(0.0, 180.0))
        if name == "eyes":
            return {self.random.choice(("left", "right", "unknown", "third")): self.eye() for _ in range(2)}
        frozen = None if self.random.random() < 0.5 else self.yes()
        return Image(mean=self.number(0.0, 255.0), blocked=self.share(), saturated=self.share(), frozen=frozen)


def records(chance: Chance) -> Iterator[Record | None]:
    """One stream; ``None`` where the record itself refused its values."""
    draw, t, odd = chance.random, 0.0, 0
    parts, car = dict(GOOD), dict(CAR)
    for n in range(STREAM):
        odd = draw.randrange(1, 25) if odd == 0 and n > 80 and draw.random() < 0.1 else max(0, odd - 1)
        if odd == 0:
            parts, car = dict(GOOD), dict(CAR)
        blink = {"eyes": {"left": SHUT, "right": SHUT}} if odd == 0 and n % 80 < 3 else {}
        t += draw.choice((0.0, 0.01, 0.15, 0.3, 2.0, -0.1)) if odd and draw.random() < 0.2 else 0.025
        try:
            if odd and draw.random() < 0.5:
                name = draw.choice(list(GOOD))
                parts[name] = chance.part(name)
                car[draw.choice(("seat", "belt", "hands_on"))] = chance.yes()
            if n % 2:
                yield VehicleState(t=t, **car)
            else:
                zone = draw.choice(ZONES) if odd and draw.random() < 0.1 else None
                yield Observation(t=t, zone=zone, **{**parts, **blink})
        except RecordError:
            parts = dict(GOOD)
            yield None


def unlawful(history: Sequence[Record], state: TakeoverReadiness, road_deg: float = ROAD_DEG) -> str | None:
    """Why this ``ready`` has no fresh evidence, judged from the records alone; ``None`` if it has.

    ``road_deg``: no further than this from straight ahead a gaze is taken as one at road or mirrors.
    """
    pictures = [r for r in history if isinstance(r, Observation)]
    inputs = [r for r in history if isinstance(r, VehicleState)]
    if not inputs or state.t - inputs[-1].t > 0.5001 or not (inputs[-1].seat and inputs[-1].belt):
        return "seat or belt not known true"
    if not pictures or state.t - pictures[-1].t > 0.1001:
        return "no fresh picture"
    if pictures[-1].face is None or not pictures[-1].face.present:
        return "no face in the newest picture"
    recent = [p for p in pictures if state.t - p.t <= 0.65]
    if len(recent) < 3 or not any(_open(p) and _ahead(p, road_deg) and _clear(p) for p in recent):
        return "no recent picture with open eyes on the road"
    return None


def _open(picture: Observation) -> bool:
    eyes = [e for e in (picture.eyes or {}).values() if e.visible is not None and e.visible >= 0.5]
    return any((e.closed is not None and e.closed <= 0.5) or (e.openness is not None and e.openness >= 0.2) for e in eyes)


def _clear(picture: Observation) -> bool:
    image = picture.image
    return image is None or not (image.frozen or (image.blocked or 0) >= 0.8 or (image.mean is not None and image.mean <= 4))


def _ahead(picture: Observation, road_deg: float) -> bool:
    if picture.zone is not None:
        return picture.zone in ("road", "rear_mirror", "driver_mirror", "passenger_mirror")
    if picture.gaze is None:
        return False
    cosine = float(np.dot(picture.gaze.direction_camera, AHEAD))
    return cosine >= math.cos(math.radians(road_deg))


class Found(msgspec.Struct):
    """What a run found."""

    records: int = 0
    refused: int = 0
    ready: int = 0
    faults: list[str] = []


def run_stream(seed: int, profile_name: str, found: Found) -> None:
    """One stream, as records or as bytes of which some are changed."""
    profile, chance = load_profile(profile_name), Chance(seed)
    assessor = Assessor(profile, load_cabin("example_lhd" if seed % 3 else "example_rhd"))
    history: deque[Record] = deque(maxlen=200)
    as_bytes = seed % 4 == 0
    for record in records(chance):
        found.records += 1
        if record is None:
            found.refused += 1
            continue
        try:
            states = _bytes(assessor, record, chance, history, found) if as_bytes else _record(assessor, record, history)
        except RecordError:
            found.refused += 1
            continue
        except Exception as error:  # what this program looks for
            found.faults.append(f"seed {seed}: {type(error).__name__}: {error}")
            return
        for state in states:
            published = ready_for_takeover(state, profile)
            if published.readiness == "ready":
                found.ready += 1
                why = unlawful(history, published)
                if why is not None:
                    found.faults.append(f"seed {seed}: ready at t={published.t:.3f} s: {why}")


def _record(assessor: Assessor, record: Record, history: deque[Record]) -> list[Any]:
    state = assessor.step(record)
    history.append(record)
    return [] if state is None else [state]


def _bytes(assessor: Assessor, record: Record, chance: Chance, history: deque[Record], found: Found) -> list[Any]:
    """The record's line, one in ten with changed bytes: what still counts as a record then is its history, too."""
    line = bytearray(encode(record))
    changed = chance.random.random() < 0.1
    for _ in range(chance.random.randrange(1, 4) if changed else 0):
        line[chance.random.randrange(len(line))] = chance.random.randrange(256)
    skipped: list[RecordError] = []
    states = list(assess_lines(assessor, [bytes(line).replace(b"\n", b" ")], skipped.append))
    found.refused += len(skipped)
    if not skipped:
        history.extend(_read(bytes(line), record) if changed else [record])
    return states


def _read(line: bytes, record: Record) -> list[Record]:
    from dms.assessment.stream import decode_line

    return list(decode_line(line.replace(b"\n", b" "), 1)) if line.strip() else []


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, metavar="N", help="default 1000000")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first stream (default 1)")
    parser.add_argument("--profile", default="l3_default", metavar="NAME", help="default: %(default)s")
    args = parser.parse_args(argv)
    if args.records < 1 or args.seed < 0:
        parser.error("--records must be at least 1 and --seed at least 0")
    found, seed = Found(), args.seed
    try:
        while found.records < args.records:
            run_stream(seed, args.profile, found)
            seed += 1
    except UsageError as error:
        print(f"fuzz_assessment: {error}", file=sys.stderr)
        return 2
    print(f"{found.records} records in {seed - args.seed} streams: {found.refused} refused, {found.ready} states ready")
    for fault in found.faults[:20]:
        print(fault)
    print(f"{len(found.faults)} found")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())
