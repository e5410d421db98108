"""Labels of one picture: what the story says, where everything is, and how much of it the picture shows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from dms.records.angles import rounded, unit, yaw_pitch_deg
from hil.driver.ids import Id
from hil.driver.pose import Moment
from hil.driver.truth import labels as lb
from hil.driver.truth.geometry import Array, Circle, View, box_of, ellipse_of, shown_angles, shown_in_vehicle
from hil.driver.truth.seen import Person, Seen, SeenEye, SeenHand, SeenHead, SeenThing
from hil.driver.truth.visibility import (
    FACE_WORDS,
    HAND_DEPTH_MM,
    Shares,
    disc_share,
    eye_shares,
    look_up,
    outline_share,
    seen_mask,
    shares,
)

CLOSED_SHARE = 0.2
"""PERCLOS P80: an eye counts as closed when at least 80 % of its relaxed opening is covered."""

_THINGS = {"phone": (Id.PHONE,)}
_FACE_DEPTH_MM = 12.0  # landmarks lie on the coarse mesh, the picture shows the smoothed one and the brows
_FULL_SCALE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What stays the same over a scenario."""

    scenario: str
    person: Person
    view: View


def make_truth(moment: Moment, seen: Seen, take: Take, grey: NDArray[np.uint8], frame: int) -> lb.Truth:
    """The label of one picture.

    Args:
        moment: what driver, light and car do.
        seen: what the renderer drew.
        take: scenario, person and camera.
        grey: the finished picture, height x width.
        frame: its number.

    Raises:
        RecordError: a value that cannot be (NaN in the pose, ...).
    """
    face = {} if seen.head is None else _face_parts(moment, seen, seen.head, take.view)
    return lb.Truth(
        t=moment.t,
        frame=frame,
        camera=take.view.camera,
        camera_pose=take.view.pose,
        present=seen.head is not None,
        person=lb.PersonTruth(seed=take.person.seed, split=take.person.split),
        story=_story(moment, take.scenario),
        drowsy=_drowsy(moment),
        light=_light(moment),
        image=_image(seen, grey),
        vehicle=moment.vehicle,
        wear=lb.WearTruth(**asdict(seen.wear)),
        hands=[h for h in (_hand(hand, moment, seen, take.view) for hand in seen.hands) if h is not None],
        things=[t for t in (_thing(thing, seen, take.view) for thing in seen.things) if t is not None],
        **face,  # type: ignore[arg-type]
    )


def _face_parts(moment: Moment, seen: Seen, head: SeenHead, view: View) -> dict[str, object]:
    story = moment.story
    points = _landmarks(seen, head, view)
    return {
        "head": _head(head, view),
        "eyes": {side: _eye(eye, seen, head, view) for side, eye in head.eyes.items()},
        "gaze": _gaze(moment, head, view),
        "mouth": lb.MouthTruth(opening_mm=round(max(0.0, head.mouth_gap_mm), 3), yawning=story.yawning, speaking=story.speaking),
        "landmarks": points,
        "face": _face(points, seen, head, view),
    }


def _head(head: SeenHead, view: View) -> lb.HeadTruth:
    forward, up = head.rotation[:, 0], head.rotation[:, 2]
    forward_camera, up_camera = view.direction(forward), view.direction(up)
    yaw, pitch, roll = (round(a, 3) for a in shown_angles(forward_camera, up_camera))
    yaw_vehicle, pitch_vehicle, roll_vehicle = (round(a, 3) for a in shown_in_vehicle(head.rotation))
    return lb.HeadTruth(
        forward_camera=rounded(forward_camera, 6),
        up_camera=rounded(up_camera, 6),
        position_camera_mm=rounded(view.to_camera(head.position), 3),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        forward_vehicle=rounded(forward, 6),
        up_vehicle=rounded(up, 6),
        position_vehicle_mm=rounded(head.position, 3),
        yaw_vehicle_deg=yaw_vehicle,
        pitch_vehicle_deg=pitch_vehicle,
        roll_vehicle_deg=roll_vehicle,
    )


def _eye(eye: SeenEye, seen: Seen, head: SeenHead, view: View) -> lb.EyeTruth:
    share = eye_shares(view, seen, eye, head.rotation)
    gap = max(0.0, eye.lid_gap_mm)
    openness = min(2.0, gap / max(eye.relaxed_gap_mm, 1e-3))
    return lb.EyeTruth(
        visible=round(share.seen, 4),
        hidden=_occlusion(share),
        lid_gap_mm=round(gap, 3),
        openness=round(openness, 4),
        closed=openness < CLOSED_SHARE,
        centre_camera_mm=rounded(view.to_camera(eye.centre), 3),
        centre_vehicle_mm=rounded(eye.centre, 3),
        direction_optical_camera=rounded(view.direction(eye.optical), 6),
        direction_visual_camera=rounded(view.direction(eye.visual), 6),
        direction_visual_vehicle=rounded(eye.visual, 6),
        pupil_mm=round(eye.pupil_mm, 3),
        iris=_ellipse(eye.iris, seen, view, (Id.EYE, Id.PUPIL)),
        pupil=_ellipse(eye.pupil, seen, view, (Id.PUPIL,)),
    )


def _ellipse(circle: Circle, seen: Seen, view: View, words: Sequence[Id]) -> lb.Ellipse | None:
    found = ellipse_of(circle, view)
    if found is None:
        return None
    return lb.Ellipse(
        centre_px=(round(found.x, 3), round(found.y, 3)),
        radii_px=(round(found.a, 3), round(found.b, 3)),
        angle_deg=round(found.angle_deg, 2),
        visible=round(disc_share(view, seen, circle, words), 4),
    )


def _gaze(moment: Moment, head: SeenHead, view: View) -> lb.GazeTruth:
    direction = unit(head.left.visual + head.right.visual)
    in_camera = view.direction(direction)
    yaw, pitch = yaw_pitch_deg(in_camera)
    target: Array = np.asarray(moment.pose.gaze_target_mm, float)
    return lb.GazeTruth(
        direction_camera=rounded(in_camera, 6),
        direction_vehicle=rounded(direction, 6),
        origin_camera_mm=rounded(view.to_camera(head.position), 3),
        yaw_deg=round(yaw, 3),
        pitch_deg=round(pitch, 3),
        target_camera_mm=rounded(view.to_camera(target), 2),
        target_vehicle_mm=rounded(target, 2),
    )


def _landmarks(seen: Seen, head: SeenHead, view: View) -> list[lb.Landmark]:
    if not head.landmarks:
        return []
    points = np.stack(list(head.landmarks.values()))
    pixels = view.pixels(points)
    shown = seen_mask(view, seen, points, FACE_WORDS, _FACE_DEPTH_MM)
    return [
        lb.Landmark(name=name, px=_pixel(px), visible=bool(ok))
        for name, px, ok in zip(head.landmarks, pixels, shown, strict=True)
        if np.isfinite(px).all()
    ]


def _face(points: list[lb.Landmark], seen: Seen, head: SeenHead, view: View) -> lb.FaceTruth | None:
    box = box_of(np.array([p.px for p in points]).reshape(-1, 2))
    if box is None:
        return None
    found = look_up(view, seen, np.stack(list(head.landmarks.values())), FACE_WORDS, _FACE_DEPTH_MM)
    share = shares(found, _even(list(head.landmarks)))
    return lb.FaceTruth(box_px=_box(box), visible=round(share.seen, 4), hidden=_occlusion(share))


def _even(names: list[str]) -> Array:
    """Weights that let each feature count the same: a row of points (``left_upper_lid_0`` ...) counts as one."""
    features = [name.rstrip("0123456789") for name in names]
    counts = Counter(features)
    return np.array([1.0 / counts[feature] for feature in features])


def _hand(hand: SeenHand, moment: Moment, seen: Seen, view: View) -> lb.HandTruth | None:
    pixels = view.pixels(hand.points)
    if not np.isfinite(pixels).all():
        return None
    ours = moment.pose.left_hand if hand.side == "left" else moment.pose.right_hand
    shown = seen_mask(view, seen, hand.points, (Id.HAND,), HAND_DEPTH_MM)
    return lb.HandTruth(
        side=hand.side,
        points_px=[_pixel(p) for p in pixels],
        visible=round(float(shown.mean()), 4),
        shape=ours.end.shape if ours.progress >= 0.5 else ours.start.shape,
        gesture=moment.story.gesture if ours.end.shows else "none",
    )


def _thing(thing: SeenThing, seen: Seen, view: View) -> lb.ThingTruth | None:
    pixels = view.pixels(thing.corners)
    box = box_of(pixels)
    if box is None or not np.isfinite(pixels).all():
        return None
    share = outline_share(seen, view.drawn_pixels(thing.corners), _THINGS.get(thing.kind, (Id.PROP,)))
    return lb.ThingTruth(kind=thing.kind, box_px=_box(box), visible=round(share, 4))


def _story(moment: Moment, scenario: str) -> lb.StoryTruth:
    story = moment.story
    return lb.StoryTruth(
        scenario=scenario,
        part=story.part,
        activity=story.activity,
        zone=story.zone,
        since_s=round(story.zone_since_s, 4),
        hands_on=story.hands_on,
        taking_over=story.taking_over,
        event=story.event,
        warning_seen=story.warning_seen,
    )


def _drowsy(moment: Moment) -> lb.DrowsyTruth:
    story = moment.story
    return lb.DrowsyTruth(
        kss=round(story.kss, 3),
        blink=story.blink,
        blinks_total=story.blinks_total,
        closed_s=round(story.closed_s, 4),
        perclos_60s=None if story.perclos_60s is None else round(story.perclos_60s, 5),
    )


def _light(moment: Moment) -> lb.LightTruth:
    light = moment.light
    return lb.LightTruth(
        led=light.led,
        sun=light.sun,
        ambient=light.ambient,
        outside=light.outside,
        street=light.street,
        direction_sun_vehicle=rounded(unit(np.asarray(light.sun_direction, float)), 6),
    )


def _image(seen: Seen, grey: NDArray[np.uint8]) -> lb.ImageTruth:
    how = seen.exposure
    counted = float((grey >= _FULL_SCALE).mean()) if how.saturated is None else how.saturated
    return lb.ImageTruth(
        mean=round(float(grey.mean()), 3), saturated=round(counted, 6), exposure_us=how.exposure_us, gain=how.gain
    )


def _occlusion(share: Shares) -> lb.Occlusion:
    return lb.Occlusion(**{name: round(value, 4) for name, value in asdict(share).items() if name != "seen"})


def _pixel(px: Array) -> lb.Pixel:
    return round(float(px[0]), 2), round(float(px[1]), 2)


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, width, height = (round(v, 2) for v in box)
    return x, y, width, height
