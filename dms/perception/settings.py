"""Numbers perception works with. Each says what it is; rules over time live in profiles, not here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Perception parameters; all times in seconds, all lengths in mm."""

    face_score: float = 0.3
    """Detector score worth a look; a candidate counts only when the mesh confirms it."""
    face_doubt: float = 0.1
    """The same in a single picture in which nothing else is found: only the head-pose network's certainty makes it a head. Of
    rendered heads turned 60 to 92 degrees every one has a candidate from here on, 0.3 loses a tenth and 0.6 more than half."""
    face_presence: float = 0.9
    """Presence probability of the mesh that confirms a new face; a true face reads 0.99 and more."""
    face_sure: float = 0.99
    """Presence from which a mesh needs no second opinion: in a single picture the other zooms are tried below it, and a face that
    was only found after turning the picture counts only above it."""
    face_track_presence: float = 0.5
    """Presence below which a followed face is lost."""
    hands_told_s: float = 0.25
    """Where hands are looked for after a picture was judged: how much older than the next picture they may be."""
    bridge_s: float = 1.5
    """So long the place of a lost face is still looked at by the head-pose network alone, and so long its last pose says to which
    side it was turned: a glance over the shoulder takes about a second."""
    redetect_s: float = 1.0
    """How often the detector looks again while a face is tracked (a better or another driver may sit there)."""
    zooms: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0)
    """The picture is shrunk by these factors inside the detector's input: faces that fill the picture need it."""
    turns_deg: tuple[float, ...] = (0.0, 45.0, -45.0, 90.0, -90.0)
    """A single picture without a readable face is looked at again turned by these angles: heads that lie or lean."""

    hand_score: float = 0.2
    """Our detector's score worth a look; the landmark network must confirm it."""
    palm_score: float = 0.5
    """The same of the palm detector."""
    hand_proposals: int = 6
    """So many of the likeliest places are looked at."""
    hand_looks: tuple[float, ...] = (1.0, 1.5)
    """The square round a proposal is enlarged by these factors until a hand is confirmed in it."""
    hand_first_presence: float = 0.3
    """Presence at the proposed place from which it is looked at again, framed by the first points."""
    hand_presence: float = 0.85
    """Below, the landmark network does not confirm that this is a hand."""
    hand_agreement: float = 0.05
    """Two readings of a hand lie closer, as a share of its size: 0.015 in the median of 99 true ones, while chins and cheeks are
    read anew each time."""
    hand_track_presence: float = 0.5
    hand_search_s: float = 0.2
    hand_search_still_s: float = 1.0
    """So seldom hands are searched for while nothing moves."""
    hand_change: float = 5.0
    """Grey levels by which a block of the picture must have changed since the last search to count as movement; noise of a dark
    picture moves a block's mean by about one."""
    hand_still_s: float = 1.0 / 15.0
    """A hand that does not move is read again after this time."""
    hand_still: float = 0.03
    """A hand is still when no point moved by more than this share of its size since the last reading."""
    hand_refused_s: float = 1.0
    """So long a spot that the landmark network refused is not tried again."""
    max_hands: int = 2
    sign_sure: float = 0.5
    """A hand sign less likely than this is none."""

    mute_mm: float = 40.0
    """A finger no farther from the middle of the driver's lips lies before them. Half the width of a mouth is 25 mm; the
    finger is nearer to the camera than the lips, and is not always laid on their middle."""

    eye_visible: float = 0.5
    """Below this visibility an eye's opening and closure are not reported."""
    frozen_frames: int = 3
    """So many identical pictures in a row mean that the camera is frozen (sensor noise never repeats)."""
