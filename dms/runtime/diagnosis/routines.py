"""Routines of service 0x31: camera check, lamp check, gaze calibration, integrity of the networks.

``start`` returns at once; the work is done in ``step``, ten times a second on the thread that looks at the loop. They read what
the loop has found anyway and make it do nothing.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dms.bus.samples import LedWord
from dms.diagnostics.fields import Field, Value
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.unit import STATE
from dms.errors import DmsError, HardwareError
from dms.records import Observation
from dms.records.cabin import decode_driver
from dms.runtime import clock
from dms.runtime.calibrate_gaze import collect_at, driver_file
from dms.runtime.diagnosis.look import Look
from dms.runtime.fit_gaze import fit_gaze
from dms.runtime.gaze_targets import LENS, Target

CAMERA_S = 3.0
GAZE_S = 6.0
"""So long the driver has to look into the lens: sixty looks, of which thirty must show open eyes."""

TEXT = Field("text", 0, "text")


class Stepped:
    """A routine that is worked on in steps."""

    number: int
    name: str
    fields: tuple[Field, ...] = (STATE, TEXT)

    def __init__(self) -> None:
        self._state = "idle"
        self._found: dict[str, Value] = {}

    def start(self) -> None:
        """Begin.

        Raises:
            Refusal: it runs already, or cannot.
        """
        if self._state == "running":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        self._begin()
        self._found = {}
        self._state = "running"
        self._launch()

    def stop(self) -> None:
        """End early.

        Raises:
            Refusal: it does not run.
        """
        if self._state != "running":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        self._state = "stopped"

    def results(self) -> Mapping[str, Value]:
        """What has been found.

        Raises:
            Refusal: it was never started.
        """
        if self._state == "idle":
            raise Refusal(Nrc.REQUEST_SEQUENCE_ERROR)
        return {**self._found, "state": self._state}

    def step(self) -> None:
        """Go on, if it runs."""
        if self._state != "running":
            return
        try:
            self._work()
        except DmsError as error:
            self._end(False, text=str(error))

    def _end(self, passed: bool, **found: Value) -> None:
        self._found = found
        if self._state == "running":  # not stopped meanwhile
            self._state = "passed" if passed else "failed"

    def _begin(self) -> None:
        """First of all; may refuse."""

    def _launch(self) -> None:
        """It runs now."""

    def _work(self) -> None:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class _Mark:
    t: float
    frames: int
    refused: int
    dropped: int


class CameraCheck(Stepped):
    """Three seconds of pictures: how many, refused ones, light, sharpness; passed if the loop can judge by them."""

    number, name = 0x0201, "camera"
    fields = (
        STATE, Field("fps", 2, scale=0.1), Field("refused", 2), Field("dropped", 2), Field("mean", 1),
        Field("saturated", 1, scale=0.005), Field("blocked", 1, scale=0.005), Field("sharpness", 4), TEXT,
    )  # fmt: skip

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._from = self._mark()

    def _mark(self) -> _Mark:
        counts = self._look.loop.counts
        return _Mark(clock.now(), counts.frames, counts.late, self._look.source.overwritten)

    def _begin(self) -> None:
        self._from = self._mark()

    def _work(self) -> None:
        now, begin = self._mark(), self._from
        if now.t - begin.t < CAMERA_S:
            return
        facts, judged = self._look.facts(), self._look.judged
        fps = (now.frames - begin.frames) / (now.t - begin.t)
        image = judged.sight.observation.image if judged is not None else None
        state = self._look.state
        trouble = [
            text
            for text, wrong in {
                "no pictures": image is None or facts.camera_silent,
                f"under {facts.fps_min:g} pictures a second": fps < facts.fps_min,
                "pictures refused": now.refused > begin.refused,
                "; ".join(state.health.reasons) if state is not None else "": facts.picture_fault,
            }.items()
            if wrong
        ]
        values = {} if image is None else {name: getattr(image, name) for name in ("mean", "saturated", "blocked", "sharpness")}
        counted = {"fps": fps, "refused": now.refused - begin.refused, "dropped": now.dropped - begin.dropped}
        self._end(not trouble, **counted, **values, text="; ".join(trouble))


class LampCheck(Stepped):
    """What the lamp's driver says now. Where it says nothing the check is refused: nothing was checked."""

    number, name = 0x0202, "lamp"

    def __init__(self, lamp: Callable[[], LedWord]) -> None:
        super().__init__()
        self._lamp = lamp

    def _begin(self) -> None:
        if self._lamp() == "unknown":
            raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)

    def _work(self) -> None:
        word = self._lamp()
        self._end(word == "ok", text=f"lamp {word}")


class GazeCalibration(Stepped):
    """The driver looks into the lens; what the readings lack is written to a driver file, for the next start.

    Args:
        look: at the running loop.
        path: the driver file to write; ``None``: refused.
    """

    number, name = 0x0203, "calibration"
    fields = (
        STATE, Field("readings", 2), Field("yaw_deg", 2, "signed", 0.01), Field("pitch_deg", 2, "signed", 0.01),
        Field("std_deg", 2, scale=0.01), TEXT,
    )  # fmt: skip

    def __init__(self, look: Look, path: Path | None) -> None:
        super().__init__()
        self._look, self._path = look, path
        self._seen: list[Observation] = []
        self._since = 0.0

    def _begin(self) -> None:
        if self._path is None or not self._look.at_rest():
            raise Refusal(Nrc.CONDITIONS_NOT_CORRECT)
        self._seen, self._since = [], clock.now()

    def _work(self) -> None:
        judged = self._look.judged
        if judged is not None and (not self._seen or judged.sight.observation.t > self._seen[-1].t):
            self._seen.append(judged.sight.observation)
        if clock.now() - self._since >= GAZE_S:
            self._fit()

    def _fit(self) -> None:
        """Readings are corrected by the driver file in use already; what they still lack is added to it.

        Raises:
            InputError: the driver did not look, or not steadily.
        """
        readings = collect_at(self._seen, [Target(at=LENS, start=self._since - GAZE_S, end=self._since + 2.0 * GAZE_S)], None)
        fit = fit_gaze(readings)
        new, old = driver_file(fit, readings, "calibrated by routine"), self._look.parts.driver
        if old is not None:  # the head's own reading is not corrected, so its offset is new, not added
            yaw, pitch = old.gaze_yaw_deg + new.gaze_yaw_deg, old.gaze_pitch_deg + new.gaze_pitch_deg
            gains = {"gaze_yaw_gain": old.gaze_yaw_gain, "gaze_pitch_gain": old.gaze_pitch_gain}
            new = msgspec.structs.replace(new, name=old.name, gaze_yaw_deg=round(yaw, 2), gaze_pitch_deg=round(pitch, 2), **gains)
        assert self._path is not None
        text = msgspec.yaml.encode(new)
        decode_driver(text, "the calibration")  # offsets that add up to more than a driver can have are refused here
        _replace(self._path, text)
        found = {"yaw_deg": new.gaze_yaw_deg, "pitch_deg": new.gaze_pitch_deg, "std_deg": new.gaze_std_deg}
        self._end(True, readings=fit.readings, **found, text=f"{self._path}; in use from the next start")


class EngineIntegrity(Stepped):
    """Hashes of all network files against those they were loaded with, on a thread of its own (reading takes a while).

    Args:
        check: raises where a file was changed, else says what was checked.
        conclude: told of the result: it is that of the trouble code's test, too.
    """

    number, name = 0x0204, "engines"

    def __init__(self, check: Callable[[], str], conclude: Callable[[bool], None]) -> None:
        super().__init__()
        self._check, self._conclude = check, conclude

    def _launch(self) -> None:
        threading.Thread(target=self._hash, name="dms-integrity", daemon=True).start()

    def _hash(self) -> None:
        try:
            text, passed = self._check(), True
        except DmsError as error:
            text, passed = str(error), False
        self._conclude(not passed)
        self._end(passed, text=text)

    def _work(self) -> None:
        """The thread does it."""


def _replace(path: Path, data: bytes) -> None:
    """The file is the old one or the new one, never half of one.

    Raises:
        HardwareError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise HardwareError(f"driver file {path}: {error.strerror}") from None
