"""What the training hands do: each sign with the variety people give it, and everything that is no sign.

A sign is a shape of the fingers and a way of showing it. Shapes shown the wrong way (fingers down, thumb sideways) or between two
signs, finger combinations that no word names, hands at rest and hands that hold something are ``none``.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from engines.gesture.hand_model import Angles, Bones, points, thumb_points, view

Array = NDArray[np.float64]
TRIES = 32
"""Thumbs drawn to find one whose tip is where it should be."""
Rng = np.random.Generator


def finger(rng: Rng, n: int, shut: Array) -> Array:
    """N x 3 flexion of fingers that are out (0), or in (1), or between."""
    out = np.stack([rng.normal(3, 14, n), np.abs(rng.normal(4, 9, n)), np.abs(rng.normal(2, 6, n))], axis=1)
    into = np.stack([rng.uniform(30, 97, n), rng.uniform(72, 116, n), rng.uniform(10, 75, n)], axis=1)
    return np.asarray(out + (into - out) * shut[:, None])


def shaped(rng: Rng, n: int, pattern: Sequence[float], spread_deg: tuple[float, float]) -> Angles:
    """Fingers in (1) or out (0); ``spread_deg``: mean and spread of the fan between neighbours."""
    flexion = np.stack([finger(rng, n, np.full(n, float(state))) for state in pattern], axis=1)
    fan = np.maximum(rng.normal(*spread_deg, n), -3.0)
    places = np.array([1.0, 0.0, -1.0, -2.0]) + 0.3
    out = 1.0 - np.asarray(pattern, dtype=float)
    spread = fan[:, None] * places * out + rng.normal(0, 2.0, (n, 4))
    return Angles(flexion, spread, np.zeros((n, 5)))


def thumb_out(rng: Rng, n: int) -> Array:
    """Stretched away from the palm."""
    return _uniform(rng, n, (32, 78), (-5, 40), (-12, 22), (-22, 18), (-8, 10))


def thumb_beside(rng: Rng, n: int) -> Array:
    """Along the index finger."""
    return _uniform(rng, n, (8, 42), (-5, 42), (-5, 45), (-8, 45), (-5, 18))


def thumb_in(rng: Rng, n: int) -> Array:
    """Across the palm."""
    return _uniform(rng, n, (5, 40), (28, 68), (15, 62), (5, 75), (0, 25))


def _uniform(rng: Rng, n: int, *ranges: tuple[float, float]) -> Array:
    low, high = np.array(ranges).T
    return np.asarray(rng.uniform(low, high, (n, len(ranges))))


def thumb_on(rng: Rng, bones: Bones, angles: Angles, targets: Sequence[int], off_mm: float = 9.0) -> Array:
    """The thumb whose tip comes nearest to one of these points (drawn for each hand), lying on it rather than in it."""
    n = len(angles)
    p = points(bones, angles)
    goal = p[np.arange(n), rng.choice(np.asarray(targets), n)] + rng.normal(0, 4.0, (n, 3))
    goal[:, 1] += off_mm * np.where(np.asarray(targets)[0] == 8, 0.3, 1.0)
    best, far = np.zeros((n, 5)), np.full(n, np.inf)
    for _ in range(TRIES):
        thumb = _uniform(rng, n, (-5, 60), (10, 78), (0, 65), (-5, 85), (-5, 30))
        distance = np.linalg.norm(thumb_points(bones, thumb)[:, 3] - goal, axis=1)
        nearer = distance < far
        best[nearer], far[nearer] = thumb[nearer], distance[nearer]
    return best


def _with(angles: Angles, thumb: Array) -> Angles:
    return Angles(angles.flexion, angles.spread, thumb)


def _either(rng: Rng, first: Array, second: Array, share: float) -> Array:
    return np.where(rng.random(len(first))[:, None] < share, first, second)


def _tucked(rng: Rng, bones: Bones, shape: Angles, targets: Sequence[int]) -> Angles:
    """Thumb held on bent fingers, or simply across the palm, or lying along it."""
    n = len(shape)
    away = _either(rng, thumb_in(rng, n), _uniform(rng, n, (0, 38), (0, 45), (-5, 45), (-5, 50), (-5, 20)), 0.6)
    return _with(shape, _either(rng, thumb_on(rng, bones, shape, targets), away, 0.55))


def open_palm(rng: Rng, bones: Bones) -> Angles:
    """Five fingers, apart."""
    n = len(bones.roots)
    return _with(shaped(rng, n, (0, 0, 0, 0), (9.0, 3.0)), thumb_out(rng, n))


def stop(rng: Rng, bones: Bones) -> Angles:
    """Fingers together, thumb beside them or a little away."""
    n = len(bones.roots)
    together = shaped(rng, n, (0, 0, 0, 0), (-1.5, 2.0))
    thumb = _either(rng, thumb_beside(rng, n), thumb_out(rng, n), 0.75)
    return _with(together, thumb)


def fist(rng: Rng, bones: Bones) -> Angles:
    """All in, thumb over the fingers, or beside them."""
    n = len(bones.roots)
    shape = shaped(rng, n, (1, 1, 1, 1), (0, 2))
    over = thumb_on(rng, bones, shape, (6, 10, 7, 11))
    return _with(shape, _either(rng, over, _uniform(rng, n, (5, 35), (10, 50), (10, 50), (5, 60), (-5, 15)), 0.75))


def point(rng: Rng, bones: Bones) -> Angles:
    """The index finger alone."""
    shape = shaped(rng, len(bones.roots), (0, 1, 1, 1), (0, 5))
    return _tucked(rng, bones, shape, (10, 11, 14))


def victory(rng: Rng, bones: Bones) -> Angles:
    """Index and middle finger, apart or together."""
    n = len(bones.roots)
    shape = shaped(rng, n, (0, 0, 1, 1), (0, 3))
    fan = np.where(rng.random(n) < 0.6, rng.normal(11, 4, n), rng.normal(-2.0, 2.0, n))
    shape.spread[:, 0] += fan * 0.6
    shape.spread[:, 1] -= fan * 0.4
    return _tucked(rng, bones, shape, (14, 15, 18))


def three(rng: Rng, bones: Bones) -> Angles:
    """Index, middle and ring finger; or thumb, index and middle finger."""
    n = len(bones.roots)
    plain = _tucked(rng, bones, shaped(rng, n, (0, 0, 0, 1), (6, 4)), (18, 19, 20))
    with_thumb = shaped(rng, n, (0, 0, 1, 1), (7, 4))
    return _choose(rng.random(n) < 0.5, plain, _with(with_thumb, thumb_out(rng, n)))


def four(rng: Rng, bones: Bones) -> Angles:
    """All but the thumb."""
    n = len(bones.roots)
    shape = shaped(rng, n, (0, 0, 0, 0), (6, 4))
    return _with(shape, _either(rng, thumb_on(rng, bones, shape, (9, 13, 5, 17), 14.0), thumb_in(rng, n), 0.6))


def thumb_sign(rng: Rng, bones: Bones) -> Angles:
    """The thumb alone; which way it points is the view's matter."""
    n = len(bones.roots)
    shape = shaped(rng, n, (1, 1, 1, 1), (0, 2))
    loose = np.where(rng.random(n) < 0.4, rng.uniform(0.5, 1.0, n), 1.0)
    return Angles(
        shape.flexion * loose[:, None, None], shape.spread, _uniform(rng, n, (40, 95), (-15, 35), (-20, 18), (-28, 15), (-10, 8))
    )


def ok(rng: Rng, bones: Bones) -> Angles:
    """Tips of thumb and index finger together, the others out."""
    n = len(bones.roots)
    shape = shaped(rng, n, (0, 0, 0, 0), (6, 4))
    shape.flexion[:, 0] = np.stack([rng.uniform(25, 70, n), rng.uniform(30, 85, n), rng.uniform(10, 45, n)], axis=1)
    ease = np.array([1.0, 0.7, 0.4])[None, :, None] * rng.uniform(0, 1, (n, 1, 1))
    shape.flexion[:, 1:] += ease * np.array([18.0, 22.0, 8.0])
    return _with(shape, thumb_on(rng, bones, shape, (8,)))


def call(rng: Rng, bones: Bones) -> Angles:
    """Thumb and little finger."""
    n = len(bones.roots)
    shape = shaped(rng, n, (1, 1, 1, 0), (3, 4))
    shape.flexion[:, 3] += np.stack([rng.uniform(0, 25, n), rng.uniform(0, 15, n), rng.uniform(0, 8, n)], axis=1)
    return _with(shape, thumb_out(rng, n))


def rock(rng: Rng, bones: Bones) -> Angles:
    """Index and little finger; some show the thumb as well."""
    n = len(bones.roots)
    shape = shaped(rng, n, (0, 1, 1, 0), (4, 4))
    return _choose(rng.random(n) < 0.75, _tucked(rng, bones, shape, (10, 11, 14, 15)), _with(shape, thumb_out(rng, n)))


def _choose(mask: NDArray[np.bool_], first: Angles, second: Angles) -> Angles:
    return Angles(
        np.where(mask[:, None, None], first.flexion, second.flexion),
        np.where(mask[:, None], first.spread, second.spread),
        np.where(mask[:, None], first.thumb, second.thumb),
    )


Shape = Callable[[Rng, Bones], Angles]
SHAPES: dict[str, Shape] = {
    "open_palm": open_palm, "fist": fist, "point": point, "victory": victory, "three": three, "four": four,
    "thumb_up": thumb_sign, "thumb_down": thumb_sign, "ok": ok, "call": call, "stop": stop, "rock": rock, "mute": point,
}  # fmt: skip


def upright(rng: Rng, n: int) -> Array:
    """Fingers up, palm or back towards the camera."""
    yaw = np.where(rng.random(n) < 0.65, rng.normal(0, 30, n), 180 + rng.normal(0, 30, n))
    return view(yaw, np.clip(rng.normal(0, 24, n), -50, 50), np.clip(rng.normal(0, 24, n), -58, 58))


def at_lips(rng: Rng, n: int) -> Array:
    """As before the lips: seen from the little finger's edge to the back, leaning as the forearm comes from its own side."""
    return view(rng.uniform(70, 170, n), np.clip(rng.normal(0, 18, n), -40, 40), np.clip(rng.normal(14, 17, n), -30, 55))


def seen_fist(rng: Rng, n: int) -> Array:
    """A fist is a fist from every side, and forearms lean."""
    yaw = np.where(rng.random(n) < 0.7, rng.normal(0, 45, n), 180 + rng.normal(0, 45, n))
    return view(yaw, np.clip(rng.normal(0, 30, n), -70, 70), np.clip(rng.normal(0, 35, n), -85, 85))


def ringing(rng: Rng, n: int) -> Array:
    """The hand of a call leans as it would at the ear."""
    yaw = np.where(rng.random(n) < 0.6, rng.normal(0, 35, n), 180 + rng.normal(0, 35, n))
    return view(yaw, np.clip(rng.normal(0, 22, n), -50, 50), rng.uniform(-110, 110, n))


def thumb_view(rng: Rng, n: int, off_deg: Array) -> Array:
    """The thumb points ``off_deg`` away from the picture's up; the fist is seen from any side."""
    # Upright hand turned so that the thumb's side is up, then spun about the vertical, then leaned.
    first = view(np.zeros(n), np.zeros(n), np.full(n, -90.0))
    toward = np.where(rng.random(n) < 0.75, rng.normal(0, 40, n), rng.uniform(-180, 180, n))
    flip = np.where(rng.random(n) < 0.5, 0.0, 180.0)
    lift = UPRIGHT_BACK
    spin = view(toward + flip, np.clip(rng.normal(0, 18, n), -40, 40), off_deg)
    return np.asarray(spin @ lift @ first)


UPRIGHT_BACK = np.linalg.inv(view(np.zeros(1), np.zeros(1), np.zeros(1))[0])


def shown(word: str, rng: Rng, n: int) -> Array:
    """N rotations in which a sign is shown."""
    if word in ("thumb_up", "thumb_down"):
        lean = np.clip(rng.normal(0, 17, n), -40, 40)
        return thumb_view(rng, n, lean + (180.0 if word == "thumb_down" else 0.0))
    return {"mute": at_lips, "fist": seen_fist, "call": ringing}.get(word, upright)(rng, n)


def anyhow(rng: Rng, n: int) -> Array:
    """Any rotation at all."""
    q = rng.normal(size=(n, 4))
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
