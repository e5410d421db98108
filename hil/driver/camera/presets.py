"""How good a camera is, as data: ``clean``, ``good``, ``cheap``, ``old``, and one drawn at random for training.

Electrons a pixel follow from the target of the exposure control: about 0.3 of the full scale at gain 1, divided by the gain in
the dark: some 3000 for a good global-shutter sensor down to 300 for a cheap one. Silicon sees half as well at 940 nm as at 850.
Blur, defocus and vibration are for 640 pixels over the larger side.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from dms.errors import UsageError
from hil.driver.camera.exposure import ExposureLimits
from hil.driver.camera.grime import Grime
from hil.driver.camera.optics import Optics
from hil.driver.camera.sensor import SensorSpec
from hil.driver.camera.shutter import Shutter

Preset = Literal["clean", "good", "cheap", "old", "random"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Everything about a camera but its place; distortion as OpenCV's k1 k2 p1 p2 k3, none = a perfect pinhole."""

    distortion: tuple[float, ...] = ()
    wavelength_nm: Literal[850, 940] = 940
    led_layout: Literal["ring", "bars"] = "bars"
    led_apart_mm: float = 70.0
    led_exponent: float = 2.0
    shutter: Shutter = field(default_factory=Shutter)
    exposure: ExposureLimits = field(default_factory=ExposureLimits)
    sensor: SensorSpec = field(default_factory=SensorSpec)
    optics: Optics = field(default_factory=Optics)
    grime: Grime = field(default_factory=Grime)
    vibration_px: float = 0.3


CLEAN = Quality(
    sensor=SensorSpec(shot=False, read_e=0.0, prnu=0.0, column_e=0.0, black=0.0),
    optics=Optics(blur_px=0.5, vignette=0.15, veil=0.004),
    vibration_px=0.0,
)
"""No noise, dirt, distortion or shake: for logs that store noise as a seed, and for tests."""

GOOD = Quality(
    distortion=(-0.08, 0.03, 0.0, 0.0, 0.0),
    sensor=SensorSpec(bits=10, full_scale_e=9000, well_e=9500, electrons_per_s=7.5e6, read_e=4, prnu=0.005, column_e=1.5),
    optics=Optics(blur_px=0.55, vignette=0.2, veil=0.006),
    vibration_px=0.3,
)

CHEAP = Quality(
    distortion=(-0.22, 0.09, 0.0006, -0.0005, 0.0),
    wavelength_nm=850,
    led_layout="ring",
    led_apart_mm=26.0,
    led_exponent=3.0,
    exposure=ExposureLimits(max_s=8e-3, max_gain=12.0, strobe_s=3e-3, target=0.28, speed=0.4),
    sensor=SensorSpec(
        full_scale_e=4200, well_e=4300, electrons_per_s=2.6e6, read_e=8, prnu=0.012, column_e=5, hot_share=2e-5, black=0.02
    ),
    optics=Optics(blur_px=0.85, vignette=0.4, veil=0.015),
    vibration_px=0.6,
)

OLD = Quality(
    distortion=(-0.28, 0.12, -0.0012, 0.001, 0.0),
    wavelength_nm=850,
    led_apart_mm=90.0,
    led_exponent=1.5,
    shutter=Shutter(kind="rolling", readout_s=16e-3),
    # A rolling shutter's rows are not all open at once, so its LEDs shine all the time.
    exposure=ExposureLimits(max_s=20e-3, max_gain=8.0, strobe_s=20e-3, target=0.26, speed=0.3, face_weight=0.0),
    sensor=SensorSpec(
        full_scale_e=3000, well_e=3000, electrons_per_s=3e5, read_e=14, prnu=0.02, column_e=9, hot_share=1e-4, black=0.03
    ),
    optics=Optics(blur_px=1.1, defocus_px=2.0, vignette=0.5, veil=0.03),
    grime=Grime(dust=0.25, smear=0.15, seed=3),
    vibration_px=1.0,
)

_FIXED = {"clean": CLEAN, "good": GOOD, "cheap": CHEAP, "old": OLD}


def quality(preset: Preset, rng: np.random.Generator | None = None) -> Quality:
    """The camera of that name.

    Raises:
        UsageError: no such preset, or ``random`` without ``rng``.
    """
    if preset not in get_args(Preset):
        raise UsageError(f"no camera preset '{preset}'; there are {', '.join(get_args(Preset))}")
    if preset != "random":
        return _FIXED[preset]
    if rng is None:
        raise UsageError("the camera preset 'random' needs a random generator; give rng")
    return random(rng)


def random(rng: np.random.Generator) -> Quality:
    """A camera drawn from the whole range between the fixed ones and a little beyond, for training."""
    wavelength: Literal[850, 940] = 850 if rng.random() < 0.5 else 940
    rolling = rng.random() < 0.25
    strobe = 20e-3 if rolling else float(rng.uniform(1e-3, 4e-3))
    k1 = float(rng.uniform(-0.3, 0.02))
    return Quality(
        distortion=(k1, abs(k1) * float(rng.uniform(0.2, 0.5)), *(float(p) for p in rng.uniform(-0.001, 0.001, 2)), 0.0),
        wavelength_nm=wavelength,
        led_layout="ring" if rng.random() < 0.4 else "bars",
        led_apart_mm=float(rng.uniform(22, 120)),
        led_exponent=float(rng.uniform(1.0, 5.0)),
        shutter=Shutter(kind="rolling", readout_s=float(rng.uniform(8e-3, 25e-3))) if rolling else Shutter(),
        exposure=ExposureLimits(
            max_s=strobe * float(rng.uniform(1.0, 2.5)),
            max_gain=float(rng.uniform(6, 16)),
            strobe_s=strobe,
            target=float(rng.uniform(0.2, 0.42)),
            face_weight=float(rng.choice([0.0, 0.4, 0.7])),
        ),
        sensor=_random_sensor(rng, strobe, wavelength),
        optics=_random_optics(rng),
        grime=_random_grime(rng),
        vibration_px=float(rng.exponential(0.5)),
    )


def _random_sensor(rng: np.random.Generator, strobe_s: float, wavelength_nm: int) -> SensorSpec:
    full = math.exp(float(rng.uniform(math.log(2500), math.log(10000))))
    # Radiance 1 over the whole strobe gives 0.5 to 3 times the full scale: some cameras need gain, some expose shorter.
    sees = math.exp(float(rng.uniform(math.log(0.5), math.log(3.0)))) * (1.0 if wavelength_nm == 850 else 0.6)
    return SensorSpec(
        bits=10 if rng.random() < 0.5 else 8,
        full_scale_e=full,
        well_e=full * float(rng.uniform(1.0, 1.1)),
        electrons_per_s=sees * full / strobe_s,
        read_e=float(rng.uniform(2, 15)),
        prnu=float(rng.uniform(0.002, 0.02)),
        column_e=float(rng.exponential(3.0)),
        hot_share=float(rng.choice([0.0, 2e-5, 1e-4])),
        black=float(rng.uniform(0.0, 0.03)),
    )


def _random_optics(rng: np.random.Generator) -> Optics:
    return Optics(
        blur_px=float(rng.uniform(0.35, 1.3)),
        defocus_px=float(rng.uniform(1.5, 4.0)) if rng.random() < 0.15 else 0.0,
        vignette=float(rng.uniform(0.05, 0.6)),
        veil=math.exp(float(rng.uniform(math.log(0.003), math.log(0.04)))),
    )


def _random_grime(rng: np.random.Generator) -> Grime:
    """Most cameras are clean; one in seven has something."""
    grime = Grime(dust=float(rng.uniform(0, 0.3)) if rng.random() < 0.3 else 0.0, seed=int(rng.integers(1 << 31)))
    draw = float(rng.random())
    strength = float(rng.uniform(0.1, 0.6))
    if draw < 0.05:
        return replace(grime, smear=strength)
    if draw < 0.10:
        return replace(grime, dirt=0.6 * strength)
    return replace(grime, condensation=strength) if draw < 0.14 else grime
