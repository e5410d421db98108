"""MCAP records as they lie in the file: framing that survives a file cut at any byte.

The public MCAP reader sorts and gives up on a cut file; this one walks the records in the order they were written, so what is
before the cut is delivered.
"""

import importlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from dms.errors import InputError

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, METADATA, DATA_END = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x0F
_HEAD = struct.Struct("<BQ")
_CHUNK = struct.Struct("<QQQI")
_MESSAGE = struct.Struct("<HIQQ")
_LARGEST_CHUNK = 1 << 31


@dataclass(frozen=True, slots=True)
class Raw:
    """One record: its kind and its content."""

    opcode: int
    content: bytes


@dataclass(frozen=True, slots=True)
class RawMessage:
    """Content of a message record."""

    channel: int
    sequence: int
    log_time: int
    publish_time: int
    data: bytes


@dataclass(slots=True)
class Walk:
    """Goes once through a file.

    Args:
        stream: the file, at its start.
        size: its length.
        window: first and last log time wanted, ns; chunks outside are stepped over.
    """

    stream: BinaryIO
    size: int
    window: tuple[int, int] | None = None
    notes: list[str] = field(default_factory=list)
    """What was wrong with the file: damaged chunks, a cut."""

    def records(self) -> Iterator[Raw]:
        """Records of the data section, those in chunks among them, up to its end mark or the cut."""
        self.stream.seek(len(MAGIC))
        while (start := self.stream.tell()) < self.size:
            head = self.stream.read(_HEAD.size)
            if len(head) < _HEAD.size:
                break
            opcode, length = _HEAD.unpack(head)
            if opcode == DATA_END:
                return
            left = self.size - self.stream.tell()
            if opcode == CHUNK:
                yield from self._chunk(start, length, left)
            elif opcode in (SCHEMA, CHANNEL, MESSAGE, METADATA) and length <= left:
                yield Raw(opcode, self.stream.read(length))
            if length > left:
                break
            self.stream.seek(start + _HEAD.size + length)
        self.notes.append(f"the log has no end mark: it was cut at byte {self.size}, or is still being recorded")

    def _chunk(self, start: int, length: int, left: int) -> Iterator[Raw]:
        head = self.stream.read(min(_CHUNK.size + 4, left))
        if len(head) < _CHUNK.size + 4:
            return
        first, last, size, crc = _CHUNK.unpack_from(head)
        if self.window is not None and (last < self.window[0] or first > self.window[1]):
            return
        name_length = int.from_bytes(head[_CHUNK.size :], "little")
        if name_length > 16:
            self.notes.append(f"the chunk at byte {start} is damaged and left out")
            return
        kind = self.stream.read(name_length).decode("ascii", "replace")
        self.stream.read(8)  # length of the rest, which the record's own length gives too
        body = self.stream.read(max(0, min(length, left) - (_CHUNK.size + 4 + name_length + 8)))
        if length > left:
            yield from split(_partly(kind, body))
            return
        data = _whole(kind, body, size)
        if data is None or (crc and zlib.crc32(data) != crc):
            self.notes.append(f"the chunk at byte {start} is damaged and left out")
            return
        yield from split(data)


def split(data: bytes) -> Iterator[Raw]:
    """The complete records in a piece of a file."""
    at = 0
    while at + _HEAD.size <= len(data):
        opcode, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            return
        yield Raw(opcode, data[at : at + length])
        at += length


def message(content: bytes) -> RawMessage:
    """Fields of a message record."""
    channel, sequence, log_time, publish_time = _MESSAGE.unpack_from(content)
    return RawMessage(channel, sequence, log_time, publish_time, content[_MESSAGE.size :])


def _whole(kind: str, body: bytes, size: int) -> bytes | None:
    """A chunk's records; ``None`` if they cannot be unpacked.

    Raises:
        InputError: a compression this installation cannot read.
    """
    if kind == "":
        return body
    if size > _LARGEST_CHUNK:
        return None
    try:
        if kind == "zstd":
            import zstandard

            return zstandard.ZstdDecompressor().decompress(body, max_output_size=size)
        if kind == "lz4":
            return bytes(importlib.import_module("lz4.frame").decompress(body))
    except ImportError:
        raise InputError(f"the drive log is compressed with {kind}, which is not installed") from None
    except Exception:  # each library has its own error for damaged data
        return None
    raise InputError(f"the drive log is compressed with {kind!r}, which is not known here")


def _partly(kind: str, body: bytes) -> bytes:
    """As many bytes as can be had from the start of a cut chunk."""
    if kind == "":
        return body
    if kind != "zstd":
        return b""
    try:
        import zstandard

        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    except Exception:  # damaged, or the library is missing: then the chunk is lost
        return b""


def channel_fields(content: bytes) -> tuple[int, str, str, dict[str, str]]:
    """Number, topic, encoding and metadata of a channel record."""
    from mcap.data_stream import ReadDataStream
    from mcap.records import Channel

    channel = Channel.read(ReadDataStream(io.BytesIO(content)))
    return channel.id, channel.topic, channel.message_encoding, dict(channel.metadata)


def metadata_fields(content: bytes) -> tuple[str, dict[str, str]]:
    """Name and entries of a metadata record."""
    from mcap.data_stream import ReadDataStream
    from mcap.records import Metadata

    record = Metadata.read(ReadDataStream(io.BytesIO(content)))
    return record.name, dict(record.metadata)
