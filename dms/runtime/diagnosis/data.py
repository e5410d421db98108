"""Values of the data identifiers: one function each, fields as in ``dms.diagnostics.identifiers``."""

from collections.abc import Callable, Mapping

from dms import __version__
from dms.diagnostics.fields import Value
from dms.diagnostics.identifiers import snapshot_values
from dms.diagnostics.memory import Memory
from dms.inference.engine_set import EngineSet
from dms.runtime import clock
from dms.runtime.diagnosis.look import Look, causes, percentile_values
from dms.runtime.machine import Machine

Values = Mapping[str, Value]
UNKNOWN: Values = {}


class Data:
    """Reads everything there is to read.

    Args:
        look: at the running loop.
        memory: for the effect in force.
        engines: as they were opened.
        machine: the computer.
    """

    def __init__(self, look: Look, memory: Memory, engines: EngineSet, machine: Machine) -> None:
        self._look, self._memory, self._engines = look, memory, engines
        self._readers: Mapping[int, Callable[[], Values]] = {
            0xF18C: lambda: {"computer": machine.serial or ""},
            0xF191: lambda: {"board": machine.model or ""},
            0xF195: lambda: {"version": __version__},
            0xF197: lambda: {"name": "dms driver monitoring"},
            0xFD00: self._bundle,
            0xFD01: self._files,
            0xFD02: self._profile,
            0xFD03: self._calibration,
            0xFD04: self._latency,
            0xFD05: self._readiness,
            0xFD06: self._temperatures,
            0xFD07: self._health,
            0xFD08: self._effect,
        }

    def read(self, number: int) -> Values:
        """Values by field; the parts of a freeze frame as they would be now."""
        reader = self._readers.get(number)
        return snapshot_values(self._look.snapshot()) if reader is None else reader()

    def _bundle(self) -> Values:
        engines = self._engines
        return {"bundle_sha256": engines.bundle_hash[:16], "backend": engines.backend.name, "degraded": engines.degraded}

    def _files(self) -> Values:
        specs = ((slot, engine.spec) for slot, engine in self._engines.items())
        return {"slots": "; ".join(f"{slot} {spec.name} {spec.precision} {(spec.sha256 or '?')[:16]}" for slot, spec in specs)}

    def _profile(self) -> Values:
        profile = self._look.parts.profile.identity
        return {"hash": profile.hash[:16], "profile_version": profile.version, "trust": profile.trust, "name": profile.name}

    def _calibration(self) -> Values:
        state, parts = self._look.state, self._look.parts
        own = state.attention.calibration if state is not None else None
        return {
            "driver_file": "none" if parts.driver is None else "loaded",
            "self_calibration": None if own is None else own.progress,
            "yaw_deg": None if own is None else own.yaw_deg,
            "pitch_deg": None if own is None else own.pitch_deg,
            "vehicle": parts.config.vehicle,
        }

    def _latency(self) -> Values:
        health = self._look.health()
        return {**percentile_values("judged", health.latency_ms), **percentile_values("bus", health.bus_ms)}

    def _readiness(self) -> Values:
        """As published: with the effect of failing tests."""
        sample = self._look.published()
        if sample is None:
            return UNKNOWN
        state = sample.state
        return {
            "operating_state": state.health.state,
            "readiness": state.readiness,
            "level": state.level,
            "score": state.readiness_score,
            "age_ms": (clock.now() - sample.captured) * 1e3,
            "causes": causes(state),
        }

    def _temperatures(self) -> Values:
        machine = self._look.health().machine
        return {
            "computer_degc": machine.temperature_degc,
            "throttle_level": machine.throttle_level,
            "power_w": machine.power_w,
            "over_current_events": machine.over_current_events,
            "hottest": machine.hottest,
        }

    def _health(self) -> Values:
        health = self._look.health()
        stages = health.stages
        return {
            "operating_state": health.state, "fps": health.fps, "dropped": health.dropped, "refused": health.refused,
            "cycles": health.cycles, "missed": health.missed, "golden": health.golden, "memory_mib": health.rss_mib,
            "restarts": sum(stage.restarts for stage in stages.values()),
            "complaints": "; ".join(f"{name}: {stage.complaint}" for name, stage in stages.items() if stage.complaint),
        }  # fmt: skip

    def _effect(self) -> Values:
        effect = self._memory.effect
        return {
            "operating_state": effect.operating_state, "readiness": effect.readiness, "reasons": "; ".join(effect.reasons)
        }  # fmt: skip
