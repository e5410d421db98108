"""Values <-> bytes of data identifiers, freeze frames and routine results. One description serves server, tester and documents.

Big-endian. "Not available" is all ones in unsigned numbers, the most negative in signed ones; what is too large is cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = Any
"""What a field carries: a number, a word, a text, hexadecimal digits, or ``None`` for "not available"."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value.

    Attributes:
        name: with the unit, as in records.
        size: in bytes; 0: a text that takes the rest.
        kind: ``number``, ``signed``, ``word`` (index into ``words``), ``text`` (UTF-8, filled with zeros), ``hex``.
        scale: of one step.
        offset: value of raw 0.
        words: of a ``word``.
    """

    name: str
    size: int
    kind: str = "number"
    scale: float = 1.0
    offset: float = 0.0
    words: tuple[str, ...] = ()

    def encode(self, value: Value) -> bytes:
        """Bytes on the wire."""
        if self.kind == "text":
            return _text(value, self.size)
        if self.kind == "hex":
            return bytes.fromhex(value or "")[: self.size].ljust(self.size, b"\0")
        if self.kind == "word":
            return bytes([self.words.index(value) if value in self.words else 0xFF])
        return self._number(value)

    def _number(self, value: Value) -> bytes:
        bits = 8 * self.size
        signed = self.kind == "signed"
        missing, low, high = (
            (-(1 << bits - 1), 1 - (1 << bits - 1), (1 << bits - 1) - 1) if signed else ((1 << bits) - 1, 0, (1 << bits) - 2)
        )
        raw = missing if value is None else max(low, min(high, round((value - self.offset) / self.scale)))
        return raw.to_bytes(self.size, "big", signed=signed)

    def decode(self, data: bytes) -> Value:
        """The value."""
        if self.kind == "text":
            return data.rstrip(b"\0").decode("utf-8", "replace")
        if self.kind == "hex":
            return data.hex()
        if self.kind == "word":
            return self.words[data[0]] if data[0] < len(self.words) else None
        raw = int.from_bytes(data, "big", signed=self.kind == "signed")
        missing = -(1 << 8 * self.size - 1) if self.kind == "signed" else (1 << 8 * self.size) - 1
        if raw == missing:
            return None
        value = raw * self.scale + self.offset
        return int(value) if self.scale == 1.0 else round(value, 6)


def _text(value: str | None, size: int) -> bytes:
    """Cut at a character's border where it is too long; what is no printable ASCII or UTF-8 letter stays as it is."""
    data = (value or "").encode("utf-8")
    return data if size == 0 else data[:size].decode("utf-8", "ignore").encode("utf-8").ljust(size, b"\0")


def encode(fields: Sequence[Field], values: Mapping[str, Value]) -> bytes:
    """All fields in order; one that is left out is not available."""
    return b"".join(field.encode(values.get(field.name)) for field in fields)


def decode(fields: Sequence[Field], data: bytes) -> dict[str, Value]:
    """All fields by name.

    Raises:
        ValueError: too few or too many bytes.
    """
    values, at = {}, 0
    for field in fields:
        end = at + field.size if field.size else len(data)
        if end > len(data):
            raise ValueError(f"{len(data)} bytes are too few for {field.name}")
        values[field.name], at = field.decode(data[at:end]), end
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes too many")
    return values


def length(fields: Sequence[Field]) -> int | None:
    """In bytes; ``None`` where a text takes the rest."""
    return None if any(field.size == 0 for field in fields) else sum(field.size for field in fields)
