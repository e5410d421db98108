"""A moment of the driver to an observation, without pictures: what perception would say, off by what the networks were measured.

The figures are those of ``hil/never_false_ready/error_model.py``, drawn once for a run, so that a run repeats itself.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from dms.assessment.geometry import vehicle_angles, vehicle_direction
from dms.records import Eye, Face, Gaze, Hand, Head, Image, Observation
from dms.records.base import Vector
from dms.records.cabin import Cabin
from hil.driver.behaviour.director import NATURAL_PITCH_DEG
from hil.driver.behaviour.sight import minus
from hil.driver.pose import Moment, Pose
from hil.never_false_ready import error_model as model
from hil.never_false_ready import person as people
from hil.never_false_ready.spans import Array, Bools, now_and_then, slow_noise
from hil.never_false_ready.stream import IMAGES, LOWERED

_STD_EXACT_DEG = 1.0
_SEEN_PX_DEG = 95.0
"""A head turned further than this shows no face."""
_DARK = 0.05
"""With less light outside it is night."""
_GLARE = 3.0
"""A sun this strong, ahead and not higher than 30 degrees, drowns the eyes: assumption."""
_OPEN_MM = 9.0
_HIDING = {"sunglasses_opaque": "lens"}
_EYEWEAR = {"none": "none", "clear": "clear", "sunglasses_clear": "clear", "sunglasses_opaque": "lens"}


class Errors(NamedTuple):
    """What readings are off by, picture by picture; degrees, shares. Two rows are yaw and pitch."""

    gaze: Array
    turned: Array
    outlier: Array
    head: Array
    lids: Array
    open_as_shut: Bools
    shut_as_open: Bools
    missed: Bools
    called: Mapping[str, Bools]
    lost: Bools
    gaze_std: float
    open_reads: float
    shut_reads: float


def typical(seed: int, seconds: float, fps: float, cabin: Cabin, calibrated: bool, eyewear: str) -> Errors:
    """Errors as the networks were measured to make them."""
    rng = np.random.default_rng([seed, 11])
    t = np.arange(int(seconds * fps) + 2) / fps
    n = len(t)
    p = people.draw(rng, cabin.ocular_point_mm, calibrated, eyewear)
    own = np.array(p.bias_deg)[:, None] + np.stack([slow_noise(rng, t, p.slow_deg, model.GAZE_SLOW_S) for _ in range(2)])
    white = rng.normal(0.0, p.white_deg, (2, n))
    outlier = now_and_then(rng, t, model.GAZE_OUTLIER_SHARE, model.GAZE_OUTLIER_HOLD_S)
    far = outlier * rng.normal(0.0, model.GAZE_OUTLIER_DEG / model.RAYLEIGH, (2, n))
    head = np.array(p.head_bias_deg)[:, None] + np.stack([slow_noise(rng, t, 1.0, 1.5), slow_noise(rng, t, 0.7, 1.5)])
    return Errors(
        gaze=own + white, turned=(own + white) * model.GAZE_TURNED_FACTOR, outlier=far,
        head=head + rng.normal(0.0, 0.6, (2, n)), lids=rng.normal(0.0, model.LID_NOISE, n),
        open_as_shut=now_and_then(rng, t, model.OPEN_CALLED_SHUT, model.OPEN_HOLD_S),
        shut_as_open=now_and_then(rng, t, model.SHUT_CALLED_OPEN, model.SHUT_HOLD_S),
        missed=now_and_then(rng, t, p.missed, model.SHOWN_HOLD_S),
        called={name: now_and_then(rng, t, s, model.HIDDEN_HOLD_S) for name, s in model.HIDDEN_CALLED_VISIBLE.items()},
        lost=now_and_then(rng, t, model.FACE_LOST_SHARE, model.FACE_LOST_HOLD_S), gaze_std=p.std_deg,
        open_reads=p.open_reads, shut_reads=p.shut_reads,
    )  # fmt: skip


def exact(seconds: float, fps: float) -> Errors:
    """No errors at all."""
    n = int(seconds * fps) + 2
    none, zero, two = np.zeros(n, bool), np.zeros(n), np.zeros((2, n))
    return Errors(
        gaze=two, turned=two, outlier=two, head=two, lids=zero, open_as_shut=none, shut_as_open=none, missed=none,
        called=dict.fromkeys(model.HIDDEN_CALLED_VISIBLE, none), lost=none, gaze_std=_STD_EXACT_DEG, open_reads=1.0,
        shut_reads=0.0,
    )  # fmt: skip


def eyewear_of(look: Mapping[str, object]) -> str:
    """The word of ``never_false_ready.person`` for a scenario's eyewear."""
    return _EYEWEAR.get(str(look.get("eyewear", "none")), "clear")


class Reader:
    """Moments to observations, in order, one for each picture of the run.

    Args:
        cabin: where camera and eyes are.
        errors: see ``typical`` and ``exact``.
        source: name in the records.
        hands: reads raised hands; without it nobody has any.
    """

    def __init__(
        self, cabin: Cabin, errors: Errors, source: str, hands: Callable[[Moment], list[Hand]] = lambda moment: []
    ) -> None:
        self._cabin, self._errors, self._source, self._hands = cabin, errors, source, hands
        self._turn = cabin.camera.rotation()

    def read(self, moment: Moment, number: int, look: Mapping[str, object]) -> Observation:
        """Picture ``number``."""
        pose, image = moment.pose, _image(moment)
        turned = abs(pose.yaw_deg)
        lost = bool(self._errors.lost[number]) and turned > model.FACE_LOST_FROM_DEG
        if not pose.present or lost or turned > _SEEN_PX_DEG or (image.blocked or 0.0) > 0.5:
            face = Face(present=False)
            return Observation(t=moment.t, source=self._source, frame=number, face=face, image=image)
        place = tuple(float(v) for v in (np.asarray(_eye_mm(pose, self._cabin)) - self._cabin.camera.position_mm) @ self._turn)
        hidden = _hidden_by(moment, look)
        eye, sees = self._eye(pose, number, hidden)
        return Observation(
            t=moment.t, source=self._source, frame=number, face=Face(present=True, confidence=0.97),
            head=self._head(pose, number, place), gaze=self._gaze(pose, number, place) if sees else None,  # type: ignore[arg-type]
            eyes={"left": eye, "right": eye}, hands=self._hands(moment), image=image,
        )  # fmt: skip

    def _head(self, pose: Pose, n: int, place: Vector) -> Head:
        yaw, pitch = pose.yaw_deg + self._errors.head[0, n], pose.pitch_deg - NATURAL_PITCH_DEG + self._errors.head[1, n]
        far = abs(pose.yaw_deg) > model.GAZE_TURNED_FROM_DEG
        return Head(
            forward_camera=self._camera(yaw, pitch), up_camera=self._camera(yaw, pitch + 90.0), position_camera_mm=place,
            std_deg=model.HEAD_TURNED_STD_DEG if far else model.HEAD_STD_DEG,
        )  # fmt: skip

    def _gaze(self, pose: Pose, n: int, place: Vector) -> Gaze:
        e = self._errors
        yaw, pitch = vehicle_angles(minus(pose.gaze_target_mm, _eye_mm(pose, self._cabin)))
        far = abs(pose.yaw_deg) > model.GAZE_TURNED_FROM_DEG
        off = (e.turned if far else e.gaze)[:, n] + e.outlier[:, n]
        half = model.GAZE_HALF_SHUT_DEG if e.gaze_std > _STD_EXACT_DEG and 0.05 < sum(pose.lids) / 2 < 0.6 else 0.0
        direction = self._camera(yaw + off[0], pitch + off[1] + half)
        return Gaze(direction_camera=direction, origin_camera_mm=place, std_deg=round(e.gaze_std * (1.5 if far else 1.0), 1))

    def _eye(self, pose: Pose, n: int, hidden: str | None) -> tuple[Eye, bool]:
        """Both eyes alike, and whether they give a gaze."""
        e, share = self._errors, sum(pose.lids) / 2
        told = bool(e.called[hidden][n]) if hidden is not None else not e.missed[n]
        if not told:
            return Eye(visible=0.05), False
        wrong = e.shut_as_open[n] if share < 0.2 else e.open_as_shut[n]
        share = 1.0 - share if wrong else share
        openness = float(np.clip(e.shut_reads + (e.open_reads - e.shut_reads) * min(share, 1.3) + e.lids[n], 0.0, 1.4))
        closed = 1.0 / (1.0 + np.exp((openness - model.CLOSED_MIDDLE) / model.CLOSED_WIDTH))
        eye = Eye(
            visible=0.97, opening_mm=round(_OPEN_MM * openness, 2), openness=round(openness, 3), closed=round(float(closed), 3)
        )
        return eye, openness > LOWERED

    def _camera(self, yaw: float, pitch: float) -> Vector:
        """A direction of the vehicle frame, seen by the camera."""
        x, y, z = np.asarray(vehicle_direction(float(yaw), float(pitch))) @ self._turn
        return float(x), float(y), float(z)


def _eye_mm(pose: Pose, cabin: Cabin) -> Vector:
    x, y, z = (float(a + b) for a, b in zip(cabin.ocular_point_mm, pose.eyes_offset_mm, strict=True))
    return x, y, z


def _hidden_by(moment: Moment, look: Mapping[str, object]) -> str | None:
    """What keeps perception from judging the eyes."""
    if moment.story.activity == "rubbing_eyes" and sum(moment.pose.lids) < 0.6:
        return "hand"
    light = moment.light
    if light.sun > _GLARE and light.sun_direction[0] > 0.5 and light.sun_direction[2] < 0.5:
        return "glare"
    return _HIDING.get(str(look.get("eyewear", "none")))


def _image(moment: Moment) -> Image:
    return IMAGES["night" if moment.light.outside < _DARK else "day"]
