"""A mesh network draws open eyes onto anything. Nothing of that may come out as an open (or shut) eye that nobody saw."""

from collections.abc import Callable

import cv2
import numpy as np
import portraits
import pytest

from dms.perception.pipeline import Perception
from dms.records.frame import Frame
from dms.records.observation import Eye, Observation

Observe = Callable[[np.ndarray], Observation]


@pytest.fixture(scope="session")
def observe(face_engines: dict) -> Observe:
    chain = Perception(face_engines)
    return lambda grey: chain.observe(Frame(grey=grey, t=0.0), independent=True)


def eyes_of(observation: Observation) -> dict[str, Eye]:
    """Both eyes, or none where no face was read."""
    return observation.eyes or {}


def assert_unknown(observation: Observation) -> None:
    """No eye is called open or shut, and no line of sight is drawn from invented irises."""
    read = {side: (e.visible, e.opening_mm, e.closed) for side, e in eyes_of(observation).items() if e.closed is not None}
    assert not read, f"(visible, mm, closed) of an eye that cannot be seen: {read}"
    assert all(e.openness is None and e.opening_mm is None for e in eyes_of(observation).values())
    assert observation.gaze is None


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0])
def test_bare_open_eyes_are_read(observe: Observe, scale: float, noise: float) -> None:
    eyes = eyes_of(observe(portraits.noisy(portraits.portrait(scale), noise)))
    for eye in (eyes["left"], eyes["right"]):
        assert eye.visible is not None and eye.visible > 0.9
        assert eye.closed is not None and eye.closed < 0.1
        assert eye.opening_mm is not None and 6.0 < eye.opening_mm < 12.0


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize("level", [0, 40, 128, 170, 200, 255], ids=["black", "dark", "mid", "skin", "light", "white"])
@pytest.mark.requirement("NV-08", "MET-05")
def test_bar_over_the_eyes(observe: Observe, scale: float, noise: float, level: int) -> None:
    assert_unknown(observe(portraits.with_bar(scale, level, noise=noise)))


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize(("low", "high"), [(20, 60), (40, 200), (200, 40), (120, 180), (200, 250)])
def test_bar_with_a_gradient(observe: Observe, scale: float, noise: float, low: int, high: int) -> None:
    assert_unknown(observe(portraits.with_bar(scale, low, high, noise)))


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("level", [6, 15, 30, 45])
@pytest.mark.parametrize("streak", [0.0, 60.0, 110.0, 180.0, 240.0], ids=lambda v: f"streak{v:.0f}")
@pytest.mark.requirement("NV-08")
def test_dark_lenses_with_a_reflection(observe: Observe, scale: float, level: float, streak: float) -> None:
    assert_unknown(observe(portraits.with_lenses(scale, level, max(streak, level))))


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("line", [0.25, 0.45, 0.65])
def test_closed_lids_are_never_open(observe: Observe, scale: float, noise: float, line: float) -> None:
    eyes = eyes_of(observe(portraits.with_closed_lids(scale, line, noise)))
    read = {side: (e.visible, e.opening_mm, e.closed) for side, e in eyes.items()}
    assert all(e.closed is None or e.closed > 0.5 for e in eyes.values()), read
    if line > 0.4 and noise < 2:  # a clear lash line is enough to be sure
        assert all(e.closed is not None for e in eyes.values()) and len(eyes) == 2, read


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("share", [0.01, 0.02, 0.03])
@pytest.mark.requirement("NV-05")
def test_too_dark(observe: Observe, scale: float, share: float) -> None:
    """A few grey levels of light under sensor noise of two."""
    assert_unknown(observe(portraits.noisy(portraits.portrait(scale) * share, 2.0)))


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_dim_is_open_or_unknown(observe: Observe, scale: float, share: float) -> None:
    eyes = eyes_of(observe(portraits.noisy(portraits.portrait(scale) * share, 1.5)))
    assert all(e.closed is None or e.closed < 0.5 for e in eyes.values()), eyes


@pytest.mark.parametrize("exponent", [1.5, 2.2, 4.0, 6.0])
@pytest.mark.parametrize("noise", [0.0, 1.5])
def test_dark_gamma_is_open_or_unknown(observe: Observe, exponent: float, noise: float) -> None:
    """The eyes are open: dark may hide them, but must not shut them."""
    eyes = eyes_of(observe(portraits.noisy(portraits.gamma(portraits.portrait(2.0), exponent), noise)))
    assert all(e.closed is None or e.closed < 0.5 for e in eyes.values()), eyes
    if exponent < 2:
        assert all(e.closed is not None for e in eyes.values()) and eyes


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("gain", [4.0, 8.0])
@pytest.mark.requirement("NV-05")
def test_saturated(observe: Observe, scale: float, gain: float) -> None:
    grey = np.clip(portraits.portrait(scale) * gain, 0, 255).astype(np.uint8)
    assert_unknown(observe(grey))


@pytest.mark.parametrize("kind", ["flat", "flat_noise", "finger", "cloth", "droplets"])
@pytest.mark.requirement("FS-03")
def test_covered_lens(observe: Observe, kind: str) -> None:
    observation = observe(covered(kind))
    assert_unknown(observation)
    assert observation.face is not None and not observation.face.present
    assert observation.image is not None and observation.image.blocked is not None
    if kind != "droplets":
        assert observation.image.blocked > 0.5


def covered(kind: str) -> np.ndarray:
    """640 x 480 of a lens that something lies on."""
    rng = np.random.default_rng(5)
    flat = np.full((480, 640), 70.0)
    if kind == "flat":
        return flat.astype(np.uint8)
    if kind == "flat_noise":
        return portraits.noisy(flat, 3.0)
    texture = rng.normal(0.0, 1.0, flat.shape)
    sigma, contrast = {"finger": (150.0, 6.0), "cloth": (25.0, 3.0), "droplets": (30.0, 40.0)}[kind]
    soft = cv2.GaussianBlur(texture, (0, 0), sigma)
    return portraits.noisy(flat + contrast * soft / soft.std(), 2.0)


@pytest.mark.parametrize("cut", [0.35, 0.5, 0.65], ids=lambda v: f"cut{v}")
@pytest.mark.parametrize("side", ["left", "right"])
def test_half_a_face_at_the_edge(observe: Observe, side: str, cut: float) -> None:
    """The eye outside the picture is unknown; the picture's edge runs through the face at ``cut`` between the eyes."""
    grey = portraits.portrait(2.0)
    right, left = portraits.eye_middles(2.0)
    edge = round(right[0] + cut * (left[0] - right[0]))
    seen = grey[:, edge:] if side == "left" else grey[:, :edge]
    eyes = eyes_of(observe(np.ascontiguousarray(seen)))
    gone = eyes.get("right" if side == "left" else "left")
    assert gone is None or gone.closed is None, gone
    assert all(e.closed is None or e.closed < 0.5 for e in eyes.values()), eyes


@pytest.mark.parametrize("height", [0.0, 0.3])
def test_face_cut_off_below_the_eyes(observe: Observe, height: float) -> None:
    """The frame's upper edge takes the eyes away."""
    grey = portraits.portrait(2.0)
    y = round(float(portraits.eye_middles(2.0)[:, 1].mean()) + height * 60)
    assert_unknown(observe(np.ascontiguousarray(grey[y:])))
