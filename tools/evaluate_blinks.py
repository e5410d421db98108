"""Blink events on a lid series with human tags, through the assessment itself: precision, recall, F1; a plain rule beside it.
Also the open level that the assessment learns from the series.

    python tools/evaluate_blinks.py SERIES.csv... [--ranges] [--stress]

A series is a CSV file with one line a picture: a column with an opening in any unit (default ``ear``; empty or 0 = eyes not seen)
and a column with the tag (default ``tag``; 0 = open, anything else = half or fully closed). A found blink is right when it
overlaps a run of tagged pictures that no other blink has taken. ``--ranges`` repeats it with each profile value moved,
``--stress`` with fewer pictures a second and with noise. Everything is causal: the records go through in order of time, once.
"""

import argparse
import csv
import json
import statistics
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from msgspec.structs import replace as replace_fields

from dms.assessment import Assessor, load_cabin
from dms.errors import DmsError, InputError
from dms.profiles import Profile, load_profile
from dms.profiles.rules import BlinkRules
from dms.records import Eye, Face, Observation

Span = tuple[float, float]
MM_PER_EAR = 30.0
"""Only makes plausible millimetres of an eye-aspect ratio: the detector looks at ratios."""
SHUT_EAR = 0.12
RANGES: dict[str, tuple[float, ...]] = {
    "enter_share": (0.65, 0.7, 0.8, 0.85),
    "back_share": (0.4, 0.45, 0.55, 0.6),
    "depth_min": (0.25, 0.3, 0.4, 0.45),
    "rise_s": (0.1, 0.2, 0.5, 1.0),
    "fall_s": (0.25, 0.35, 0.7, 1.0),
    "settle_s": (2.0, 10.0),
    "pause_s": (0.0, 0.05, 0.2),
    "min_s": (0.0, 0.03, 0.07, 0.1),
    "max_s": (0.6, 0.8),
}


@dataclass(frozen=True)
class Series:
    """Openings (``None``: not seen) and tagged runs, on one time line in seconds."""

    name: str
    times: tuple[float, ...]
    openings: tuple[float | None, ...]
    runs: tuple[Span, ...]


@dataclass(frozen=True)
class Score:
    """Counts over one or more series."""

    right: int
    wrong: int
    missed: int

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    def figures(self) -> dict[str, float]:
        """Precision, recall and F1 with their counts."""
        found, true = self.right + self.wrong, self.right + self.missed
        return {
            "f1": round(2 * self.right / max(1, found + true), 4), "precision": round(self.right / max(1, found), 4),
            "recall": round(self.right / max(1, true), 4), "right": self.right, "wrong": self.wrong, "missed": self.missed,
        }  # fmt: skip


def read_series(path: Path, column: str, tag: str, fps: float) -> Series:
    """One file.

    Raises:
        InputError: it cannot be read, lacks a column, or an opening is no number.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    lacking = [name for name in (column, tag) if not rows or rows[0].get(name) is None]
    if lacking:
        raise InputError(f"{path}: has no column {' nor '.join(lacking)}; name them with --column and --tag")
    try:
        openings = tuple(float(row[column] or 0.0) or None for row in rows)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: column {column}: {error}") from None
    tagged = [(row[tag] or "0") != "0" for row in rows]
    return Series(path.stem, tuple(n / fps for n in range(len(rows))), openings, runs_of(tagged, fps))


def runs_of(tagged: Sequence[bool], fps: float) -> tuple[Span, ...]:
    """Spans (first and last tagged picture) of runs without a break."""
    runs: list[Span] = []
    for n, now in enumerate(tagged):
        if now and n and tagged[n - 1]:
            runs[-1] = (runs[-1][0], n / fps)
        elif now:
            runs.append((n / fps, n / fps))
    return tuple(runs)


def observation(t: float, ear: float | None, full: bool) -> Observation:
    """The record of one picture; ``full``: with openness and closed beside the millimetres."""
    eye = Eye(visible=0.0)
    if ear is not None and full:
        eye = Eye(visible=1.0, opening_mm=MM_PER_EAR * ear, openness=min(2.0, ear / 0.3), closed=float(ear < SHUT_EAR))
    elif ear is not None:
        eye = Eye(visible=1.0, opening_mm=MM_PER_EAR * ear)
    return Observation(t=t, face=Face(present=True, confidence=1.0), eyes={"left": eye, "right": eye})


def blinks_of(series: Series, profile: Profile, full: bool = False) -> list[Span]:
    """What the state records report, each blink when it ends."""
    assessor, found, total = Assessor(profile, load_cabin("example_lhd")), [], 0
    for t, ear in zip(series.times, series.openings, strict=True):
        state = assessor.step(observation(t, ear, full))
        assert state is not None
        if state.drowsiness.blinks_total > total and state.drowsiness.last_blink is not None:
            total = state.drowsiness.blinks_total
            found.append((state.drowsiness.last_blink.start, state.drowsiness.last_blink.end))
    return found


def open_level(series: Series, profile: Profile) -> dict[str, float | None]:
    """When and where (s, mm) the driver's own open level is frozen, the median of all openings, and the last P80 and P70."""
    assessor, frozen_at, last = Assessor(profile, load_cabin("example_lhd")), None, None
    for t, ear in zip(series.times, series.openings, strict=True):
        state = assessor.step(observation(t, ear, False))
        assert state is not None
        last = state.drowsiness
        frozen_at = t if frozen_at is None and last.baseline == "frozen" else frozen_at
    seen = [MM_PER_EAR * ear for ear in series.openings if ear is not None]
    return {
        "frozen_at_s": frozen_at, "level_mm": last.baseline_mm if last else None, "median_mm": round(statistics.median(seen), 3),
        "p80_60s": last.p80_60s if last else None, "p70_180s": last.p70_180s if last else None,
    }  # fmt: skip


def plain_rule(series: Series, share: float = 0.75, window_s: float = 10.0) -> list[Span]:
    """Below a share of the median of the last seconds, back above it: what a first try looks like."""
    lately: deque[tuple[float, float]] = deque()
    found: list[Span] = []
    start = None
    for t, ear in zip(series.times, series.openings, strict=True):
        if ear is None:
            start = None
            continue
        lately.append((t, ear))
        while lately[0][0] < t - window_s:
            lately.popleft()
        down = ear < share * statistics.median(value for _, value in lately)
        if down and start is None:
            start = t
        elif not down and start is not None:
            found.append((start, t))
            start = None
    return found


def score(found: Iterable[Span], runs: Sequence[Span]) -> Score:
    """One-to-one by overlap, in order of time."""
    taken: set[int] = set()
    wrong = 0
    for start, end in found:
        hit = next((n for n, run in enumerate(runs) if n not in taken and start <= run[1] and end >= run[0]), None)
        if hit is None:
            wrong += 1
        else:
            taken.add(hit)
    return Score(len(taken), wrong, len(runs) - len(taken))


def thinned(series: Series, every: int) -> Series:
    """Every n-th picture only."""
    return replace(series, times=series.times[::every], openings=series.openings[::every])


def noisy(series: Series, share: float) -> Series:
    """With Gaussian noise of this share of each opening, seeded."""
    chance = Random(0)
    openings = tuple(None if ear is None else max(1e-3, ear * (1 + chance.gauss(0, share))) for ear in series.openings)
    return replace(series, openings=openings)


def with_value(profile: Profile, name: str, value: float) -> Profile:
    rules = profile.rules
    return replace_fields(profile, rules=replace_fields(rules, blink=replace_fields(rules.blink, **{name: value})))


def judge(all_series: Sequence[Series], profile: Profile, full: bool = False) -> dict[str, float]:
    return sum((score(blinks_of(s, profile, full), s.runs) for s in all_series), Score(0, 0, 0)).figures()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="SERIES.csv")
    parser.add_argument("--column", default="ear")
    parser.add_argument("--tag", default="tag")
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--profile", default="l3_default")
    parser.add_argument("--ranges", action="store_true", help="also with each value of the profile moved")
    parser.add_argument("--stress", action="store_true", help="also at half the pictures and with noise")
    args = parser.parse_args()
    all_series = [read_series(path, args.column, args.tag, args.fps) for path in args.files]
    profile = load_profile(args.profile)
    result: dict[str, object] = {s.name: judge([s], profile) for s in all_series}
    result["all"] = judge(all_series, profile)
    result["all_with_openness_and_closed"] = judge(all_series, profile, full=True)
    result["open_level"] = {s.name: open_level(s, profile) for s in all_series}
    plain = (score(plain_rule(s), s.runs) for s in all_series)
    result["plain_rule"] = sum(plain, Score(0, 0, 0)).figures()
    if args.stress:
        result["half_the_pictures"] = judge([thinned(s, 2) for s in all_series], profile)
        result["noise_5_percent"] = judge([noisy(s, 0.05) for s in all_series], profile)
        result["noise_10_percent"] = judge([noisy(s, 0.10) for s in all_series], profile)
    if args.ranges:
        assert set(RANGES) <= set(BlinkRules.__struct_fields__)
        result["f1_with"] = {
            name: {str(value): judge(all_series, with_value(profile, name, value))["f1"] for value in values}
            for name, values in RANGES.items()
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    try:
        main()
    except DmsError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
