"""Reading a drive log by topic and time, whole or cut.

Messages come in the order they were written. What could not be read is said in ``notes``; nothing is left out in silence.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from dms.drivelog import records as mcap
from dms.drivelog.codec import Decoder
from dms.drivelog.format import CAMERA, METADATA, CanRecord, Direction, LogHeader, can_topic, to_s
from dms.drivelog.noise import Noise
from dms.errors import InputError
from dms.records import Frame

_FOREVER = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic of the log."""

    topic: str
    encoding: str
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``t``: time of receipt, ``captured``: time of capture; s, monotonic."""

    topic: str
    t: float
    captured: float
    sequence: int
    data: bytes

    def json(self) -> Any:
        """The payload of a JSON topic.

        Raises:
            InputError: damaged.
        """
        try:
            return msgspec.json.decode(self.data)
        except msgspec.MsgspecError as error:
            raise InputError(f"{self.topic} at {self.t:.3f} s: {error}") from None


class LogReader:
    """A drive log. Use as a context manager; iterations share the file, so one at a time.

    Attributes:
        header: facts about the whole log; ``None`` for an MCAP file that is no drive log of ours.
        channels: topics seen so far; all of them when the file is complete.
        complete: the file has its end; else it was cut or is still being recorded.
        notes: what is wrong with the file, one line each; grows while reading.

    Raises:
        InputError: missing, or no MCAP file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.notes: list[str] = []
        self.channels: dict[str, Channel] = {}
        self._topics: dict[int, Channel] = {}
        try:
            self._file = open(self.path, "rb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from None
        self._size = self.path.stat().st_size
        try:
            if self._file.read(len(mcap.MAGIC)) != mcap.MAGIC:
                raise InputError(f"{path}: is not a drive log (no MCAP mark at its start)")
            self.complete = self._read_summary()
            self.header = self._read_header()
        except InputError:
            self._file.close()
            raise

    def _read_summary(self) -> bool:
        """Channels from the summary at the file's end; false when there is none."""
        tail = 9 + 20 + len(mcap.MAGIC)
        if self._size < tail + len(mcap.MAGIC):
            return False
        self._file.seek(self._size - tail)
        footer = self._file.read(tail)
        if footer[0] != mcap.FOOTER or footer[-len(mcap.MAGIC) :] != mcap.MAGIC:
            return False
        start = int.from_bytes(footer[9:17], "little")
        if not 0 < start < self._size - tail:
            return False
        self._file.seek(start)
        for record in mcap.split(self._file.read(self._size - tail - start)):
            if record.opcode == mcap.CHANNEL:
                self._add_channel(record.content)
        return bool(self._topics)

    def _read_header(self) -> LogHeader | None:
        for record in mcap.Walk(self._file, self._size).records():
            if record.opcode == mcap.METADATA:
                name, values = mcap.metadata_fields(record.content)
                if name == METADATA:
                    return self._named(values)
            elif record.opcode == mcap.MESSAGE:
                break
        return None

    def _named(self, values: dict[str, str]) -> LogHeader:
        try:
            return LogHeader.from_metadata(values)
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from None

    def _add_channel(self, content: bytes) -> None:
        number, topic, encoding, metadata = mcap.channel_fields(content)
        self._topics[number] = self.channels[topic] = Channel(topic, encoding, metadata)

    def messages(
        self, topics: Collection[str] | None = None, start: float | None = None, end: float | None = None
    ) -> Iterator[Message]:
        """Messages of these topics (default all) with ``start <= t < end``, in the order written."""
        low = 0 if start is None else max(0, round(start * 1e9))
        high = _FOREVER if end is None else max(0, round(end * 1e9)) - 1
        # A cut file has no list of channels, so no chunk may be stepped over.
        walk = mcap.Walk(self._file, self._size, (low, high) if self.complete else None)
        try:
            for record in walk.records():
                if record.opcode == mcap.CHANNEL:
                    self._add_channel(record.content)
                elif record.opcode == mcap.MESSAGE:
                    message = self._message(mcap.message(record.content), low, high, topics)
                    if message is not None:
                        yield message
        finally:
            self.notes += [note for note in walk.notes if note not in self.notes]

    def _message(self, raw: mcap.RawMessage, low: int, high: int, topics: Collection[str] | None) -> Message | None:
        channel = self._topics.get(raw.channel)
        if channel is None or not low <= raw.log_time <= high or (topics is not None and channel.topic not in topics):
            return None
        return Message(channel.topic, to_s(raw.log_time), to_s(raw.publish_time), raw.sequence, raw.data)

    def can(
        self, bus: str = "can0", direction: Direction = "rx", start: float | None = None, end: float | None = None
    ) -> Iterator[tuple[float, CanRecord]]:
        """(time of receipt, frame) of one bus.

        Raises:
            InputError: a damaged CAN record.
        """
        for message in self.messages((can_topic(bus, direction),), start, end):
            yield message.t, CanRecord.unpack(message.data)

    def frames(self, start: float | None = None, end: float | None = None) -> Iterator[Frame]:
        """Pictures as frames; ``t`` is the capture time, ``counter`` the camera's own. A damaged picture is left out with a note.

        Raises:
            InputError: the log holds no camera channel.
        """
        begin = self._before_keyframe(start)
        decoder: Decoder | None = None
        noise: Noise | None = None
        index = 0
        for message in self.messages((CAMERA,), begin, end):
            if decoder is None:
                metadata = self.channels[CAMERA].metadata
                decoder, noise = Decoder(metadata), Noise.parse(metadata["noise"]) if "noise" in metadata else None
            frame = self._frame(message, decoder, noise, index)
            if frame is not None and (start is None or message.t >= start):
                yield frame
                index += 1
        if CAMERA not in self.channels:
            raise InputError(f"{self.path}: the log holds no pictures ({CAMERA})")

    def _before_keyframe(self, start: float | None) -> float | None:
        """Where to begin reading so that the picture at ``start`` has all it needs; ``None``: at the log's beginning."""
        if start is None or CAMERA not in self.channels:
            return None
        return start - 2.0 * Decoder(self.channels[CAMERA].metadata).keyframe_s

    def _frame(self, message: Message, decoder: Decoder, noise: Noise | None, index: int) -> Frame | None:
        try:
            grey = decoder.decode(message.data)
        except InputError as error:
            self.notes.append(f"picture {message.sequence} at {message.t:.3f} s left out: {error}")
            return None
        if grey is None:
            return None
        if noise is not None:
            grey = noise.add(grey, message.captured, message.sequence)
        return Frame(grey, message.captured, index, message.sequence, None, str(self.path))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "LogReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
