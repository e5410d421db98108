"""Samples, health and gestures -> protected CAN frames. One encoder per sender: it owns the E2E counters."""

from dataclasses import replace

import msgspec
import numpy as np

from dms.bus.codes import Codes, driver_state, percent, takeover_ready
from dms.bus.layout import Layout, Message
from dms.bus.port import CanFrame
from dms.bus.samples import BusHealth, EncodingParameters, GestureEvent, Sample
from dms.errors import UsageError
from dms.records import Eye, Health, Observation
from dms.records.cabin import Cabin

_BACKENDS = {"tensorrt": "TensorRT", "onnxruntime-cuda": "OrtCuda", "onnxruntime": "OrtCpu"}
_CAMERA = {
    "unknown": "Unknown",
    "ok": "Ok",
    "blocked": "Blocked",
    "faulty": "Faulty",
    "degraded": "Degraded",
    "no_signal": "NoSignal",
}
_CALIBRATION = {"unknown": "Unknown", "not_calibrated": "NotCalibrated", "running": "Running", "calibrated": "Calibrated"}
_CRITERION = {"gaze_road": "GazeRoad", "gaze_mirror": "GazeMirror", "head_movement": "HeadMovement"}


class Protector:
    """Codes -> frame for the messages of one sender; the counter of each message is stepped with each frame built."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.counters: dict[str, int] = {}

    def frame(self, name: str, codes: dict[str, int]) -> CanFrame:
        """Build the next frame of a message.

        Raises:
            UsageError: no such message, or it has no protection.
        """
        message = self.layout[name]
        if message.protection is None:
            raise UsageError(f"{name} has no E2EProfile in the DBC; give it one")
        counter = self.counters.get(name, 0)
        self.counters[name] = (counter + 1) % message.protection.counter_period
        data = message.pack(codes, counter)
        return CanFrame(message.can_id, data, message.extended, message.fd, message.fd)

    def plain(self, name: str, codes: dict[str, int]) -> CanFrame:
        """A frame of a message that carries no protection.

        Raises:
            UsageError: no such message.
        """
        message = self.layout[name]
        data = message.codec.encode(codes, scaling=False, strict=False)
        return CanFrame(message.can_id, data, message.extended, message.fd, message.fd)


class Encoder:
    """Builds the frames the driver monitoring sends.

    Args:
        layout: the message set.
        parameters: limits of the encoding.
        cabin: vehicle file, for the head position in vehicle axes; SNA without.
    """

    def __init__(self, layout: Layout, parameters: EncodingParameters | None = None, cabin: Cabin | None = None) -> None:
        self.layout = layout
        self.parameters = parameters or EncodingParameters()
        self._cabin = cabin
        self._protector = Protector(layout)

    @property
    def counters(self) -> dict[str, int]:
        """The next E2E counter of each message; a sender that takes over from another goes on with them."""
        return self._protector.counters

    def has(self, name: str) -> bool:
        """Does the message set have this message; the one for classic CAN lacks what is longer than 8 bytes."""
        return name in self.layout.by_name

    def takeover_ready(self, sample: Sample | None, now: float, ack: int | None = None) -> CanFrame:
        """DMS_TakeoverReady; ``now`` is when the frame is built, s, ``ack`` the counter of the last takeover request."""
        message = self.layout["DMS_TakeoverReady"]
        return self._protector.frame(message.name, takeover_ready(message, sample, now, ack, self.parameters))

    def driver_state(self, sample: Sample | None, now: float) -> CanFrame:
        """DMS_DriverState."""
        message = self.layout["DMS_DriverState"]
        return self._protector.frame(message.name, driver_state(message, sample, now, self.parameters))

    def gaze_head(self, sample: Sample | None, now: float) -> CanFrame:
        """DMS_GazeHead; all SNA without a fresh observation."""
        message = self.layout["DMS_GazeHead"]
        return self._protector.frame(message.name, gaze_head(message, sample, now, self.parameters, self._cabin))

    def health(self, health: BusHealth) -> CanFrame:
        """DMS_Health."""
        message = self.layout["DMS_Health"]
        return self._protector.frame(message.name, health_codes(message, health))

    def check(self, sample: Sample) -> None:
        """Raise now what building frames from this sample would raise later; steps no counter.

        Raises:
            KeyError: a word outside the vocabulary.
        """
        healthy = msgspec.structs.replace(sample.state, health=Health(state="ready"))
        for one in (sample, replace(sample, state=healthy)):
            takeover_ready(self.layout["DMS_TakeoverReady"], one, one.captured, None, self.parameters)
        if self.has("DMS_DriverState"):
            driver_state(self.layout["DMS_DriverState"], sample, sample.captured, self.parameters)
        if self.has("DMS_GazeHead"):
            gaze_head(self.layout["DMS_GazeHead"], sample, sample.captured, self.parameters, self._cabin)

    def check_health(self, health: BusHealth) -> None:
        """As ``check``, for health."""
        health_codes(self.layout["DMS_Health"], health)

    def gesture(self, event: GestureEvent, count: int) -> CanFrame:
        """DMS_Gesture; ``count`` numbers the events, repeats carry the same."""
        message = self.layout["DMS_Gesture"]
        return self._protector.frame(message.name, gesture(message, event, count))


def gaze_head(message: Message, sample: Sample | None, now: float, p: EncodingParameters, cabin: Cabin | None) -> Codes:
    """Codes of DMS_GazeHead."""
    codes = Codes(message)
    if sample is None:
        return codes
    codes.wrapped("Smpl_FrameCnt", sample.frame_counter)
    codes.wrapped("Smpl_Time", int(sample.captured * 1e6))
    observation = sample.observation
    if observation is None or not 0.0 <= now - sample.captured <= p.stale_after_s:
        return codes
    codes.word("Attn_Crit", _CRITERION.get(sample.state.attention.criterion or "", "NotDetermined"))
    _head(codes, observation, cabin)
    if observation.gaze is not None:
        codes.number("Gaze_Yaw", observation.gaze.yaw_deg)
        codes.number("Gaze_Pitch", observation.gaze.pitch_deg)
        codes.number("Gaze_Std", observation.gaze.std_deg)
        codes.number("Gaze_Conf", percent(_better(observation.eyes)))
    return codes


def _head(codes: Codes, observation: Observation, cabin: Cabin | None) -> None:
    head = observation.head
    if head is None:
        return
    codes.number("Head_Yaw", head.yaw_deg)
    codes.number("Head_Pitch", head.pitch_deg)
    codes.number("Head_Roll", head.roll_deg)
    codes.number("Head_Std", head.std_deg)
    codes.number("Head_Conf", percent(observation.face.confidence) if observation.face else None)
    if cabin is not None and head.position_camera_mm is not None:
        turned = cabin.camera.rotation() @ np.asarray(head.position_camera_mm)
        position = turned + np.asarray(cabin.camera.position_mm) - np.asarray(cabin.ocular_point_mm)
        for name, value in zip(("Head_X", "Head_Y", "Head_Z"), position, strict=True):
            codes.number(name, float(value))


def _better(eyes: dict[str, Eye] | None) -> float | None:
    return max((eye.visible for eye in (eyes or {}).values() if eye.visible is not None), default=None)


def health_codes(message: Message, health: BusHealth) -> Codes:
    """Codes of DMS_Health."""
    codes = Codes(message)
    codes.word("Cam_St", _CAMERA[health.camera] if health.camera else None)
    codes.word("IrLed_St", health.ir_led.capitalize() if health.ir_led else None)
    codes.word("Bus_St", None if health.bus_ok is None else "Ok" if health.bus_ok else "Impaired")
    codes.word("Calib_St", _CALIBRATION[health.calibration] if health.calibration else None)
    codes.word("Backend_St", _BACKENDS.get(health.backend, "Other") if health.backend else None)
    codes.flag("Rec_St", health.recording)
    codes.number("Pipe_Fps", health.fps)
    codes.number("Pipe_LatP50", health.latency_p50_ms)
    codes.number("Pipe_LatP99", health.latency_p99_ms)
    codes.number("Soc_Temp", health.temperature_degc)
    codes.number("Throttle_Lvl", health.throttle_level)
    codes.number("Dtc_Cnt", None if health.trouble_codes is None else min(health.trouble_codes, 13))
    codes.wrapped("FrmDrop_Cnt", health.dropped_frames)
    codes.wrapped("Model_Hash", _hex("model_hash", health.model_hash, 8))
    codes.wrapped("Profile_Hash", _hex("profile_hash", health.profile_hash, 4))
    codes.number("Sw_Ver", _version(health.software_version))
    return codes


def _hex(name: str, text: str | None, digits: int) -> int | None:
    """The first digits of a hexadecimal hash."""
    try:
        return None if text is None else int(text[:digits].ljust(digits, "?"), 16)
    except ValueError:
        raise UsageError(f"{name} {text!r} is no hexadecimal number of at least {digits} digits") from None


def _version(text: str | None) -> int | None:
    """``1.2.3`` (anything behind the third number is left out) -> 0x010203."""
    if text is None:
        return None
    try:
        major, minor, patch = (int(part) for part in text.split("+")[0].split(".")[:3])
        return int.from_bytes(bytes((major, minor, patch)), "big")
    except ValueError:
        raise UsageError(f"software version {text!r} is not major.minor.patch with numbers up to 255") from None


def gesture(message: Message, event: GestureEvent, count: int) -> Codes:
    """Codes of DMS_Gesture; a word the table lacks is sent as NotDetermined."""
    codes = Codes(message)
    function = event.function or "none" if event.reason is None else f"inh_{event.reason}"
    for name, word in (("Gest_Id", event.name), ("Gest_Fn", function), ("Gest_Phase", event.phase)):
        label = "NotDetermined" if word is None else "".join(part.capitalize() for part in word.split("_"))
        known = label in message.signals[name].names and label not in ("Error", "Sna")
        codes.word(name, label if known else "NotDetermined")
    codes.word("Gest_Hand", event.side.capitalize() if event.side else "Unknown")
    codes.number("Gest_Conf", percent(event.confidence))
    codes.number("Gest_Val", percent(event.value))
    codes.wrapped("Gest_EvtCnt", count)
    return codes
