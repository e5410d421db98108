"""What each pixel of the ID picture shows: the words between renderer and labels."""

from enum import IntEnum, unique


@unique
class Id(IntEnum):
    """One word a pixel, uint8 in the ID picture. ``EYE`` is sclera and iris; ``MOUTH`` the inside of the mouth."""

    BACKGROUND = 0
    CABIN = 1
    SKIN = 2
    EYE = 3
    PUPIL = 4
    LASH = 5
    HAIR = 6
    GLASSES_FRAME = 7
    LENS_OPAQUE = 8
    HAT = 9
    MASK = 10
    CLOTH = 11
    HAND = 12
    PHONE = 13
    PROP = 14
    MOUTH = 15
    PASSENGER = 16
    GLARE = 17
    WHEEL = 18
    BELT = 19


EYE_WORDS = (Id.EYE, Id.PUPIL, Id.LASH, Id.SKIN)
"""Words through which a point of the eye opening counts as seen: the eye itself, or the driver's own closed lid and lashes."""
