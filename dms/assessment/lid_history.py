"""The lids, head and gaze of the last minutes as two small arrays: what the drowsiness network is trained on and runs on.

One function for both: training feeds simulated courses through the same ``Blinks`` and the same ``LidHistory``. Everything is
counted in seconds, so 15 and 60 pictures a second give the same arrays; what was not seen is masked, never 0.

* ``blinks`` [1, 8, 60]: the last 60 finished closures, oldest first, right-aligned. Rows: mask, ln duration, depth, closing
  speed, reopening speed, ln interval to the one before (all five in the driver's own standard deviations from the own baseline),
  age in 300 s, ln of the duration over 150 ms.
* ``bins`` [1, 12, 30]: 30 whole stretches of 10 s, oldest first. Rows: seen share, share of time in closures over 0.25 s, the
  same over 0.5 s, open level over the baseline's less 1, closures a second, head seen share, pitch less the baseline's, pitch
  spread, lowest pitch below the mean (all in 10 degrees), yaw spread in 20 degrees, gaze seen share, gaze spread in 10 degrees.
* ``known`` [1, 1]: 1 once the personal baseline is frozen, else population values stand in.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dms.assessment.blinks import Closed
from dms.assessment.windows import Tick
from dms.profiles.rules import DrowsinessRules

BLINKS, BLINK_ROWS = 60, 8
BINS, BIN_ROWS, BIN_S = 30, 12, 10.0
Features = dict[str, NDArray[np.float32]]
_MARKS = ((-1.85, 0.35), (0.70, 0.15), (2.7, 0.45), (2.5, 0.45), (1.0, 0.80))
"""Population mean and standard deviation of ln duration (s), depth, ln closing and reopening speed (depth a second), ln interval
(s), of the simulated courses: they stand in until the driver's own are known, and bound how small the own spread may be."""
_SPREAD_MIN = 0.5
"""The driver's own spread counts as no smaller than this share of the population's: eight blinks may be alike by chance."""
_LIMIT = 5.0
_SHORTEST_S = 0.008


class Sample(NamedTuple):
    """One picture: opening and open level in one unit, how long the lids have been down (s), the closure it finished; degrees."""

    opening: float | None = None
    level: float | None = None
    down_s: float = 0.0
    finished: Closed | None = None
    head: tuple[float, float] | None = None
    """Pitch and yaw."""
    gaze: tuple[float, float] | None = None


class _Spread:
    """Mean, spread and lowest value over seen time."""

    def __init__(self) -> None:
        self.s = self._sum = self._squares = 0.0
        self.lowest = math.inf

    def add(self, value: float, dt: float) -> None:
        self.s += dt
        self._sum += value * dt
        self._squares += value * value * dt
        self.lowest = min(self.lowest, value)

    @property
    def mean(self) -> float:
        return self._sum / self.s if self.s > 0.0 else 0.0

    @property
    def std(self) -> float:
        return math.sqrt(max(0.0, self._squares / self.s - self.mean**2)) if self.s > 0.0 else 0.0


class _Bin:
    """One stretch of ``BIN_S``."""

    def __init__(self) -> None:
        self.opening, self.pitch, self.yaw = _Spread(), _Spread(), _Spread()
        self.gaze = (_Spread(), _Spread())
        self.seen_s = self.slow_s = self.long_s = 0.0
        self.closures = 0

    def add(self, sample: Sample, dt: float) -> None:
        """One more sample, which lasted ``dt`` s."""
        if sample.opening is not None:
            self.seen_s += dt
            self.slow_s += dt if sample.down_s > 0.25 else 0.0
            self.long_s += dt if sample.down_s > 0.5 else 0.0
            if sample.down_s == 0.0 and sample.level is not None:
                self.opening.add(sample.level, dt)
        if sample.head is not None:
            self.pitch.add(sample.head[0], dt)
            self.yaw.add(sample.head[1], dt)
        if sample.gaze is not None:
            for spread, value in zip(self.gaze, sample.gaze, strict=True):
                spread.add(value, dt)
        self.closures += sample.finished is not None

    def row(self, level: float | None, pitch: float) -> list[float]:
        """The bin as ``BIN_ROWS`` inputs of the network, over the own open level and usual head pitch."""
        seen = max(self.seen_s, 1e-6)
        if self.seen_s < 0.05 * BIN_S:
            return [0.0] * BIN_ROWS
        raised = 0.0 if level is None or self.opening.s == 0.0 else self.opening.mean / level - 1.0
        gaze = math.hypot(self.gaze[0].std, self.gaze[1].std)
        head = self.pitch.s > 0.05 * BIN_S
        drop = self.pitch.mean - self.pitch.lowest if head else 0.0
        return [
            min(1.0, self.seen_s / BIN_S), self.slow_s / seen, self.long_s / seen, _clip(raised, 1.0), self.closures / seen,
            min(1.0, self.pitch.s / BIN_S), _clip((self.pitch.mean - pitch) / 10.0) if head else 0.0,
            _clip(self.pitch.std / 10.0), _clip(drop / 10.0), _clip(self.yaw.std / 20.0),
            min(1.0, self.gaze[0].s / BIN_S), _clip(gaze / 10.0),
        ]  # fmt: skip


class Baseline:
    """What is usual for this driver: learned from the first seen minutes without slow closures, then frozen (MET-07, MET-14)."""

    def __init__(self, rules: DrowsinessRules) -> None:
        self._rules = rules
        self._bins: list[_Bin] = []
        self._marks: list[list[float]] = []
        self.frozen = False
        self.level: float | None = None
        self.pitch = 0.0
        self.marks: Sequence[tuple[float, float]] = _MARKS

    def add(self, finished: _Bin, marks: list[list[float]]) -> None:
        """A whole stretch and the closures that ended in it."""
        if self.frozen or finished.seen_s < 0.5 * BIN_S or finished.long_s > self._rules.baseline_long_max * finished.seen_s:
            return
        self._bins.append(finished)
        self._marks += marks
        self.level = _weighted([b.opening for b in self._bins])
        self.pitch = _weighted([b.pitch for b in self._bins]) or 0.0
        seen = sum(b.seen_s for b in self._bins)
        if seen >= self._rules.baseline_s and len(self._marks) >= self._rules.baseline_blinks:
            self._freeze()

    def _freeze(self) -> None:
        table = np.asarray(self._marks, dtype=np.float64)
        middle = np.median(table, axis=0)
        spread = 1.4826 * np.median(np.abs(table - middle), axis=0)
        self.marks = [
            (float(m), max(float(s), _SPREAD_MIN * usual)) for m, s, (_, usual) in zip(middle, spread, _MARKS, strict=True)
        ]
        self.frozen = True
        self._bins, self._marks = [], []


class LidHistory:
    """Collects; ``features`` gives the arrays. A change of unit or of driver needs a new one."""

    def __init__(self, rules: DrowsinessRules) -> None:
        self._baseline = Baseline(rules)
        self._closures: deque[tuple[Closed, list[float]]] = deque(maxlen=BLINKS)
        self._fresh: list[list[float]] = []
        self._bins: deque[_Bin] = deque(maxlen=BINS)
        self._bin = _Bin()
        self._bin_end: float | None = None

    def step(self, tick: Tick, sample: Sample) -> None:
        """Add one picture."""
        if self._bin_end is None:
            self._bin_end = tick.t + BIN_S
        while tick.t >= self._bin_end:
            self._baseline.add(self._bin, self._fresh)
            self._bins.append(self._bin)
            self._bin, self._fresh = _Bin(), []
            if tick.t > self._bin_end + BINS * BIN_S:  # so long ago that nothing of it is in the arrays
                self._bins.clear()
                self._bin_end = tick.t
            self._bin_end += BIN_S
        if sample.finished is not None:
            self._add(sample.finished)
        self._bin.add(sample, 0.0 if tick.gap else tick.dt)

    def _add(self, closed: Closed) -> None:
        if self._closures and self._closures[-1][0].start == closed.start:  # the one before went on
            self._closures.pop()
            self._fresh = self._fresh[:-1]
        before = self._closures[-1][0].start if self._closures else None
        marks = marks_of(closed, None if before is None else closed.start - before)
        self._closures.append((closed, marks))
        self._fresh.append(marks)

    @property
    def seen_s(self) -> float:
        """Seconds of seen lids in the last minutes."""
        return sum(b.seen_s for b in self._bins) + self._bin.seen_s

    def closures(self, t: float) -> int:
        """Closures that the arrays hold and that are no older than the bins."""
        return sum(t - closed.end <= BINS * BIN_S for closed, _ in self._closures)

    def features(self, t: float) -> Features:
        """The arrays at time ``t``."""
        base = self._baseline
        blinks = np.zeros((1, BLINK_ROWS, BLINKS), np.float32)
        recent = [(c, m) for c, m in self._closures if t - c.end <= BINS * BIN_S]
        for n, (closed, marks) in enumerate(recent, BLINKS - len(recent)):
            blinks[0, :, n] = blink_row(marks, base.marks, (t - closed.end) / (BINS * BIN_S))
        bins = np.zeros((1, BIN_ROWS, BINS), np.float32)
        for n, one in enumerate(self._bins, BINS - len(self._bins)):
            bins[0, :, n] = one.row(base.level, base.pitch)
        return {"blinks": blinks, "bins": bins, "known": np.asarray([[float(base.frozen)]], np.float32)}


def marks_of(closed: Closed, interval_s: float | None) -> list[float]:
    """ln duration, depth, ln closing and reopening speed, ln interval of one closure."""
    usual = _MARKS[4][0]
    return [
        math.log(max(_SHORTEST_S, closed.end - closed.start)), closed.depth,
        math.log(max(0.05, closed.depth) / max(_SHORTEST_S, closed.closing_s)),
        math.log(max(0.05, closed.depth) / max(_SHORTEST_S, closed.opening_s)),
        usual if interval_s is None else math.log(min(60.0, max(0.1, interval_s))),
    ]  # fmt: skip


def blink_row(marks: Sequence[float], usual: Sequence[tuple[float, float]], age: float) -> list[float]:
    """One column of ``blinks``."""
    own = [_clip((mark - mean) / std) for mark, (mean, std) in zip(marks, usual, strict=True)]
    return [1.0, *own, age, _clip(marks[0] - math.log(0.15))]


def _weighted(spreads: Sequence[_Spread]) -> float | None:
    seen = sum(s.s for s in spreads)
    return sum(s.mean * s.s for s in spreads) / seen if seen > 0.0 else None


def _clip(value: float, limit: float = _LIMIT) -> float:
    return max(-limit, min(limit, value))
