"""Figures of faces: found, turned, their zero pose, mouth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from judges.drawn import Ask, Drawn
from judges.figure import Figure, Pair, line, of, share

WITHIN = (40.0, 20.0)
"""Head yaw and pitch within which every face must be found."""


def detection(pairs: Sequence[Pair]) -> list[Figure]:
    """Faces found in the head grid: within the limits, by yaw, by pitch."""
    grid = of(pairs, "grid")
    core = [p for p in grid if abs(_head(p[0].ask)[0]) <= WITHIN[0] and abs(_head(p[0].ask)[1]) <= WITHIN[1]]
    missed = sorted({f"{p[0].ask.seed}:{_head(p[0].ask)[0]:+.0f}/{_head(p[0].ask)[1]:+.0f}" for p in core if not p[1].found})
    out = [Figure("face found, yaw 40 / pitch 20", share(p[1].found for p in core), len(core), " ".join(missed[:12]), least=0.99)]
    for axis, name in ((0, "yaw"), (1, "pitch")):
        levels = sorted({_head(p[0].ask)[axis] for p in grid})
        rows = [(level, [p[1].found for p in grid if _head(p[0].ask)[axis] == level]) for level in levels]
        note = " ".join(f"{level:+.0f}:{100 * np.mean(found):.0f}" for level, found in rows)
        out.append(Figure(f"face found by {name}, %", 100 * share(p[1].found for p in grid), len(grid), note))
    return out


def head_angles(pairs: Sequence[Pair]) -> list[Figure]:
    """Our rigid fit against the label: slope and correlation within the limits, offset of the frontal head."""
    core = [
        p
        for p in of(pairs, "grid")
        if p[1].head and abs(_head(p[0].ask)[0]) <= WITHIN[0] and abs(_head(p[0].ask)[1]) <= WITHIN[1]
    ]
    out = []
    for axis, name in ((0, "yaw"), (1, "pitch")):
        true = np.array([_truth_head(p[0])[axis] for p in core])
        read = np.array([p[1].head[axis] for p in core if p[1].head])
        slope, r = line(true, read)
        out.append(Figure(f"head {name} slope", slope, len(core), f"r {r:.3f}", least=0.85, most=1.15))
    return out


def zero_pose(pairs: Sequence[Pair]) -> list[Figure]:
    """What our rigid fit says beyond the label for faces towards the camera, mean over identities."""
    near, out = of(pairs, "zero"), []
    for axis, name in ((0, "yaw"), (1, "pitch")):
        by_seed: dict[int, list[float]] = {}
        for drawn, reading in near:
            if reading.head:
                by_seed.setdefault(drawn.ask.seed, []).append(reading.head[axis] - _truth_head(drawn)[axis])
        bias = [float(np.mean(v)) for v in by_seed.values()]
        note = f"sd {np.std(bias):.1f}; " + " ".join(f"{s}:{np.mean(v):+.1f}" for s, v in sorted(by_seed.items()))
        value = float(np.mean(bias)) if bias else float("nan")
        out.append(Figure(f"head {name} zero, deg (over identities)", value, len(bias), note, least=-1.5, most=1.5))
    return out


def disturbances(pairs: Sequence[Pair]) -> list[Figure]:
    """Faces found under sun, noise, blur, glasses, hats, masks and hair."""
    some = of(pairs, "disturbed")
    missed = sorted({f"{p[0].ask.label} ({p[0].ask.seed})" for p in some if not p[1].found})
    return [Figure("face found, disturbed", share(p[1].found for p in some), len(some), "; ".join(missed[:14]), least=0.9)]


def mouths(pairs: Sequence[Pair]) -> list[Figure]:
    """Inner lip gap against the mouth's opening in mm."""
    rows = [
        (d.truth.mouth.opening_mm, r.lips_px) for d, r in of(pairs, "jaw") if r.found and d.truth.mouth and r.lips_px is not None
    ]
    gap, seen = (np.array([row[i] for row in rows]) for i in (0, 1))
    slope, r = line(gap, seen)
    span = f"{slope:.2f} px/mm, {gap.min():.0f}..{gap.max():.0f} mm, {seen.min():.0f}..{seen.max():.0f} px" if len(rows) else ""
    return [Figure("inner lip gap against mouth opening, r", r, len(rows), span, least=0.95)]


def _head(ask: Ask) -> tuple[float, float, float]:
    return ask.head or (0.0, 0.0, 0.0)


def _truth_head(drawn: Drawn) -> tuple[float, float]:
    head = drawn.truth.head
    assert head is not None
    return head.yaw_deg, head.pitch_deg
