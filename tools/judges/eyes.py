"""Figures of eyes: irises, pupils, lids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from judges.drawn import Drawn
from judges.figure import Figure, Pair, line, mean, of, share

from hil.driver.pose import Side
from hil.driver.truth.geometry import Array
from hil.driver.truth.labels import EyeTruth

OPEN_VISIBLE = 0.5
"""Less of an iris in sight is not measured."""


def irises(pairs: Sequence[Pair]) -> list[Figure]:
    """Iris centre error as a share of the distance between the irises, and slopes of the displacement with a still head."""
    sweep = [p for p in of(pairs, "gaze") if p[1].found]
    errors, offsets, moves = [], [], []
    for drawn, reading in sweep:
        span = _iris_span(drawn)
        for side, eye in open_eyes(drawn):
            assert eye.iris is not None
            true, seen = np.array(eye.iris.centre_px), reading.iris[side]
            if span:
                errors.append(float(np.linalg.norm(seen - true)) / span)
                offsets.append(100 * (seen - true) / span)
            moves.append(((drawn.ask.seed, side), true, seen))
    value = float(np.median(errors)) if errors else float("nan")
    p90 = float(np.quantile(errors, 0.9)) if errors else float("nan")
    out = [
        Figure("iris centre error, % of inter-iris distance (median)", 100 * value, len(errors), f"p90 {100 * p90:.1f}", most=1.5)
    ]
    for axis, name in ((0, "horizontal"), (1, "vertical")):
        own = [float(o[axis]) for o in offsets]
        out.append(
            Figure(f"iris offset, {name}, % (mean)", mean(own), len(own), f"sd {np.std(own):.1f}" if own else "", -1.0, 1.0)
        )
        true, seen = _centred(moves, axis)
        slope, r = line(true, seen)
        each = [line(*_centred([m for m in moves if m[0] == key], axis))[0] for key in sorted({m[0] for m in moves})]
        note = f"r {r:.3f}, single eyes {min(each, default=np.nan):.2f}..{max(each, default=np.nan):.2f}"
        out.append(Figure(f"iris displacement slope, {name}", slope, len(moves), note, least=0.9, most=1.15))
    return out


def eyelids(pairs: Sequence[Pair]) -> list[Figure]:
    """Eye aspect ratio against the lid gap in mm over all identities, and for each way of looking."""
    rows = [
        (drawn.ask, eye.lid_gap_mm, reading.ear[side])
        for drawn, reading in of(pairs, "lids")
        if reading.found
        for side, eye in (drawn.truth.eyes or {}).items()
    ]
    out = []
    for name in ("all", "camera", "road"):
        some = [r for r in rows if name in ("all", r[0].label)]
        slope, r = line(np.array([x[1] for x in some]), np.array([x[2] for x in some]))
        own = [
            line(*(np.array([x[i] for x in some if x[0].seed == s]) for i in (1, 2)))[1]
            for s in sorted({x[0].seed for x in some})
        ]
        shut = [x[2] for x in some if x[1] < 0.3]
        wide = [x[2] for x in some if x[0].lids == 1.0]
        within = f"within one {min(own, default=np.nan):.3f}..{max(own, default=np.nan):.3f}"
        note = f"{slope:.3f}/mm, {within}, shut {mean(shut):.2f}, open {mean(wide):.2f}"
        out.append(Figure(f"eye aspect against lid gap, r ({name})", r, len(some), note, least=0.95 if name == "all" else None))
    found = of(pairs, "lids")
    return [*out, Figure("face found in the lid sweep", share(p[1].found for p in found), len(found), least=0.99)]


def pupils(pictures: Sequence[Drawn]) -> list[Figure]:
    """Open eyes with a clear sight of the pupil: drawn where the label says, and unlike the iris round it."""
    missing, contrast, offsets = [], [], []
    for drawn in pictures:
        if drawn.ask.group not in ("gaze", "grid"):
            continue
        for side, eye in open_eyes(drawn):
            if eye.pupil is None or eye.pupil.visible < 0.95:
                continue
            ratio, offset = _pupil(drawn, eye)
            if not np.isfinite(ratio):
                missing.append(f"{drawn.ask.seed}:{side}")
                continue
            contrast.append(ratio)
            offsets.append(offset)
            if ratio > 0.9:
                missing.append(f"{drawn.ask.seed}:{side}")
    n = len(contrast)
    note = f"{len(missing)} of them: {' '.join(sorted(set(missing))[:8])}"
    level = f"p10 {np.quantile(contrast, 0.1):.2f}, p90 {np.quantile(contrast, 0.9):.2f}" if n else ""
    shift = f"{np.mean(offsets, axis=0).round(2).tolist()}" if n else ""
    return [
        Figure("pupils wrong or missing (share)", len(missing) / max(n, 1), n, note, most=0.02),
        Figure("grey of the pupil over grey of the iris (median)", float(np.median(contrast)) if n else float("nan"), n, level),
        Figure(
            "dark spot off the label, px (median)",
            float(np.median(np.linalg.norm(offsets, axis=1))) if n else float("nan"),
            n,
            shift,
        ),
    ]


def _pupil(drawn: Drawn, eye: EyeTruth) -> tuple[float, Array]:
    """Grey of the pupil's middle over the iris round it, and where the dark spot lies off the label."""
    assert eye.pupil is not None
    assert eye.iris is not None
    x, y = eye.pupil.centre_px
    reach = eye.iris.radii_px[0]
    top, left = max(int(y - 2 * reach), 0), max(int(x - 2 * reach), 0)
    grey = drawn.grey[top : int(y + 2 * reach) + 2, left : int(x + 2 * reach) + 2].astype(float)
    rows, columns = np.mgrid[top : top + grey.shape[0], left : left + grey.shape[1]]
    way = np.hypot(columns - x, rows - y)
    inner = way < max(0.6 * eye.pupil.radii_px[1], 0.8)
    ring = (way > 1.25 * eye.pupil.radii_px[0]) & (way < 0.9 * eye.iris.radii_px[1]) & (np.abs(rows - y) < 0.5 * reach)
    if not inner.any() or ring.sum() < 6:
        return float("nan"), np.zeros(2)
    iris = float(np.median(grey[ring]))
    spot = way < 0.75 * reach
    dark = np.clip(iris - grey, 0, None) * spot * (np.abs(rows - y) < 0.5 * reach)
    total = dark.sum()
    offset = np.array([(dark * columns).sum(), (dark * rows).sum()]) / total - (x, y) if total > 0 else np.full(2, reach)
    return float(np.median(grey[inner]) / max(iris, 1.0)), offset


def open_eyes(drawn: Drawn) -> Iterator[tuple[Side, EyeTruth]]:
    for side, eye in (drawn.truth.eyes or {}).items():
        if eye.iris is not None and eye.iris.visible >= OPEN_VISIBLE:
            yield side, eye


def _iris_span(drawn: Drawn) -> float | None:
    eyes = drawn.truth.eyes or {}
    centres = [np.array(e.iris.centre_px) for e in eyes.values() if e.iris is not None]
    return float(np.linalg.norm(centres[0] - centres[1])) if len(centres) == 2 else None


def _centred(moves: Sequence[tuple[tuple[int, str], Array, Array]], axis: int) -> tuple[Array, Array]:
    """True and seen coordinate, each eye of each person about its own mean."""
    true, seen = [], []
    for key in sorted({m[0] for m in moves}):
        own = [(m[1][axis], m[2][axis]) for m in moves if m[0] == key]
        values = np.array(own) - np.mean(own, axis=0)
        true.append(values[:, 0])
        seen.append(values[:, 1])
    return (np.concatenate(true), np.concatenate(seen)) if true else (np.zeros(0), np.zeros(0))
