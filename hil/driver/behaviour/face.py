"""The mouth and the rest of the face over time: speech, yawns, chewing, sips, squinting. Weights of ARKit-named face units."""

import math

import numpy as np

from hil.driver.behaviour.motion import Spell, Wobble, bump, ease

Face = dict[str, float]
_PHRASE = Spell(2.2, 0.5, 0.6, 6.0)
_PAUSE = Spell(0.9, 0.6, 0.25, 4.0)


class Speech:
    """Phrases and pauses; ``share`` is the share of the time with voice."""

    def __init__(self, rng: np.random.Generator, share: float = 0.7) -> None:
        self._rng, self._share = rng, share
        self._voice = False
        self._start, self._until = 0.0, 0.6 * float(rng.random())
        self._rate = float(rng.uniform(3.8, 5.0))
        self._loud, self._round = Wobble(rng, 0.35, 0.5, 2.0), Wobble(rng, 0.6, 1.0, 3.0)

    def at(self, t: float) -> tuple[bool, Face]:
        """Is there voice, and the lips; to be called in order of time."""
        if t >= self._until:
            self._voice = not self._voice
            pause = _PAUSE.median_s * max(0.3, 2.2 * (1.0 - self._share) / max(self._share, 0.02))
            spell = _PHRASE if self._voice else Spell(pause, 0.6, 0.2, 60.0)
            self._start, self._until = t, t + spell.draw(self._rng)
        if not self._voice:
            return False, {}
        edge = min(ease((t - self._start) / 0.15), ease((self._until - t) / 0.2))
        syllable = 0.5 - 0.5 * math.cos(2 * math.pi * self._rate * (t - self._start))
        jaw = edge * max(0.0, 0.04 + 0.24 * syllable * (1.0 + self._loud.at(t)))
        rounded = edge * max(0.0, 0.35 * self._round.at(t))
        wide = edge * max(0.0, -0.3 * self._round.at(t))
        face = {"jawOpen": jaw, "mouthFunnel": rounded, "mouthStretchLeft": wide, "mouthStretchRight": wide}
        return True, {unit: min(1.0, weight) for unit, weight in face.items()}


def yawn(u: float, length: float) -> tuple[Face, float]:
    """A yawn ``u`` seconds into its ``length``: the face, and how far the lids narrow (0..1)."""
    x = u / length
    wide = bump(x, 0.42, 0.28)
    narrow = 0.85 * bump(min(1.0, max(0.0, (x - 0.18) / 0.8)), 0.35, 0.35)
    face = {
        "jawOpen": 0.92 * wide, "mouthFunnel": 0.25 * wide, "browDownLeft": 0.35 * wide, "browDownRight": 0.35 * wide,
        "cheekSquintLeft": 0.5 * wide, "cheekSquintRight": 0.5 * wide, "noseSneerLeft": 0.15 * wide,
        "noseSneerRight": 0.15 * wide,
    }  # fmt: skip
    return face, narrow


def chew(u: float) -> Face:
    """Chewing at about 1.4 Hz with closed lips."""
    jaw = 0.5 - 0.5 * math.cos(2 * math.pi * 1.4 * u)
    return {"jawOpen": 0.13 * jaw, "mouthClose": 0.11 * jaw, "jawLeft": 0.08 * math.sin(math.pi * 1.4 * u) ** 2}


def bite(x: float) -> Face:
    """Mouth opened for a bite; ``x`` 0..1."""
    return {"jawOpen": 0.45 * bump(x, 0.4, 0.4)}


def sip(x: float) -> Face:
    """Lips about a cup or a cigarette; ``x`` 0..1."""
    return {"mouthPucker": 0.6 * bump(x, 0.3, 0.3), "jawOpen": 0.06 * bump(x, 0.3, 0.3)}


def squint(size: float) -> Face:
    """Narrowed eyes against light or a rubbing hand; the lids themselves are in ``Pose.lids``."""
    return {"cheekSquintLeft": size, "cheekSquintRight": size, "browDownLeft": 0.6 * size, "browDownRight": 0.6 * size}


def merged(*faces: Face) -> Face:
    """The strongest weight of each unit."""
    found: Face = {}
    for face in faces:
        for unit, weight in face.items():
            found[unit] = max(found.get(unit, 0.0), weight)
    return found
