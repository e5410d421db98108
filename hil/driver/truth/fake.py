"""A studio without a renderer: a head and two eyeballs as spheres, cast ray by ray. For tests of what takes pictures and labels.

Labels and pixels come from the same geometry, so they can be checked against each other. No face is to be found in it.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from dms.assessment.cabins import load_cabin
from dms.records import Frame, VehicleState
from dms.records.angles import unit
from dms.records.cabin import default_camera
from hil.driver.behaviour.scenario import Scenario
from hil.driver.ids import Id
from hil.driver.pose import Hand, Light, Moment, Pose, Story, head_rotation
from hil.driver.split import split_of
from hil.driver.truth.geometry import Array, Circle, View
from hil.driver.truth.labels import Truth
from hil.driver.truth.maker import Take, make_truth
from hil.driver.truth.seen import Person, Seen, SeenEye, SeenHand, SeenHead, SeenThing

EYE_MM, IRIS_MM, GAP_MM, HEAD_MM = 12.0, 6.0, 10.0, 92.0
_GREYS = {Id.BACKGROUND: 20, Id.SKIN: 170, Id.EYE: 120, Id.PUPIL: 10, Id.HAND: 200, Id.PHONE: 60}
Words = Callable[[Array], NDArray[np.uint8]]
_BLINK_S, _BLINK_EVERY_S = 0.3, 2.0


class FakeStudio:
    """Looks and sounds like ``hil.driver.studio.Studio``. A blink every two seconds, a phone from the middle on."""

    def __init__(self, scenario: Scenario, size: tuple[int, int] | None = None, seed: int | None = None) -> None:
        self.scenario = scenario
        self.cabin = load_cabin(scenario.vehicle)
        width, height = size or scenario.camera.size
        self.camera = default_camera(width, height)
        self._seed = scenario.seed if seed is None else seed
        self._rays = self._cast()

    def __enter__(self) -> "FakeStudio":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def frames(self, stop_s: float | None = None) -> Iterator[tuple[Frame, Truth]]:
        """Pictures and labels in order."""
        end = self.scenario.duration_s if stop_s is None else min(stop_s, self.scenario.duration_s)
        take = Take(
            scenario=self.scenario.name,
            person=Person(seed=self._seed, split=split_of(self._seed)),
            view=View(self.camera, self.cabin.camera),
        )
        for number in range(round(end * self.scenario.fps)):
            moment = self.moment(number / self.scenario.fps)
            seen = self.seen(moment)
            grey = self.grey(seen, number)
            yield Frame(grey, moment.t, number, number, None, self.scenario.name), make_truth(moment, seen, take, grey, number)

    def moment(self, t: float) -> Moment:
        """Driver and car at a time."""
        phase = t % _BLINK_EVERY_S
        lid = 1.0 if phase > _BLINK_S or t < _BLINK_EVERY_S else abs(2 * phase / _BLINK_S - 1)
        phone = t >= self.scenario.duration_s / 2
        yaw = 15.0 * math.sin(t + self._seed)
        car = VehicleState(t=t, speed_kmh=90.0, gear="D", l3_state="active", belt=True, seat=True, hands_on=False, ignition="on")
        return Moment(
            t=t,
            pose=Pose(yaw_deg=yaw, roll_deg=0.6 * yaw, lids=(lid, lid), right_hand=Hand(prop="phone" if phone else None)),
            light=Light(),
            vehicle=car,
            story=Story(part="fake", activity="phone_hand" if phone else "driving", zone="phone" if phone else "road"),
        )

    def seen(self, moment: Moment) -> Seen:
        """Geometry and ID picture."""
        pose = moment.pose
        rotation = head_rotation(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
        origin = np.asarray(self.cabin.ocular_point_mm, float)
        left, right = (self._eye(origin, rotation, pose, side) for side in (1.0, -1.0))
        marks = {"nose_tip": (15.0, 0.0, -35.0), "chin": (-15.0, 0.0, -90.0), "left_ear": (-90.0, 85.0, -20.0)}
        marks |= {"right_ear": (-90.0, -85.0, -20.0), "brow": (-5.0, 0.0, 15.0)}
        head = SeenHead(
            rotation=rotation,
            left=left,
            right=right,
            landmarks={name: self._on_head(origin, rotation, np.array(at)) for name, at in marks.items()},
            mouth_gap_mm=2.0,
        )
        ids, depth = self._draw(head)
        hands, things = self._hand(moment, origin, ids, depth)
        return Seen(head=head, ids=ids, depth_mm=depth, hands=hands, things=things)

    def grey(self, seen: Seen, number: int) -> NDArray[np.uint8]:
        """The picture: one grey a word, and noise."""
        table = np.zeros(256, np.int16)
        for word, value in _GREYS.items():
            table[word] = value
        noise = np.random.default_rng([self._seed, number]).integers(-6, 7, seen.ids.shape, np.int16)
        return np.asarray(np.clip(table[seen.ids] + noise, 0, 255), np.uint8)

    def _eye(self, origin: Array, rotation: Array, pose: Pose, side: float) -> SeenEye:
        centre = origin + rotation @ np.array([0.0, 31.5 * side, 0.0])
        out = unit(np.asarray(pose.gaze_target_mm) - centre)
        depth = math.sqrt(EYE_MM**2 - IRIS_MM**2)
        pupil = pose.pupil_mm / 2
        return SeenEye(
            centre=centre,
            optical=out,
            visual=out,
            iris=Circle(centre + depth * out, out, IRIS_MM),
            pupil=Circle(centre + math.sqrt(EYE_MM**2 - pupil**2) * out, out, pupil),
            pupil_mm=pose.pupil_mm,
            lid_gap_mm=pose.lids[0 if side > 0 else 1] * GAP_MM,
            relaxed_gap_mm=GAP_MM,
            inner_corner=centre + rotation @ np.array([8.0, -10.0 * side, 0.0]),
            outer_corner=centre + rotation @ np.array([8.0, 10.0 * side, 0.0]),
        )

    def _on_head(self, origin: Array, rotation: Array, at: Array) -> Array:
        """The point of the head's sphere in the direction of ``at``."""
        middle = np.array([-95.0, 0.0, 0.0])
        return np.asarray(origin + rotation @ (middle + HEAD_MM * unit(at - middle)))

    def _cast(self) -> Array:
        """Height x width x 3: the ray of each pixel in the vehicle frame, 1 mm deep."""
        c = self.camera
        width, height = View(c, self.cabin.camera).size
        x, y = np.meshgrid((np.arange(width) - c.cx) / c.fx, (np.arange(height) - c.cy) / c.fy)
        return np.asarray(np.stack([x, y, np.ones_like(x)], axis=-1) @ self.cabin.camera.rotation().T)

    def _draw(self, head: SeenHead) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        ids = np.zeros(self._rays.shape[:2], np.uint8)
        depth = np.full(ids.shape, 1e5, np.float32)
        middle = head.position + head.rotation @ np.array([-95.0, 0.0, 0.0])
        self._sphere(ids, depth, middle, HEAD_MM, _skin)
        for eye in (head.left, head.right):
            self._sphere(ids, depth, eye.centre, EYE_MM, partial(_eye_words, eye, head.rotation[:, 2]))
        return ids, depth

    def _sphere(self, ids: NDArray[np.uint8], depth: NDArray[np.float32], centre: Array, radius: float, words: Words) -> None:
        start = np.asarray(self.cabin.camera.position_mm) - centre
        a = (self._rays**2).sum(axis=-1)
        b = self._rays @ start
        room = b * b - a * (float(start @ start) - radius**2)
        z = np.where(room > 0, (-b - np.sqrt(np.maximum(room, 0))) / a, np.inf)
        nearer = z < depth
        points = start + z[nearer][:, None] * self._rays[nearer]
        ids[nearer] = words(points)
        depth[nearer] = z[nearer]

    def _hand(
        self, moment: Moment, origin: Array, ids: NDArray[np.uint8], depth: NDArray[np.float32]
    ) -> tuple[tuple[SeenHand, ...], tuple[SeenThing, ...]]:
        """A hand with a phone, flat before the camera, beside the chin."""
        if moment.pose.right_hand.prop is None:
            return (), ()
        place = origin + np.array([150.0, -60.0, -120.0])
        grid = np.array([(0.0, 10.0 * (i % 5) - 20.0, 12.0 * (i // 5) - 24.0) for i in range(21)])
        phone = place + np.array([(5.0, y, z) for y in (-36.0, 36.0) for z in (25.0, 60.0)])
        view = View(self.camera, self.cabin.camera)
        for points, word in ((place + 1.3 * grid, Id.HAND), (phone, Id.PHONE)):
            pixels = view.pixels(points)
            low, high = (np.clip(np.round(v), 0, ids.shape[::-1]).astype(int) for v in (pixels.min(axis=0), pixels.max(axis=0)))
            ids[low[1] : high[1], low[0] : high[0]] = word
            depth[low[1] : high[1], low[0] : high[0]] = view.to_camera(points)[:, 2].mean()
        return (SeenHand(side="right", points=place + grid),), (SeenThing(kind="phone", corners=phone),)


def _skin(points: Array) -> NDArray[np.uint8]:
    return np.full(len(points), Id.SKIN, np.uint8)


def _eye_words(eye: SeenEye, up: Array, points: Array) -> NDArray[np.uint8]:
    """Pupil, iris and sclera, or lid, of points relative to the eyeball's centre."""
    out = points / np.linalg.norm(points, axis=1, keepdims=True)
    angle = np.arccos(np.clip(out @ eye.optical, -1, 1))
    word = np.where(angle < math.asin(eye.pupil_mm / 2 / EYE_MM), Id.PUPIL, Id.EYE)
    return np.where(np.abs(points @ up) > max(0.0, eye.lid_gap_mm) / 2, Id.SKIN, word).astype(np.uint8)
