"""Recording: pictures, CAN, records and labels into one drive log.

Chunks close about once a second of log time and are forced to the disk: a crash or a power cut costs at most the last one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from dms.drivelog.codec import Codec, Encoder, encoder
from dms.drivelog.format import (
    CAMERA,
    CAMERA_META,
    CAN_ENCODING,
    CAN_SCHEMA,
    CAN_SCHEMA_NAME,
    METADATA,
    OBSERVATION,
    STATE,
    VEHICLE,
    VERSION,
    CanRecord,
    Direction,
    LogHeader,
    can_topic,
    to_ns,
)
from dms.drivelog.noise import Noise
from dms.errors import InputError, UsageError
from dms.records import Frame, Observation, TakeoverReadiness, VehicleState
from dms.records.jsonl import encode

_TOPICS = {Observation: OBSERVATION, VehicleState: VEHICLE, TakeoverReadiness: STATE}
_HUGE = 1 << 40  # chunks close by time, not by size


class LogWriter:
    """A drive log being written. Use as a context manager; one thread at a time.

    Args:
        path: the file, made or overwritten.
        header: facts about the whole log.
        codec: how pictures are coded, with ``codec_options`` as of ``dms.drivelog.codec.encoder``.
        noise: stored as a seed and added by the reader; only for made-up pictures.
        compress: zstd for the chunks (pictures gain nothing, CAN shrinks to a third).
        chunk_s: log time a chunk.
        sync: force each chunk to the disk.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        header: LogHeader,
        codec: Codec = "jpeg",
        codec_options: Mapping[str, Any] | None = None,
        noise: Noise | None = None,
        compress: bool = True,
        chunk_s: float = 1.0,
        sync: bool = True,
    ) -> None:
        from mcap.writer import CompressionType, Writer

        self.path = Path(path)
        self.frames = 0
        self._codec, self._options, self._noise = codec, dict(codec_options or {}), noise
        self._chunk_ns, self._sync = to_ns(chunk_s), sync
        self._chunk_start: int | None = None
        self._channels: dict[str, int] = {}
        self._encoder: Encoder | None = None
        try:
            self._file = open(self.path, "wb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from None
        self._mcap = Writer(self._file, _HUGE, CompressionType.ZSTD if compress else CompressionType.NONE)
        self._mcap.start(profile=VERSION, library="dms")
        self._mcap.add_metadata(METADATA, header.to_metadata())
        self._can_schema = self._mcap.register_schema(CAN_SCHEMA_NAME, "text", CAN_SCHEMA.encode())
        self._json_schema = self._mcap.register_schema("dms.record", "jsonschema", b'{"type": "object"}')

    def frame(self, frame: Frame, received: float | None = None, **meta: float | int | None) -> None:
        """A picture and its ``/camera/meta``; ``received`` is the time of receipt, by default the capture time."""
        if self._encoder is None:
            self._encoder = encoder(self._codec, frame.width, frame.height, **self._options)
            extra = {} if self._noise is None else {"noise": msgspec.json.encode(self._noise).decode()}
            self._register(CAMERA, f"dms.{self._codec}", 0, {**self._encoder.metadata(), **extra})
        wanted = (self._encoder.width, self._encoder.height)
        if (frame.width, frame.height) != wanted:
            raise UsageError(f"a picture of {frame.width}x{frame.height} in a log of {wanted[0]}x{wanted[1]}")
        at = frame.t if received is None else received
        self._add(CAMERA, self._encoder.encode(frame.grey), at, frame.t, frame.counter)
        self.json(CAMERA_META, {"frame": frame.index, "counter": frame.counter, **meta}, at, frame.t)
        self.frames += 1

    def can(
        self, record: CanRecord, t: float, bus: str = "can0", direction: Direction = "rx", captured: float | None = None
    ) -> None:
        """A CAN frame; ``captured`` is the kernel's or controller's own time where there is one."""
        topic = can_topic(bus, direction)
        if topic not in self._channels:
            self._register(topic, CAN_ENCODING, self._can_schema, {"bus": bus, "direction": direction})
        self._add(topic, record.pack(), t, captured)

    def record(self, record: Observation | VehicleState | TakeoverReadiness, t: float | None = None) -> None:
        """An observation, vehicle or state record; ``t`` is when it was made, by default its own time."""
        self._json_bytes(_TOPICS[type(record)], encode(record), record.t if t is None else t, record.t)

    def json(self, topic: str, value: Mapping[str, Any], t: float, captured: float | None = None) -> None:
        """Any JSON object, e.g. labels on ``/truth``; ``captured`` is the time it speaks of."""
        self._json_bytes(topic, msgspec.json.encode(value), t, captured)

    def _json_bytes(self, topic: str, payload: bytes, t: float, captured: float | None) -> None:
        if topic not in self._channels:
            self._register(topic, "json", self._json_schema, {})
        self._add(topic, payload, t, captured)

    def _register(self, topic: str, encoding: str, schema: int, metadata: dict[str, str]) -> None:
        self._channels[topic] = self._mcap.register_channel(topic, encoding, schema, metadata)

    def _add(self, topic: str, payload: bytes, t: float, captured: float | None = None, sequence: int = 0) -> None:
        log_time = to_ns(t)
        if self._chunk_start is None:
            self._chunk_start = log_time
        elif log_time - self._chunk_start >= self._chunk_ns:
            self._mcap.flush()
            self._to_disk()
            self._chunk_start = log_time
        publish_time = log_time if captured is None else to_ns(captured)
        self._mcap.add_message(self._channels[topic], log_time, payload, publish_time, sequence & 0xFFFFFFFF)

    def _to_disk(self) -> None:
        self._file.flush()
        if self._sync:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Write the index and force all to the disk. More calls do nothing."""
        if self._file.closed:
            return
        try:
            self._mcap.finish()
            self._to_disk()
        finally:
            self._file.close()

    def __enter__(self) -> "LogWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
