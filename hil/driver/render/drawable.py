"""What can be drawn: meshes with a material, the skin of a figure, LEDs. NumPy only; the contract between looks and renderer.

Albedo is the share of near-infrared light (940 nm) that a surface throws back. Sizes are mm. Texture rows run from the bottom
(v = 0) upwards, as OpenGL wants them: flip a picture with ``[::-1]``. Noise is looked up by place in the rest frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dms.records.base import Vector
from dms.records.cabin import CameraPose
from hil.driver.ids import Id

Floats = NDArray[np.float32]
Texture = NDArray[np.uint8]
Kind = Literal["skin", "cloth", "hair", "plain", "lens", "glass"]
Attach = Literal["head", "bones", "hand_left", "hand_right", "vehicle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strands:
    """Hair on a card or shell: texture coordinate u runs across the strands, v from the root (0) to the tip (1).

    Attributes:
        across: strands in one unit of u.
        root, tip: share of the surface that strands cover at either end; 1 is closed.
        wave: sideways waves, in strand distances.
        ragged: how unevenly long the strands are, share of v.
        clump: 0..1, how much neighbouring strands share their brightness.
        shine: strength of the highlight along the strands (Kajiya-Kay); ``sharp``: its exponent.
    """

    across: float = 80.0
    root: float = 1.0
    tip: float = 0.4
    wave: float = 0.6
    ragged: float = 0.3
    clump: float = 0.5
    shine: float = 0.12
    sharp: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """How a surface looks.

    Attributes:
        id: word of the label picture.
        kind: ``hair`` needs ``strands``; ``lens`` is see-through with reflections (its ID shows only where one hides what
            is behind); ``glass`` is opaque with mirror reflections (dark sunglasses, a phone's screen).
        albedo: 0..1.
        specular: share reflected at right angles (0.028 skin, 0.04 plastic, 0.5 metal); ``gloss``: exponent of the highlight.
        wrap: 0..1, how far light creeps round into the shade (skin 0.35, cloth 0.1).
        alpha: lens: share of light that is kept from what is behind; others: not used.
        noise: relative spread of the albedo; ``noise_mm``: size of one noise tile.
        folds: 0..1, cloth: strength of folds; ``weave``: 0..1, fine thread pattern.
        texture: h x w multiplies the albedo, of a lens ``alpha`` (255 = 1); h x w x 2 has coverage second, below half nothing is
            drawn.
        height: h x w, mm, small relief.
        reflect: lens and glass: share that is mirrored at right angles (0.04 plain, 0.01 coated, 0.3 mirrored).
        strands: for ``hair``.
    """

    id: Id
    kind: Kind = "plain"
    albedo: float = 0.4
    specular: float = 0.04
    gloss: float = 16.0
    wrap: float = 0.0
    alpha: float = 0.0
    noise: float = 0.1
    noise_mm: float = 60.0
    folds: float = 0.0
    weave: float = 0.0
    texture: Texture | None = None
    height: Floats | None = None
    reflect: float = 0.04
    strands: Strands | None = None

    def __post_init__(self) -> None:
        """Refuse hair without strands."""
        if self.kind == "hair" and self.strands is None:
            raise ValueError("a material of kind hair needs strands")


@dataclass(frozen=True, slots=True, eq=False)
class Follow:
    """How a mesh goes with the moving face: each vertex is shifted by what a vertex of the head part has moved.

    Attributes:
        rows: k, vertices of the head part (``Posed.rest["head"]``).
        neutral: k x 3, where those are with a neutral face.
        share: k, 0..1, how much of the shift is taken.
        ahead: k, mm forwards for each mm of the shift (cloth that a chin pushes out); ``None``: 0.
    """

    rows: NDArray[np.int64]
    neutral: Floats
    share: Floats
    ahead: Floats | None = None

    def shift(self, head: Floats) -> Floats:
        """Shift of each vertex, k x 3 mm, for the head part's vertices in a pose."""
        moved = head[self.rows] - self.neutral
        out = moved * self.share[:, None]
        if self.ahead is not None:
            out[:, 0] += self.ahead * np.sqrt((moved**2).sum(axis=1))
        return np.asarray(out, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """A triangle mesh; the renderer keeps it on the GPU as long as it gets the same object.

    Attributes:
        vertices: k x 3. ``attach`` says in which frame: ``head`` and ``bones``: the rest frame (x forward, y left, z up, origin
            between the eyeball centres); ``hand_left`` / ``hand_right``: the palm's axes; ``vehicle``: the vehicle frame.
        normals: k x 3, unit; ``None``: smooth normals are computed.
        uv: k x 2; ``None``: zeros.
        triangles: n x 3, counter-clockwise seen from outside.
        bones, weights: k x 4, for ``bones``: rows of ``Posed.bones`` and weights that add up to 1.
        ambient: k, share 0..1 of the ambient light that gets there.
        two_sided: drawn and lit from both sides.
        follow: moves with the face (beards, masks); in the rest frame, so only for ``head`` and ``bones``.
    """

    vertices: Floats
    triangles: NDArray[np.int64]
    material: Material
    attach: Attach = "head"
    normals: Floats | None = None
    uv: Floats | None = None
    bones: NDArray[np.int64] | None = None
    weights: Floats | None = None
    ambient: Floats | None = None
    two_sided: bool = False
    name: str = ""
    follow: Follow | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        k = len(self.vertices)
        wanted = {"normals": (k, 3), "uv": (k, 2), "bones": (k, 4), "weights": (k, 4), "ambient": (k,), "vertices": (k, 3)}
        for name, shape in wanted.items():
            value: NDArray[Any] | None = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"mesh {self.name}: {name} is {value.shape}, must be {shape}")
        if len(self.triangles) and (int(self.triangles.max()) >= k or int(self.triangles.min()) < 0):
            raise ValueError(f"mesh {self.name}: a triangle names vertex {int(self.triangles.max())} of {k}")
        if self.follow is not None and (self.attach not in ("head", "bones") or self.follow.neutral.shape != (k, 3)):
            raise ValueError(f"mesh {self.name}: follows the face, so it needs a row a vertex and the rest frame")
        if self.attach == "bones" and (self.bones is None or self.weights is None):
            raise ValueError(f"mesh {self.name}: attached to bones, so it needs bones and weights")


def _plain_albedo() -> Texture:
    return np.full((4, 4), 255, np.uint8)


def _crew_neck() -> Floats:
    around = np.linspace(-np.pi, np.pi, 64, endpoint=False)
    return (-152.0 + 18.0 * np.cos(np.pi - around)).astype(np.float32)


def _shirt() -> Material:
    return Material(id=Id.CLOTH, kind="cloth", albedo=0.4, wrap=0.1, specular=0.01, folds=0.5, weave=0.4)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skin:
    """The surface of the figure's own parts; all parts share one texture atlas, the UV of the asset.

    Attributes:
        base: albedo of the skin.
        albedo: h x w, multiplies ``base`` (brows, stubble, moles painted in); ``height``: h x w, mm, wrinkles and pores.
        gloss_map: h x w, multiplies the skin's highlight (255 = 1; oily forehead and nose); ``None``: 1.
        specular, gloss, wrap: as in ``Material``.
        lips, lids: factors on the albedo of lips and eyelids.
        nails: factor on the nails' albedo.
        sclera, iris: albedo of the white of the eye and of the iris; ``iris_contrast`` 0..1, ``iris_seed``: its fibres.
        bright_pupil: retro-reflection of the pupil, radiance with the LED in the lens; ``bright_pupil_deg``: how fast it fades.
        lash: albedo of the lashes; ``lash_density``: lashes along one lid; ``lash_cover``: 0..1, how thick they are.
        teeth, tongue: albedo.
        cloth: what covers the body below the neckline.
        neckline: 64 heights (z of the rest frame, mm) of the cloth's edge around the neck, from the back (-pi) over the right
            (-pi/2), front (0) and left (pi/2).
        sleeve_mm: how far the sleeves reach along ``sleeve_axis``, from the origin of the rest frame.
        sleeve_axis: unit vector along the left fore-arm; the right one is its mirror image.
        belt: whether the seat belt lies over the chest; ``belt_mm``: how far the band is moved towards the neck.
    """

    base: float = 0.58
    albedo: Texture = field(default_factory=_plain_albedo)
    height: Floats | None = None
    gloss_map: Texture | None = None
    specular: float = 0.03
    gloss: float = 14.0
    wrap: float = 0.35
    lips: float = 0.85
    lids: float = 0.9
    nails: float = 1.1
    sclera: float = 0.55
    iris: float = 0.3
    iris_contrast: float = 0.5
    iris_seed: int = 0
    bright_pupil: float = 0.6
    bright_pupil_deg: float = 2.5
    lash: float = 0.05
    lash_density: float = 55.0
    lash_cover: float = 0.45
    teeth: float = 0.6
    tongue: float = 0.45
    cloth: Material = field(default_factory=_shirt)
    neckline: Floats = field(default_factory=_crew_neck)
    sleeve_mm: float = 520.0
    sleeve_axis: Vector = (0.0, 1.0, 0.0)
    belt: bool = True
    belt_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """One LED of the camera, vehicle frame; radiant intensity falls with the cosine to ``direction`` to the power ``exponent``.

    ``power`` is its share; the renderer scales shares so that they add up to 1.
    """

    position_mm: Vector
    direction: Vector
    exponent: float = 2.0
    power: float = 1.0


def leds_beside(pose: CameraPose, offsets_mm: Sequence[Vector], exponent: float = 2.0) -> list[Led]:
    """LEDs of equal power mounted beside a camera (offsets in its frame: right, down, ahead), shining where it looks."""
    turn = pose.rotation()
    ahead = (float(turn[0, 2]), float(turn[1, 2]), float(turn[2, 2]))
    places = [np.asarray(pose.position_mm, float) + turn @ np.asarray(offset, float) for offset in offsets_mm]
    return [Led(position_mm=(float(x), float(y), float(z)), direction=ahead, exponent=exponent) for x, y, z in places]


def smooth_normals(vertices: Floats, triangles: NDArray[np.int64]) -> Floats:
    """Unit vertex normals (k x 3), triangles weighted by area."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    out = np.stack([np.bincount(triangles.ravel(), np.repeat(face[:, i], 3), len(vertices)) for i in range(3)], axis=1)
    return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), np.float32)
