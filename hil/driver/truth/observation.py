"""Label to observation record: what a perfect perception would say of the picture, for judging and for ``dms assess``.

Perfect means exact, not all-seeing: what the picture doesn't show is ``None`` here too.
"""

from dms.records.observation import Eye, Face, Gaze, Hand, Head, Image, Mouth, Objects, Observation
from hil.driver.truth.labels import EyeTruth, HandTruth, Truth

STD_DEG = 0.1
"""Stated spread of the exact directions: small, but nobody may divide by it and get infinity."""

FACE_SHARE = 0.15
"""Least share of the face's landmarks that must be seen for a face to be there."""

JUDGEABLE = 0.5
"""Least share of an eye that must be seen to judge its lids or its direction."""

HAND_SHARE = 0.3
FINGERS = {
    "open_palm": 5, "stop": 5, "fist": 0, "point": 1, "victory": 2, "three": 3, "four": 4, "thumb_up": 1, "thumb_down": 1,
    "call": 2, "rock": 2, "mute": 1,
}  # fmt: skip
"""Extended fingers of the words that leave no doubt."""


def observe(truth: Truth, source: str = "") -> Observation:
    """The contract's record."""
    face = truth.face
    if face is None or face.visible < FACE_SHARE:
        return _common(truth, source, Face(present=False, confidence=1.0))
    return _common(truth, source, Face(present=True, confidence=1.0, box_px=face.box_px))


def _common(truth: Truth, source: str, face: Face) -> Observation:
    seen = face.present
    return Observation(
        t=truth.t,
        source=source,
        frame=truth.frame,
        face=face,
        head=_head(truth) if seen else None,
        gaze=_gaze(truth) if seen else None,
        eyes={side: _eye(eye) for side, eye in (truth.eyes or {}).items()} if seen else None,
        mouth=_mouth(truth) if seen else None,
        hands=[_hand(hand) for hand in truth.hands if hand.visible >= HAND_SHARE],
        objects=_objects(truth, seen),
        image=Image(mean=truth.image.mean, saturated=truth.image.saturated, blocked=0.0, frozen=False),
    )


def _head(truth: Truth) -> Head | None:
    head = truth.head
    if head is None:
        return None
    return Head(
        forward_camera=head.forward_camera,
        up_camera=head.up_camera,
        position_camera_mm=head.position_camera_mm,
        yaw_deg=head.yaw_deg,
        pitch_deg=head.pitch_deg,
        roll_deg=head.roll_deg,
        std_deg=STD_DEG,
    )


def _gaze(truth: Truth) -> Gaze | None:
    """``None`` when no eye is open and in sight."""
    gaze = truth.gaze
    if gaze is None or not any(e.visible >= JUDGEABLE and not e.closed for e in (truth.eyes or {}).values()):
        return None
    return Gaze(
        direction_camera=gaze.direction_camera,
        origin_camera_mm=gaze.origin_camera_mm,
        yaw_deg=gaze.yaw_deg,
        pitch_deg=gaze.pitch_deg,
        std_deg=STD_DEG,
    )


def _eye(eye: EyeTruth) -> Eye:
    if eye.visible < JUDGEABLE:
        return Eye(visible=eye.visible)
    return Eye(visible=eye.visible, opening_mm=eye.lid_gap_mm, openness=eye.openness, closed=float(eye.closed))


def _mouth(truth: Truth) -> Mouth | None:
    mouth = truth.mouth
    if mouth is None or truth.wear.mask != "none":
        return None
    return Mouth(opening_mm=mouth.opening_mm, yawn=float(mouth.yawning))


def _hand(hand: HandTruth) -> Hand:
    return Hand(
        side=hand.side,
        confidence=1.0,
        landmarks_px=hand.points_px,
        fingers=FINGERS.get(hand.shape),
        gesture=hand.gesture,
        gesture_confidence=1.0,
    )


def _objects(truth: Truth, face_seen: bool) -> Objects:
    phone = any(t.kind == "phone" and t.visible >= HAND_SHARE for t in truth.things)
    return Objects(
        phone=float(phone),
        sunglasses=float(truth.wear.sunglasses) if face_seen else None,
        mask=float(truth.wear.mask != "none") if face_seen else None,
    )
