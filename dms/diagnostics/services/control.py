"""Session (0x10), reset (0x11), security access (0x27), communication (0x28), routines (0x31), tester present (0x3E)."""

from dms.diagnostics.conversation import Session
from dms.diagnostics.fields import encode
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.security import KEY_BYTES
from dms.diagnostics.services import Context, exactly, release

NORMAL_MESSAGES = (0x01, 0x03)
"""Communication types (ISO 14229-1, annex B): normal messages, and normal ones with network management, of which we have none."""


def session(context: Context, sub: int, data: bytes) -> bytes:
    """Begin a session; the answer carries P2 (ms) and P2* (10 ms)."""
    exactly(data, 0)
    wanted = Session(sub)
    if wanted is not Session.DEFAULT and not context.alone:
        raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)
    if wanted is Session.DEFAULT and context.talk.session is not Session.DEFAULT:
        release(context.unit, context.memory)
    context.talk.enter(wanted)
    p2, p2_star = round(context.timing.p2_s * 1e3), round(context.timing.p2_star_s * 100)
    return p2.to_bytes(2, "big") + p2_star.to_bytes(2, "big")


def reset(context: Context, sub: int, data: bytes) -> bytes:
    """End in order and start again, after the answer; only at rest."""
    exactly(data, 0)
    if not context.unit.at_rest():
        raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)
    return b""


def security(context: Context, sub: int, data: bytes) -> bytes:
    """Seed (0x01) or key (0x02)."""
    if sub == 0x01:
        exactly(data, 0)
        return context.talk.security.seed(context.now)
    exactly(data, KEY_BYTES)
    context.talk.security.unlock(data, context.now)
    return b""


def communication(context: Context, sub: int, data: bytes) -> bytes:
    """Send all messages (0x00), or only the readiness message (0x01), which nothing can switch off; the latter only at rest.

    Reception can't be switched off: the vehicle's inputs are evidence.
    """
    exactly(data, 1)
    if data[0] not in NORMAL_MESSAGES:
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    if sub == 0x01 and not context.unit.at_rest():
        raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)
    context.unit.quiet(sub == 0x01)
    return b""


def routine(context: Context, sub: int, data: bytes) -> bytes:
    """Start (0x01), stop (0x02), results (0x03)."""
    exactly(data, 2)
    chosen = context.unit.routines.get(int.from_bytes(data, "big"))
    if chosen is None:
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    if sub == 0x03:
        return data + encode(chosen.fields, chosen.results())
    chosen.start() if sub == 0x01 else chosen.stop()
    return data


def tester_present(context: Context, sub: int, data: bytes) -> bytes:
    """Keeps the session."""
    exactly(data, 0)
    return b""
