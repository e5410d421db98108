"""Parts 8 and 9: what the camera delivers, and whether what was sent on the CAN bus is heard there unharmed."""

import json
import subprocess
from typing import Any

import msgspec

from dms.bus.e2e import Check
from dms.bus.messages import Encoder
from dms.bus.port import Bus, open_bus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverReceiver
from dms.bus.samples import EncodingParameters
from dms.camera.live import LiveSource
from dms.camera.open import open_source
from dms.runtime import clock
from dms.runtime.accept.part import Measured, NotRun
from dms.runtime.accept.rig import Rig
from dms.runtime.paced import PacedSource
from dms.runtime.probe import probe

NO_HARDWARE = ("virtual", "udp_multicast")
TAIL_S = 0.2
"""The last frames may take so long to be heard."""


def camera(rig: Rig) -> Measured:
    """Part 8: the configured source, looked at for some seconds.

    Raises:
        NotRun: it is a file.
    """
    config = rig.parts.config
    rules, late_s = rig.parts.profile.rules.camera, EncodingParameters().stale_after_s
    source = open_source(config.source, clock=clock.now, timeout_s=config.camera_timeout_s)
    if not isinstance(source, LiveSource):
        if not rig.dry:
            source.close()
            raise NotRun(f"source: {config.source} is a file, not a camera")
        source = PacedSource(source, clock.now, clock.sleep)
    with source:
        found = probe(source, rig.camera_s, rules.fps_min, late_s)
    values = {
        **msgspec.to_builtins(found),
        "troubles": len(found.trouble),
        "lost_share": round(found.lost / max(1, found.lost + found.pictures), 4),
    }
    return Measured(values)


def can(rig: Rig) -> Measured:
    """Part 9: the publisher on the configured bus, a second port on it with the reference receiver.

    Raises:
        NotRun: the bus is no hardware.
    """
    config = rig.parts.config
    if config.bus.interface in NO_HARDWARE and not rig.dry:
        raise NotRun(f"bus: interface {config.bus.interface} is no CAN hardware")
    sending = open_bus(config.bus_config())
    try:
        hearing = open_bus(config.bus_config())
        try:
            values = _read_back(rig, sending, hearing)
        finally:
            hearing.close()
    finally:
        sending.close()
    rate = _bit_rate(config.bus.channel) if config.bus.interface == "socketcan" else None
    values |= {"interface": config.bus.interface, "channel": config.bus.channel, "bit_rate": rate}
    return Measured(values, {} if rate else {"bit rate": "only a SocketCAN interface tells it"})


def _read_back(rig: Rig, sending: Bus, hearing: Bus) -> dict[str, Any]:
    receiver, layout = TakeoverReceiver(rig.parts.layout), rig.parts.layout
    encoder = Encoder(layout, cabin=rig.parts.cabin)
    publisher = Publisher(sending, encoder, clock.now, clock.sleep, rig.parts.config.publisher())
    end = clock.now() + rig.can_s
    publisher.start()
    try:
        heard = _listen(receiver, hearing, end)
    finally:
        publisher.stop()
    heard += _listen(receiver, hearing, clock.now() + TAIL_S)
    stats = publisher.stats()
    return {
        "sent": sending.counts.sent,
        "send_failures": sending.counts.failed,
        "cycles": stats.cycles,
        "heard": heard,
        "heard_share": round(heard / stats.cycles, 4) if stats.cycles else None,
        "bad_frames": sum(receiver.verdicts[c] for c in (Check.ERROR, Check.REPEATED, Check.WRONG_SEQUENCE)),
        "verdicts": {check.name: count for check, count in receiver.verdicts.items() if count},
        "missed_cycles": stats.missed,
        "period_error_p50_ms": stats.period_error_p50_ms,
        "period_error_p99_ms": stats.period_error_p99_ms,
        "period_error_max_ms": stats.period_error_max_ms,
    }


def _listen(receiver: TakeoverReceiver, hearing: Bus, end: float) -> int:
    heard = 0
    while clock.now() < end:
        frame = hearing.receive(0.02)
        if frame is not None and receiver.feed(frame, clock.now()) is not None:
            heard += 1
    return heard


def _bit_rate(channel: str | None) -> int | None:
    """As ``ip`` tells it, bit/s."""
    command = ["ip", "-details", "-json", "link", "show", channel or "can0"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        return int(json.loads(done.stdout)[0]["linkinfo"]["info_data"]["bittiming"]["bitrate"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, IndexError, TypeError):
        return None
