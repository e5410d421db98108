"""Softer edges: what covers a pixel only in part gets its neighbours' light, as in a real lens and pixel."""

import numpy as np
from numpy.typing import NDArray

from hil.driver.ids import Id

_SHARP = (Id.EYE, Id.PUPIL, Id.LASH, Id.GLARE)
"""Drawn with soft edges of their own; a pupil must not be blurred twice."""
_SIGMA_PX = 0.62


def softened(radiance: NDArray[np.float32], ids: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The picture with hair, and the edges between all words, averaged with the pixels around; the words stay as they are."""
    import cv2

    blurred = cv2.GaussianBlur(radiance, (3, 3), _SIGMA_PX, borderType=cv2.BORDER_REPLICATE)
    soft = cv2.morphologyEx(ids, cv2.MORPH_GRADIENT, _SQUARE)
    soft = cv2.LUT(soft, _ANY)
    keep = cv2.dilate(cv2.LUT(ids, _KEPT), _SQUARE)
    soft = cv2.max(soft, cv2.LUT(ids, _HAIRY))
    soft = cv2.bitwise_and(soft, cv2.bitwise_not(keep))
    cv2.copyTo(blurred, soft, radiance)
    return radiance


def _table(words: tuple[Id, ...]) -> NDArray[np.uint8]:
    return np.asarray(np.isin(np.arange(256), words) * 255, np.uint8)


_SQUARE = np.ones((3, 3), np.uint8)
_KEPT, _HAIRY = _table(_SHARP), _table((Id.HAIR,))
_ANY = np.asarray((np.arange(256) > 0) * 255, np.uint8)
