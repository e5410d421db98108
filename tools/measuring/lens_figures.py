"""Is the line of sight right in the middle, over many people? Most who are photographed look into the lens, so the most frequent
reading of portraits is the lens, however many look elsewhere. It says nothing of how far single readings are off."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from measuring import answers
from measuring.answers import Record
from measuring.spread import Figure, Values, spread

from dms.records.angles import yaw_pitch_deg

FACING_DEG = 25.0
"""Heads turned further seldom belong to eyes that look into the lens."""
FEWEST = 20
BELL_DEG = 3.0
STEPS = np.arange(-30.0, 30.01, 0.25)


def lens(topic: str, rows: Sequence[Record], records: Mapping[str, Record]) -> Iterator[Figure]:
    """Most frequent yaw and pitch of the line of sight, counted from the line to the lens; no figure of fewer than ``FEWEST``."""
    off = [angles for angles in (off_lens(records.get(row["file"])) for row in rows) if angles is not None]
    if len(off) < FEWEST:
        return
    for axis, name in enumerate(("yaw", "pitch")):
        said = np.array(off)[:, axis]
        yield Figure(
            topic, "portraits", f"most frequent {name} off lens", most_frequent(said), len(said), *spread(said, most_frequent)
        )


def off_lens(record: Record | None) -> tuple[float, float] | None:
    """Yaw and pitch in degrees from the lens of the line of sight of a head that faces it, if it has one."""
    sight, eyes = answers.gaze(record), answers.vector(answers.get(record, "gaze", "origin_camera_mm"))
    forward = answers.vector(answers.get(record, "head", "forward_camera"))
    if sight is None or eyes is None or forward is None:
        return None
    to_lens = -eyes / np.linalg.norm(eyes)
    if forward @ to_lens < np.cos(np.radians(FACING_DEG)):
        return None
    (yaw, pitch), (lens_yaw, lens_pitch) = yaw_pitch_deg(sight), yaw_pitch_deg(to_lens)
    return yaw - lens_yaw, pitch - lens_pitch


def most_frequent(values: Values) -> float:
    """Where the values stand closest together: the top of a sum of bells."""
    heights = np.exp(-0.5 * ((STEPS[:, None] - values[None]) / BELL_DEG) ** 2).sum(axis=1)
    return float(STEPS[int(heights.argmax())])
