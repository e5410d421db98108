"""Read (0x22) and write (0x2E) data by identifier."""

from dms.diagnostics.fields import encode
from dms.diagnostics.identifiers import BY_NUMBER
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.services import Context

MOST = 8
"""Identifiers in one request."""

LONGEST = 4000
"""Bytes of an answer."""


def read(context: Context, data: bytes) -> bytes:
    """Values of one or more identifiers; those we don't have are left out, unless we have none of them."""
    if len(data) % 2 or not 1 <= len(data) // 2 <= MOST:
        raise Refusal(Nrc.INCORRECT_LENGTH)
    wanted = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
    parts = [number.to_bytes(2, "big") + _value(context, number) for number in wanted if number in BY_NUMBER]
    if not parts:
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    answer = b"".join(parts)
    if len(answer) > LONGEST:
        raise Refusal(Nrc.RESPONSE_TOO_LONG)
    return answer


def _value(context: Context, number: int) -> bytes:
    one = BY_NUMBER[number]
    if one.writable:
        return context.memory.written(number) or encode(one.fields, {})
    if number == 0xF186:
        return bytes([context.talk.session])
    return encode(one.fields, context.unit.read(number))


def write(context: Context, data: bytes) -> bytes:
    """Keep a value; it is on the disk before the answer."""
    number = int.from_bytes(data[:2], "big")
    one = BY_NUMBER.get(number)
    if one is None or not one.writable:
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    value = data[2:]
    if len(value) != one.length:
        raise Refusal(Nrc.INCORRECT_LENGTH)
    if not value.isascii() or not value.decode("ascii").isprintable():
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    before = context.memory.written(number)
    context.memory.write(number, value)
    if not context.unit.save():
        context.memory.write(number, before or encode(one.fields, {}))
        raise Refusal(Nrc.GENERAL_PROGRAMMING_FAILURE)
    return data[:2]
