"""Data identifiers (0x22, 0x2E) and the records of freeze frames and extended data: numbers, names and what is in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from dms.diagnostics.fields import Field, length
from dms.diagnostics.store import Snapshot
from dms.records.words import HealthState, Readiness

SESSIONS = ("", "default", "programming", "extended")
_HEALTH: tuple[str, ...] = get_args(HealthState)
_READINESS: tuple[str, ...] = get_args(Readiness)
_TRUST = ("manifest", "signed", "unlisted")


@dataclass(frozen=True, slots=True)
class Identifier:
    """One data identifier; ``writable`` needs the extended session and security access."""

    number: int
    name: str
    fields: tuple[Field, ...]
    writable: bool = False

    @property
    def length(self) -> int | None:
        """In bytes; ``None``: it varies."""
        return length(self.fields)


def _text(name: str, size: int = 0) -> Field:
    return Field(name, size, "text")


ALL: tuple[Identifier, ...] = (
    Identifier(0xF186, "active_session", (Field("session", 1, "word", words=SESSIONS),)),
    Identifier(0xF18C, "serial_number", (_text("computer"),)),
    Identifier(0xF190, "vehicle_identification_number", (_text("vin", 17),), writable=True),
    Identifier(0xF191, "hardware", (_text("board"),)),
    Identifier(0xF195, "software_version", (_text("version"),)),
    Identifier(0xF197, "system_name", (_text("name"),)),
    Identifier(0xF198, "workshop", (_text("workshop", 10),), writable=True),
    Identifier(0xFD00, "engines", (Field("bundle_sha256", 8, "hex"), _text("backend", 20), _text("degraded"))),
    Identifier(0xFD01, "engine_files", (_text("slots"),)),
    Identifier(0xFD02, "profile", (
        Field("hash", 8, "hex"), Field("profile_version", 2), Field("trust", 1, "word", words=_TRUST), _text("name"),
    )),
    Identifier(0xFD03, "calibration", (
        Field("driver_file", 1, "word", words=("none", "loaded")), Field("self_calibration", 1, scale=0.005),
        Field("yaw_deg", 2, "signed", 0.01), Field("pitch_deg", 2, "signed", 0.01), _text("vehicle"),
    )),
    Identifier(0xFD04, "latency", (
        Field("judged_p50_ms", 2, scale=0.1), Field("judged_p99_ms", 2, scale=0.1), Field("judged_max_ms", 2, scale=0.1),
        Field("bus_p50_ms", 2, scale=0.1), Field("bus_p99_ms", 2, scale=0.1), Field("bus_max_ms", 2, scale=0.1),
    )),
    Identifier(0xFD05, "readiness", (
        Field("operating_state", 1, "word", words=_HEALTH), Field("readiness", 1, "word", words=_READINESS), Field("level", 1),
        Field("score", 1, scale=0.005), Field("age_ms", 2), _text("causes"),
    )),
    Identifier(0xFD06, "temperatures", (
        Field("computer_degc", 1, offset=-40.0), Field("throttle_level", 1), Field("power_w", 2, scale=0.01),
        Field("over_current_events", 2), _text("hottest"),
    )),
    Identifier(0xFD07, "health", (
        Field("operating_state", 1, "word", words=_HEALTH), Field("fps", 2, scale=0.1), Field("dropped", 4), Field("refused", 4),
        Field("cycles", 4), Field("missed", 4), Field("golden", 4), Field("restarts", 2), Field("memory_mib", 2),
        _text("complaints"),
    )),
    Identifier(0xFD08, "effect", (
        Field("operating_state", 1, "word", words=("as_judged", "degraded", "blocked", "fault")),
        Field("readiness", 1, "word", words=("as_judged", "never_ready")), _text("reasons"),
    )),
    Identifier(0xFD40, "running_time", (Field("running_s", 4, scale=0.001),)),
    Identifier(0xFD41, "statement", (
        Field("operating_state", 1, "word", words=_HEALTH), Field("readiness", 1, "word", words=_READINESS), Field("level", 1),
    )),
    Identifier(0xFD42, "vehicle_speed", (Field("speed_kmh", 2, scale=0.01),)),
    Identifier(0xFD43, "computer_temperature", (Field("temperature_degc", 1, offset=-40.0),)),
    Identifier(0xFD44, "frame_counter", (Field("frame_counter", 4),)),
    Identifier(0xFD45, "causes", (_text("causes", 80),)),
)  # fmt: skip
"""0xF1xx are the standard's own; the rest are ours. 0xFD40 to 0xFD45 have fixed lengths: they make up a freeze frame."""

BY_NUMBER: Mapping[int, Identifier] = {one.number: one for one in ALL}

FREEZE_FRAME = tuple(one for one in ALL if 0xFD40 <= one.number <= 0xFD45)

EXTENDED_DATA = (
    Field("occurrences", 1),
    Field("aged_cycles", 1),
    Field("trips", 1),
    Field("fault_detection_counter", 1, "signed"),
)
"""Extended data record 0x01."""


def snapshot_values(snapshot: Snapshot) -> dict[str, object]:
    """A freeze frame by field name."""
    return {name: getattr(snapshot, name) for name in Snapshot.__struct_fields__}
