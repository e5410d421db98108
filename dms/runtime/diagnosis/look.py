"""Looks at the running loop from outside: facts for the tests, freeze frames, values for testers. Takes no lock of the loop's."""

from collections.abc import Mapping

from dms.assessment.health import picture_fault
from dms.bus.samples import Sample
from dms.camera.live import LiveSource
from dms.diagnostics.monitors import Facts
from dms.diagnostics.store import Snapshot
from dms.records import TakeoverReadiness, VehicleState
from dms.runtime import clock
from dms.runtime.chain import Judged
from dms.runtime.config import Loaded
from dms.runtime.loop import Loop
from dms.runtime.reporting import HealthRecord
from dms.runtime.stages import void

HEALTH_EVERY_S = 0.5
"""The health record is worked out this often; what is in it does not change faster."""

Told = tuple[TakeoverReadiness, Judged | None]


class Look:
    """One loop.

    Args:
        parts: loaded configuration.
        loop: the running loop.
        source: the camera.
        fallback: why the networks run on another back end; empty if they do not.
    """

    def __init__(self, parts: Loaded, loop: Loop, source: LiveSource, fallback: str) -> None:
        self.parts, self.loop, self.source = parts, loop, source
        self._fallback = fallback
        self._start = clock.now()
        self._health: HealthRecord | None = None
        self._health_at = float("-inf")

    @property
    def running_s(self) -> float:
        """Since the start."""
        return clock.now() - self._start

    @property
    def state(self) -> TakeoverReadiness | None:
        """The newest statement, before any effect of a trouble code."""
        return None if self.loop.latest is None else self.loop.latest[0]

    @property
    def judged(self) -> Judged | None:
        """The newest picture's way through the chain; ``None`` while the camera is silent."""
        return None if self.loop.latest is None else self.loop.latest[1]

    def published(self) -> Sample | None:
        """What the bus is told now: the newest statement, with the effect of trouble codes and the watchdog's word."""
        sample, complaints = self.loop.posted, self.loop.watch.complaints(clock.now())
        return sample if sample is None or not complaints else void(sample, "fault", complaints)

    def inputs(self) -> VehicleState:
        """The vehicle's, as known now."""
        return self.loop.inputs.snapshot(clock.now())

    def health(self) -> HealthRecord:
        """The loop's health, at most half a second old."""
        now = clock.now()
        if self._health is None or now - self._health_at >= HEALTH_EVERY_S:
            self._health, self._health_at = self.loop.health(), now
        return self._health

    def at_rest(self) -> bool:
        """Does the vehicle surely stand, with automated driving off."""
        inputs = self.inputs()
        return inputs.speed_kmh == 0.0 and inputs.l3_state in ("inactive", "available")

    def facts(self) -> Facts:
        """For the tests."""
        now, health, judged, judging = clock.now(), self.health(), self.judged, self.loop.judging
        stages = {pulse.name: pulse for pulse in (self.loop.watch.publisher, *self.loop.watch.pulses)}
        camera, inputs, rules = stages["camera"], self.loop.inputs, self.parts.profile.rules.camera
        image = None if judged is None else judged.sight.observation.image
        silent = self.source.failed or camera.silent_s(now) > rules.silence_s
        return Facts(
            camera_silent=silent if silent or self.loop.latest is not None else None,
            camera_restarts=camera.restarts,
            picture_judged=image is not None,
            picture_fault=picture_fault(image, rules) is not None,
            frozen=bool(image and image.frozen),
            picture_refused=camera.trouble is not None and not silent,
            fps=health.fps,
            fps_min=rules.fps_min,
            lamp=health.lamp,
            throttle_level=health.machine.throttle_level,
            over_current_events=health.machine.over_current_events,
            engine_failures=judging.engine_failures,
            engine_reloads=judging.engine_reloads,
            engine_fallback=bool(self._fallback),
            inference_down=stages["inference"].complaint(now) is not None,
            restarts=sum(stage.restarts for stage in stages.values()) - camera.restarts,
            calibrated=self.calibrated(),
            profile_unlisted=self.parts.profile.identity.trust == "unlisted",
            can_down=stages["can"].complaint(now) is not None,
            frames_failed=self.loop.publisher.counts.failed,
            inputs=self.inputs(),
            mapped=inputs.names,
            verdicts=dict(inputs.verdicts),
        )

    def calibrated(self) -> bool | None:
        """Is the gaze calibrated, by a driver file or by itself."""
        if self.parts.driver is not None:
            return True
        own = self.state.attention.calibration if self.state is not None else None
        return None if self.state is None else own is not None and own.progress >= 1.0

    def snapshot(self) -> Snapshot:
        """Freeze frame."""
        state, judged, inputs = self.state, self.judged, self.inputs()
        return Snapshot(
            running_s=round(self.running_s, 3),
            operating_state=None if state is None else state.health.state,
            readiness=None if state is None else state.readiness,
            level=None if state is None else state.level,
            speed_kmh=inputs.speed_kmh,
            temperature_degc=self.health().machine.temperature_degc,
            frame_counter=None if judged is None else judged.frame.counter,
            causes="" if state is None else causes(state),
        )


def causes(state: TakeoverReadiness) -> str:
    """Why, in one line: what is wrong with the chain, then the causes."""
    return "; ".join([*state.health.reasons, *state.because])


def percentile_values(prefix: str, figures: Mapping[str, float] | None) -> dict[str, float]:
    """``p50``, ``p99``, ``max`` as fields of a data identifier."""
    return {f"{prefix}_{name}_ms": value for name, value in (figures or {}).items()}
