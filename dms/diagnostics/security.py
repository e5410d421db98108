"""Security access (0x27): a random seed, answered with a key that only the holder of the secret can make.

Key = first 16 bytes of HMAC-SHA-256(secret, "dms 27 01" + seed). Three wrong keys lock the service for ten seconds, and so does a
start after wrong keys, so that a reset gives no new tries. Without a secret nothing can be unlocked.
"""

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

from dms.diagnostics.memory import Memory
from dms.diagnostics.nrc import Nrc, Refusal
from dms.errors import InputError

SEED_BYTES = KEY_BYTES = 16
SHORTEST_SECRET = 16
ATTEMPTS = 3
DELAY_S = 10.0


def key_of(secret: bytes, seed: bytes) -> bytes:
    """The key to a seed."""
    return hmac.new(secret, b"dms 27 01" + seed, hashlib.sha256).digest()[:KEY_BYTES]


def read_secret(path: Path) -> bytes:
    """A secret from a file: hexadecimal digits, at least 16 bytes.

    Raises:
        InputError: missing, too short, or something else.
    """
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise InputError(f"security key {path}: {error.strerror}") from None
    except ValueError:
        raise InputError(f"security key {path} is not a line of hexadecimal digits; make one: openssl rand -hex 32") from None
    if len(secret) < SHORTEST_SECRET:
        raise InputError(f"security key {path} has {len(secret)} bytes, at least {SHORTEST_SECRET} are needed")
    return secret


class Security:
    """Of one server.

    Args:
        secret: ``None``: nothing can be unlocked.
        memory: keeps the number of wrong keys.
        random: so many random bytes; the system's in earnest.
        now: time of the start.
    """

    def __init__(self, secret: bytes | None, memory: Memory, random: Callable[[int], bytes], now: float) -> None:
        self.unlocked = False
        self._secret, self._memory, self._random = secret, memory, random
        self._seed: bytes | None = None
        self._locked_until = now + DELAY_S if memory.failed_attempts else float("-inf")

    def lock(self) -> None:
        """At the end of a session."""
        self.unlocked, self._seed = False, None

    def seed(self, now: float) -> bytes:
        """A seed; all zeros when unlocked already.

        Raises:
            Refusal: no secret, or locked out for a while.
        """
        if self._secret is None:
            raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)
        if self.unlocked:
            return bytes(SEED_BYTES)
        if now < self._locked_until:
            raise Refusal(Nrc.TIME_DELAY_NOT_EXPIRED)
        self._seed = self._random(SEED_BYTES)
        return self._seed

    def unlock(self, key: bytes, now: float) -> None:
        """Take a key; each seed serves once.

        Raises:
            Refusal: wrong key, no seed was asked for, too many attempts.
        """
        seed, self._seed = self._seed, None
        if seed is None or self._secret is None:
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        if hmac.compare_digest(key, key_of(self._secret, seed)):
            self.unlocked, self._memory.failed_attempts = True, 0
            return
        self._memory.failed_attempts += 1
        if self._memory.failed_attempts >= ATTEMPTS:
            self._locked_until = now + DELAY_S
            raise Refusal(Nrc.EXCEEDED_ATTEMPTS)
        raise Refusal(Nrc.INVALID_KEY)
