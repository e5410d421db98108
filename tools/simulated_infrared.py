"""Simulated near-infrared copies of colour pictures: a stress test of the chain, not near-infrared accuracy.

    python tools/simulated_infrared.py PICTURES OUT [--only NAME ...]

Red-weighted grey, a radial fall-off of the light round a wandering middle, mean level 45 to 110, shot noise of 300 to 3000
electrons at full scale, 8 bit. Everything is drawn from the file's name, so the same name always gives the same copy. Names are
kept; the content is PNG whatever the name ends in (readers go by content), so no second JPEG coding is added.
"""

import argparse
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
WEIGHTS_BGR = (0.05, 0.2, 0.75)
"""Near-infrared is beyond red: skin is bright, blue things tell nothing."""
MIDDLE = 0.15
"""The middle of the light lies within this share of the picture's size round the picture's middle."""
FALL_OFF = (0.3, 1.2)
"""Light in a corner, a distance r (in half diagonals) from the middle: 1 / (1 + k r^2) with k in this range."""
MEAN = (45.0, 110.0)
ELECTRONS = (300.0, 3000.0)


def main() -> int:
    """Writes the copies and says how many."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, help="folder with colour pictures")
    parser.add_argument("out", type=Path, help="folder for the copies; keep it to yourself if the pictures are not yours")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these files only")
    args = parser.parse_args()
    if not args.pictures.is_dir():
        parser.error(f"{args.pictures}: no such folder")
    names = args.only or sorted(p.name for p in args.pictures.iterdir() if p.suffix.lower() in KINDS)
    print(f"{copies(args.pictures, args.out, names)} of {len(names)} pictures copied to {args.out}")
    return 0


def copies(pictures: Path, out: Path, names: Iterable[str]) -> int:
    """Writes the copy of each readable picture under its own name; how many there were."""
    import cv2

    out.mkdir(parents=True, exist_ok=True)
    done = 0
    for name in names:
        picture = cv2.imread(str(pictures / name), cv2.IMREAD_COLOR)
        if picture is not None:
            cv2.imencode(".png", infrared(picture, name))[1].tofile(out / name)
            done += 1
    return done


def infrared(bgr: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """One picture as a near-infrared camera with its own lamp might show it; the draws hang on ``name`` alone."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    light = bgr.astype(np.float32) @ np.array(WEIGHTS_BGR, np.float32) * fall_off(*bgr.shape[:2], rng)
    level, electrons = rng.uniform(*MEAN), np.exp(rng.uniform(*np.log(ELECTRONS)))
    light = np.minimum(light * (level / max(float(light.mean()), 1e-3)) / 255.0, 1.0)  # one exposure; what is too bright is white
    noisy = rng.poisson(light * electrons) / electrons * 255.0
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def fall_off(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The lamp's light over the picture, 1 in its middle."""
    strength = rng.uniform(*FALL_OFF)
    middle_x, middle_y = (0.5 + rng.uniform(-MIDDLE, MIDDLE, 2)) * (width, height)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    square = ((x - middle_x) ** 2 + (y - middle_y) ** 2) / ((width**2 + height**2) / 4)
    return (1.0 / (1.0 + strength * square)).astype(np.float32)


if __name__ == "__main__":
    sys.exit(main())
