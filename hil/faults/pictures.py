"""Faults of the camera, in the pixels themselves: perception has to notice them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dms.errors import UsageError
from dms.records import Frame
from dms.records.frame import Grey
from hil.bench.bench import Bench
from hil.faults.taps import Going, Tap, come_and_go, delay, lose, thin

Out = Callable[[], None]
Pixels = Callable[[Grey], Grey]
BLACK, WHITE = 2, 252
NOISE_SEED = 5


def _pixels(change: Pixels) -> Tap[Frame]:
    return lambda frame, t: [(replace(frame, grey=change(frame.grey), colour=None), 0.0)]


def _off(bench: Bench) -> Out:
    return bench.seams.camera.add(lose)


def _stuck(bench: Bench) -> Out:
    """The same picture with advancing time and counter: the hardest kind of frozen camera."""
    first: list[Grey] = []

    def tap(frame: Frame, t: float) -> Going[Frame]:
        first.append(frame.grey)
        del first[1:]
        return [(replace(frame, grey=first[0], colour=None), 0.0)]

    return bench.seams.camera.add(tap)


def _noise(grey: Grey) -> Grey:
    rng = np.random.default_rng(NOISE_SEED)
    return rng.integers(0, 256, grey.shape, dtype=np.uint8)


def _torn(grey: Grey) -> Grey:
    """Lines lost on the wire: the lower half begins far to the side."""
    half = grey.shape[0] // 2
    return np.concatenate([grey[:half], np.roll(grey[half:], grey.shape[1] // 3, axis=1)])


def _covered(grey: Grey) -> Grey:
    """A hand or tape on the lens: dim and without any detail."""
    return np.full_like(grey, 30)


def _defocused(grey: Grey) -> Grey:
    """Far out of focus: blocks of 32 pixels have one value."""
    size = 32
    rows, columns = grey.shape[0] // size, grey.shape[1] // size
    blocks = grey[: rows * size, : columns * size].reshape(rows, size, columns, size).mean(axis=(1, 3))
    wide = np.kron(blocks, np.ones((size, size)))
    out = np.empty_like(grey)
    out[:] = 128
    out[: wide.shape[0], : wide.shape[1]] = wide.astype(np.uint8)
    return out


GARBAGE: dict[str, Pixels] = {"noise": _noise, "torn": _torn}
WRONG: dict[str, Pixels] = {
    "black": lambda grey: np.full_like(grey, BLACK), "white": lambda grey: np.full_like(grey, WHITE), "covered": _covered,
    "defocused": _defocused, "size": lambda grey: np.ascontiguousarray(grey[::2, ::2]),
    "upside_down": lambda grey: np.ascontiguousarray(grey[::-1, ::-1]),
}  # fmt: skip


def _garbage(bench: Bench, kind: str = "noise") -> Out:
    return bench.seams.camera.add(_pixels(_kind(GARBAGE, kind)))


def _wrong(bench: Bench, kind: str = "black") -> Out:
    return bench.seams.camera.add(_pixels(_kind(WRONG, kind)))


def _kind(kinds: dict[str, Pixels], kind: str) -> Pixels:
    if kind not in kinds:
        raise UsageError(f"there is no kind {kind!r} of picture fault; one of: {', '.join(kinds)}")
    return kinds[kind]


def _slow(bench: Bench, every: int = 10) -> Out:
    return bench.seams.camera.add(thin(every))


def _delayed(bench: Bench, seconds: float = 0.3) -> Out:
    return bench.seams.camera.add(delay(seconds))


def _intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
    return bench.seams.camera.add(come_and_go(away_s, there_s))


EFFECTS = {
    "off": _off, "stuck": _stuck, "garbage": _garbage, "wrong": _wrong, "slow": _slow, "delayed": _delayed,
    "intermittent": _intermittent,
}  # fmt: skip
