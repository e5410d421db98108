"""Point numbers of the face mesh (468 points, MediaPipe topology) and of the hand (21 points). "left" is the driver's own."""

from typing import Final

EYE_CORNERS: Final = {"right": (33, 133), "left": (263, 362)}
"""Outer, inner."""

CHEEK: Final = {"right": (50, 101, 205, 187), "left": (280, 330, 425, 411)}

EYE_BAND: Final = (168, 6, 197, 195, 193, 417, 122, 351, 8, 9, 107, 336, 70, 300, 46, 276, 116, 345)
"""Points near bone round the eyes (bridge of the nose, brows, cheek bones): they do not move with the lids."""

# Refined eye contour (71 points): 0..8 lower lid from outer to inner corner, 9..15 upper lid between the corners.
CONTOUR_OUTER, CONTOUR_INNER = 0, 8
LOWER_LID: Final = (1, 2, 3, 4, 5, 6, 7)
UPPER_LID: Final = (9, 10, 11, 12, 13, 14, 15)
"""``UPPER_LID[i]`` lies above ``LOWER_LID[i]``."""

# Refined lips (80 points): 20..30 inner rim of the lower lip, 31..39 inner rim of the upper lip between the corners.
INNER_LIP_LOWER: Final = (24, 25, 26)
INNER_LIP_UPPER: Final = (34, 35, 36)
INNER_LIP_CORNERS: Final = (20, 30)

NASION, POGONION = 168, 199
"""Root of the nose and front of the chin: the cephalometric facial plane."""

FACE_LEVEL: Final = (33, 263)
"""Outer eye corners, driver's right and left: their line gives the roll of the next region of interest."""

WRIST, MIDDLE_BASE = 0, 9
THUMB: Final = (1, 2, 3, 4)
FINGERS: Final = ((5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
