"""From what is seen of the running system to the result of each test: failed, passed, or not tested (``None``).

Pure: facts in, results out. A fact that is not known is ``None`` and tests nothing. The runtime collects the facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dms.bus.e2e import Check
from dms.bus.samples import LedWord
from dms.records import VehicleState

Result = bool | None


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at the system. Counters count from the start of the program.

    Attributes:
        camera_silent: no picture within the profile's limit.
        camera_restarts: times the camera was opened again.
        picture_judged: was a picture judged lately: only then do ``picture_fault`` and ``frozen`` say anything.
        picture_fault: the newest picture cannot be used, by the profile's camera rules.
        frozen: the newest picture repeats the one before.
        picture_refused: pictures come, but of wrong size, time or order.
        fps: pictures judged a second; ``fps_min`` what the profile asks for.
        lamp: word of the infrared lamp.
        throttle_level: of the computer, 0 none.
        over_current_events: of the supply.
        engine_failures: times a network failed or answered its golden question wrong; ``engine_reloads``: was well again.
        engine_fallback: networks run on another back end than asked for.
        inference_down: the inference stage gives no sign of life or has crashed.
        restarts: of all other stages.
        calibrated: driver file loaded, or self-calibration complete.
        profile_unlisted: neither the manifest nor a key vouches for the profile.
        can_down: the CAN receive stage gives no sign of life or has crashed.
        frames_failed: frames the bus did not take.
        inputs: of the vehicle; ``mapped``: those that the mapping file names.
        verdicts: E2E verdicts on received frames.
    """

    camera_silent: bool | None = None
    camera_restarts: int = 0
    picture_judged: bool = False
    picture_fault: bool = False
    frozen: bool = False
    picture_refused: bool = False
    fps: float | None = None
    fps_min: float = 0.0
    lamp: LedWord = "unknown"
    throttle_level: int | None = None
    over_current_events: int | None = None
    engine_failures: int = 0
    engine_reloads: int = 0
    engine_fallback: bool = False
    inference_down: bool = False
    restarts: int = 0
    calibrated: bool | None = None
    profile_unlisted: bool = False
    can_down: bool = False
    frames_failed: int = 0
    inputs: VehicleState = field(default_factory=lambda: VehicleState(t=0.0))
    mapped: frozenset[str] = frozenset()
    verdicts: Mapping[Check, int] = field(default_factory=dict)


def results(now: Facts, before: Facts) -> dict[str, Result]:
    """Result of each test by the name of its trouble code; ``before``: the look before this one, for what is counted."""
    return {**_camera(now, before), **_system(now, before), **_network(now, before)}


def _camera(now: Facts, before: Facts) -> dict[str, Result]:
    usable = now.picture_judged and not now.camera_silent
    lamp = None if now.lamp == "unknown" else now.lamp != "ok"
    return {
        "camera_no_signal": now.camera_silent,
        "camera_reopened": now.camera_restarts > before.camera_restarts,
        "camera_blocked": now.picture_fault and not now.frozen if usable else None,
        "picture_frozen": now.frozen if usable else None,
        "picture_invalid": True if now.picture_refused else False if usable else None,
        "picture_rate_low": None if now.fps is None or not usable else now.fps < now.fps_min,
        "lamp_faulty": lamp,
    }


def _system(now: Facts, before: Facts) -> dict[str, Result]:
    events = now.over_current_events
    return {
        "computer_throttled": None if now.throttle_level is None else now.throttle_level > 0,
        "supply_over_current": None if events is None else events > (before.over_current_events or events),
        "engine_integrity": _integrity(now, before),
        "engine_fallback": now.engine_fallback,
        "inference_stopped": now.inference_down,
        "stage_restarted": now.restarts > before.restarts,
        "calibration_missing": None if now.calibrated is None else not now.calibrated,
        "profile_unlisted": now.profile_unlisted,
    }


def _integrity(now: Facts, before: Facts) -> Result:
    """Between failures and golden answers nothing is tested. A network that failed and is well again has passed."""
    if now.engine_failures == before.engine_failures and now.engine_reloads == before.engine_reloads:
        return None
    return now.engine_failures > now.engine_reloads


def _network(now: Facts, before: Facts) -> dict[str, Result]:
    def lost(*names: str) -> Result:
        """Is one of them missing; not tested with the ignition off, or where none is mapped."""
        mapped = [name for name in names if name in now.mapped]
        if not mapped or now.inputs.ignition == "off":
            return None
        return any(getattr(now.inputs, name) is None for name in mapped)

    def more(*verdicts: Check) -> Result:
        """Did one of these verdicts fall since the look before; not tested without any verdict."""
        fell = {verdict: count - before.verdicts.get(verdict, 0) for verdict, count in now.verdicts.items()}
        return any(fell.get(verdict, 0) > 0 for verdict in verdicts) if any(fell.values()) else None

    return {
        "can_bus_off": now.can_down or now.frames_failed > before.frames_failed,
        "vehicle_speed_lost": lost("speed_kmh"),
        "seat_belt_lost": lost("seat", "belt"),
        "handover_lost": lost("l3_state", "takeover_request_count"),
        "input_counter_wrong": more(Check.REPEATED, Check.WRONG_SEQUENCE),
        "input_crc_wrong": more(Check.ERROR),
    }
