"""Eyelids and eye visibility.

A mesh network draws open eyes onto anything, so whether an eye can be judged is measured from the picture itself: is there
structure where the eye should be (iris against white, or the dark line of closed lids), well above the sensor noise, neither
drowned in dark nor in glare, inside the frame and not turned away.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm
from dms.perception.eye_state import EyeReading
from dms.perception.face_mesh import FaceMesh
from dms.perception.head_net import log_odds
from dms.perception.head_pose import HeadFit
from dms.perception.roi import Points, Roi
from dms.records.observation import Eye

PATCH = 48
"""Side of the eye patch in pixels; the eye's corners lie ``PATCH / 2`` apart."""

OPEN_MM = 9.0
"""Lid gap of a relaxed open eye (adult 8 to 11 mm); replaced by the driver's own level once known."""

SHUT_MM = 1.0
"""Gap the mesh network still draws over shut lids."""

CLOSED_MIDDLE = 0.42
"""Openness (4.4 mm) at which closed and open are equally likely: people with an aperture of 6 mm awake must count as open."""

HALF_OPEN = 0.5
"""Where the eye-state network has its say the limit is half way: its openness is relative to a relaxed eye that looks the same
way, so lids lowered over a downward glance don't count; nobody's own open level is known from one picture."""

POINTS_STD_MM = 2.5
"""Standard deviation of the lid gap that the mesh's points give, from rendered test drivers."""

UNDECIDED = 0.4
"""Visibility of an eye over which the two witnesses of the lids contradict each other."""

CONTRADICTION, SURE = 0.5, 0.97
"""Lid points that see the eye open by so much more than the picture does contradict it, unless the network is this sure to see an
eye: on a cover the mesh draws eyes half open. Of 677 real eyes 3 differ so, of 30 covered ones that were called visible 4."""

SHUT_PAIR = 0.6
"""Visibility of two eyes that both witnesses call shut: covers are read so on neither eye (grey texture, 0 of 184) or on one."""

CLOSED_WIDTH = 0.06


LIMITS = {
    "contrast": (0.16, 0.04),  # of the eye against its own mean level
    "structure": (7.0, 1.5),  # the same in grey levels: black is no eye
    "signal": (0.0, 1.0),  # structure over noise
    "not_saturated": (0.45, 0.04),  # skin burns out first; lids, lashes and iris are about two fifths of what is measured
    "inside": (0.85, 0.04),
    "facing": (28.0, 5.0),  # degrees left until the eye is seen from the side
    "skin": (0.39, 0.02),  # dark lenses and hair leave no skin-bright part round the eye
    "middle": (0.27, 0.01),  # a streak of light on a dark lens does not lift the middle
    "squash": (0.85, 0.015),  # see HeadFit: a mesh drawn on a covered face
    "valley": (0.10, 0.015),
    "steepness": (0.085, 0.008),
}
"""Measure of a patch: (value at which it is half good enough, scale on which that changes). Chosen on a moved and covered
portrait and looked over on a few hundred pictures of other people; the eye-state network stands beside it."""

NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Immerkaer 1996: blind to edges and slopes."""


@dataclass(frozen=True, slots=True)
class PatchMeasures:
    """Measures of one eye patch, before they become a visibility."""

    structure: float
    """Contrast of the eye against its own surroundings, grey levels."""
    noise: float
    """Sensor noise, grey levels."""
    saturated: float
    """Share of the patch at the upper end of the scale."""
    mean: float
    inside: float
    """Share of the patch inside the frame."""
    lightest: float
    """80th percentile: the skin round the eye, unless a dark lens or hair lies over it."""
    middle: float
    """Median; a reflection on a dark lens does not raise it."""
    valley: float
    """How much darker the eye's darkest row is than the lighter of the rows above and below: lashes and iris lie between skin and
    skin, the edge of a cover or a slope of light does not. Grey levels."""
    steepness: float
    """Steepest change from row to row, as a share of ``structure``: blotches on a lens are soft, an eye is not."""


def see_eyes(
    grey: NDArray[np.uint8], mesh: FaceMesh, fit: HeadFit, states: Mapping[str, EyeReading] | None = None
) -> dict[str, float]:
    """Visibility of each eye; ``grey`` is the picture, h x w.

    Two witnesses: what is measured in the picture (see ``visibility``) and the eye-state network, see ``together``.
    """
    measured = {side: _see_eye(grey, mesh, side, fit) for side in ("left", "right")}
    if not states:
        return measured
    seen = {side: together(value, states[side].visible) for side, value in measured.items()}
    gaps = {side: opening_mm(mesh.eye_contours[side], fit) for side in measured}
    if all(shut_beyond_doubt(measured[side], gaps[side], states[side]) for side in measured):
        return {side: max(value, SHUT_PAIR) for side, value in seen.items()}
    return seen


def shut_beyond_doubt(measured: float, gap_mm: float, reading: EyeReading) -> bool:
    """Made-up or shaded lids look covered to the network, though nothing measured in the picture says so. Where its reading of
    the lids and the mesh's points both say shut, that tells more; for both eyes together only, see ``SHUT_PAIR``."""
    clear = measured >= 0.9 and reading.visible >= 0.1
    return clear and points_openness(gap_mm) <= 0.2 and reading.openness <= 0.4


def points_openness(gap_mm: float) -> float:
    """Of the mesh's lid points alone, 0..2."""
    return max(0.0, min(2.0, (gap_mm - SHUT_MM) / (OPEN_MM - SHUT_MM)))


def together(measured: float, network: float, shown: float = 0.5) -> float:
    """Visibility from two witnesses.

    The network's word stands, as far as what is measured in the picture does not speak clearly against it.

    Args:
        measured: see ``visibility``.
        network: the eye-state network's probability.
        shown: the network's probability that counts as half.
    """
    word, seen = _logit(network) - _logit(shown), _logit(measured)
    return 1.0 / (1.0 + math.exp(-min(word, (seen + word) / 2, seen + VETO)))


VETO = 0.4
"""An eye measured below 0.4 (logit -0.4: outside the frame, dark, structureless) is not shown, whatever the network says."""


def _logit(p: float) -> float:
    return log_odds(min(0.985, max(0.015, p)))


def _see_eye(grey: NDArray[np.uint8], mesh: FaceMesh, side: str, fit: HeadFit) -> float:
    measures = measure_patch(grey, mesh.eye_contours[side])
    return visibility(measures, turned_away(side, fit), _cheek_level(grey, mesh, side), fit.squash)


def read_eye(visible: float, contour: Points, fit: HeadFit, min_visible: float, reading: EyeReading | None = None) -> Eye:
    """The record's part: opening and closure only where the eye can be judged.

    The lid points of the mesh and the eye-state network's ``reading`` of the picture are two opinions, averaged; without the
    second the first stands alone.
    """
    visible = round(visible, 3)
    if visible < min_visible:
        return Eye(visible=visible)
    gap = opening_mm(contour, fit)
    openness = points_openness(gap)
    if reading is None:
        return _eye(visible, gap, openness, closed_probability(openness))
    both = (openness + reading.openness) / 2
    contradicted = openness - reading.openness > CONTRADICTION and reading.visible < SURE
    if contradicted or (both >= HALF_OPEN and reading.closed >= 0.5):
        return Eye(visible=UNDECIDED)  # the lid points call open what the picture calls shut: this eye can't be judged
    opening, std = mixed_gap(gap, reading)
    eye = _eye(visible, opening, both, closed_probability(both, HALF_OPEN))
    return msgspec.structs.replace(eye, opening_std_mm=round(std, 2))


def mixed_gap(points_mm: float, reading: EyeReading) -> tuple[float, float]:
    """Lid gap from the mesh's points and from the picture, each weighed by its uncertainty; and the result's, mm."""
    weights = 1.0 / POINTS_STD_MM**2, 1.0 / max(reading.gap_std_mm, 0.3) ** 2
    total = sum(weights)
    gap = (weights[0] * points_mm + weights[1] * reading.gap_mm) / total
    return gap, math.hypot(math.sqrt(1.0 / total), abs(points_mm - reading.gap_mm) * math.sqrt(weights[0] * weights[1]) / total)


def _eye(visible: float, gap: float, openness: float, closed: float) -> Eye:
    return Eye(visible=visible, opening_mm=round(gap, 2), openness=round(openness, 3), closed=round(closed, 3))


def opening_mm(contour: Points, fit: HeadFit) -> float:
    """Mean gap of the three middle lid pairs along the head's own up axis, mm; foreshortening by nod is taken out."""
    up = -fit.view[:2, 1]
    length = float(np.linalg.norm(up))
    pairs = contour[list(lm.LOWER_LID[2:5])] - contour[list(lm.UPPER_LID[2:5])]
    gap_px = float((pairs @ (-up / max(length, 1e-6))).mean())
    return max(0.0, gap_px / (fit.scale * max(length, 0.4)))


def closed_probability(openness: float, middle: float = CLOSED_MIDDLE) -> float:
    """Probability that the lids are shut, from the openness of a single picture; at ``middle`` shut is as likely as open."""
    return 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, (openness - middle) / CLOSED_WIDTH))))


def turned_away(side: str, fit: HeadFit) -> float:
    """Angle in degrees between the eye's forward axis and the line to the camera, counted to the side that hides this eye."""
    right_turn = math.degrees(math.atan2(fit.view[0, 2], fit.view[2, 2]))  # the head's forward axis is -z
    hidden = right_turn if side == "right" else -right_turn
    return max(0.0, hidden)


def measure_patch(grey: NDArray[np.uint8], contour: Points) -> PatchMeasures:
    """Cut the eye level and to a fixed size and measure it."""
    outer, inner = contour[lm.CONTOUR_OUTER], contour[lm.CONTOUR_INNER]
    middle = (outer + inner) / 2
    width = float(np.linalg.norm(outer - inner))
    line = outer - inner if outer[0] > inner[0] else inner - outer
    roi = Roi(float(middle[0]), float(middle[1]), max(2.0 * width, 4.0), math.atan2(line[1], line[0]))
    patch = roi.cut(grey, PATCH)
    centre = patch[PATCH // 4 : 3 * PATCH // 4, PATCH // 6 : 5 * PATCH // 6]
    smooth = cv2.GaussianBlur(patch, (7, 7), 1.2)
    inner_part = smooth[PATCH // 4 : 3 * PATCH // 4, PATCH // 6 : 5 * PATCH // 6]
    ordered = np.sort(inner_part, axis=None)
    structure = _quantile(ordered, 0.97) - _quantile(ordered, 0.03)
    return PatchMeasures(
        structure=structure,
        noise=_noise(centre),
        saturated=float((centre >= 250).mean()),
        mean=float(centre.mean()),
        inside=_share_inside(roi, grey.shape),
        lightest=_quantile(ordered, 0.80),
        middle=_quantile(ordered, 0.50),
        valley=_valley(smooth),
        steepness=_steepness(inner_part) / max(structure, 1.0),
    )


def visibility(m: PatchMeasures, hidden_deg: float, cheek: float | None = None, squash: float | None = None) -> float:
    """Probability that this eye can be judged: the weakest of the conditions decides.

    Args:
        m: measures of the patch.
        hidden_deg: see ``turned_away``.
        cheek: grey level of the cheek below, if there is a face round the eye.
        squash: see ``HeadFit``, if there is a face round the eye.
    """
    values = {
        "contrast": m.structure / (m.mean + 12.0),
        "structure": m.structure,
        "signal": (m.structure - 5.0 * m.noise) / (1.0 + m.noise),
        "not_saturated": 1.0 - m.saturated,
        "inside": m.inside,
        "facing": 90.0 - hidden_deg,
    }
    if cheek is not None:
        values |= {"skin": m.lightest / (cheek + 5.0), "middle": m.middle / (cheek + 5.0)}
    if squash is not None:
        values |= {"squash": squash, "valley": m.valley / (m.mean + 12.0), "steepness": m.steepness}
    weakest = min((value - LIMITS[name][0]) / LIMITS[name][1] for name, value in values.items())
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, weakest))))


def _valley(smooth: NDArray[np.uint8]) -> float:
    """Largest over four neighbouring groups of columns: the iris may stand anywhere between the corners."""
    rows = smooth[8:40, 14:34].astype(np.int32).cumsum(axis=1)
    best = -math.inf
    for start in (0, 4, 8, 12):
        profile = rows[:, start + 7] - (rows[:, start - 1] if start else 0)
        deepest = 10 + int(profile[10:23].argmin())
        best = max(best, float(min(profile[:deepest].max(), profile[deepest + 1 :].max()) - profile[deepest]) / 8)
    return best


def _steepness(part: NDArray[np.uint8]) -> float:
    change = np.sort(np.abs(part[2:].astype(np.int16) - part[:-2]), axis=None)
    return _quantile(change, 0.97) / 2


def _quantile(ordered: NDArray[Any], share: float) -> float:
    return float(ordered[int(share * (ordered.size - 1))])


def _cheek_level(grey: NDArray[np.uint8], mesh: FaceMesh, side: str) -> float | None:
    """Middle grey level of small windows on the cheek; ``None`` when the cheek is outside the picture."""
    points = mesh.points[list(lm.CHEEK[side]), :2].round().astype(int)
    half = max(1, round(float(np.linalg.norm(mesh.eye_contours[side][0] - mesh.eye_contours[side][8])) / 10))
    windows = [grey[max(0, y - half) : max(0, y + half + 1), max(0, x - half) : max(0, x + half + 1)] for x, y in points]
    levels = sorted(float(cv2.mean(w)[0]) for w in windows if w.size)
    return levels[len(levels) // 2] if levels else None


def _noise(patch: NDArray[np.uint8]) -> float:
    """Standard deviation of the sensor noise, grey levels."""
    response = np.abs(cv2.filter2D(patch, cv2.CV_32F, NOISE_MASK)[1:-1, 1:-1])
    middle = response.size // 2
    return float(np.partition(response, middle, axis=None)[middle] / 0.6745 / 6.0)


def _share_inside(roi: Roi, shape: tuple[int, ...]) -> float:
    half = roi.size / 2
    width = min(roi.cx + half, shape[1]) - max(roi.cx - half, 0)
    height = min(roi.cy + half / 2, shape[0]) - max(roi.cy - half / 2, 0)
    return max(0.0, width) * max(0.0, height) / (roi.size * half)
