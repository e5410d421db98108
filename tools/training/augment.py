"""Makes a rendered picture look like anybody's camera took it: any background, any exposure, blur, noise, compression, dirt.

Sizes are relative to the picture, so that the same functions serve faces and eyes. All pictures are grey, uint8.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Rng = np.random.Generator


def background(rng: Rng, height: int, width: int) -> Grey:
    """Anything: clouds of every coarseness, slopes, blocks, lines, text, checks, mixed."""
    picture = np.full((height, width), rng.uniform(0, 255), np.float32)
    if rng.random() < 0.7:
        picture += clouds(rng, height, width) * float(rng.uniform(10, 130))
    if rng.random() < 0.5:
        picture += _slope(rng, height, width) * float(rng.uniform(-120, 120))
    out = np.clip(picture, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 14))):
        _draw_something(rng, out)
    if rng.random() < 0.5:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 6))), np.uint8)
    return out


def clouds(rng: Rng, height: int, width: int) -> NDArray[np.float32]:
    """Smooth noise about 0, standard deviation about 1."""
    out = np.zeros((height, width), np.float32)
    for cells in 2 ** rng.integers(1, 7, size=2):
        small = rng.standard_normal((int(cells) + 1, int(cells) + 1)).astype(np.float32)
        out += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return out * np.float32(0.7)


def _slope(rng: Rng, height: int, width: int) -> NDArray[np.float32]:
    a, b = rng.normal(size=2)
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None]
    return np.asarray(a * x + b * y, np.float32)


def _draw_something(rng: Rng, picture: Grey) -> None:
    height, width = picture.shape
    level = float(rng.uniform(0, 255))
    p, q = ((int(rng.integers(-20, width + 20)), int(rng.integers(-20, height + 20))) for _ in range(2))
    kind = rng.integers(5)
    thick = int(rng.integers(1, 9)) if rng.random() < 0.5 or kind == 1 else -1
    if kind == 0:
        cv2.rectangle(picture, p, q, level, thick)
    elif kind == 1:
        cv2.line(picture, p, q, level, thick)
    elif kind == 2:
        axes = (int(rng.integers(3, width // 2)), int(rng.integers(3, height // 2)))
        cv2.ellipse(picture, p, axes, float(rng.uniform(0, 180)), 0, 360, level, thick)
    elif kind == 3:
        cv2.putText(picture, "".join(chr(c) for c in rng.integers(48, 90, 5)), p, 0, float(rng.uniform(0.5, 2.5)), level, 2)
    else:
        corners = rng.integers(-20, max(width, height) + 20, (int(rng.integers(3, 7)), 2)).astype(np.int32)
        cv2.fillPoly(picture, [corners], level)


def put_behind(rng: Rng, picture: Grey, driver: Mask, behind: Grey) -> Grey:
    """``behind`` shows wherever the driver is not; the edge is as soft as a lens makes it."""
    alpha = cv2.GaussianBlur(driver.astype(np.float32), (0, 0), float(rng.uniform(0.4, 1.2)))
    mixed = alpha * picture + (1 - alpha) * behind
    return np.asarray(mixed, np.uint8)


def relight(rng: Rng, picture: Grey) -> Grey:
    """Another light: gamma, gain, offset, a slope of light, a vignette, stretched contrast."""
    level = picture.astype(np.float32) / 255
    mean = float(level.mean()) + 1e-3
    level = level ** np.float32(np.exp(rng.normal(0, 0.35)))
    wanted = float(np.exp(rng.normal(np.log(0.33), 0.5)))
    gain = wanted / (float(level.mean()) + 1e-3) if rng.random() < 0.8 else 1.0
    brightest = float(np.partition(level, int(0.9 * level.size), axis=None)[int(0.9 * level.size)])
    level *= np.float32(np.clip(gain, 0.3, min(6.0 if mean > 0.02 else 2.0, 1.25 / (brightest + 1e-3))))
    height, width = picture.shape
    if rng.random() < 0.4:
        level *= 1 + np.float32(rng.uniform(0.1, 0.6)) * np.clip(_slope(rng, height, width), -1, 1)
    if rng.random() < 0.3:
        level += np.float32(rng.uniform(0, 0.25))  # stray light
    if rng.random() < 0.2:
        level = 0.5 + (level - level.mean()) * np.float32(rng.uniform(0.4, 1.6))
    if rng.random() < 0.1:
        level = level * (1 + np.float32(0.25) * clouds(rng, height, width))
    return np.asarray(np.clip(level, 0, 1) * 255, np.uint8)


def sensor(rng: Rng, picture: Grey) -> Grey:
    """What a camera and a codec do: blur of focus and motion, coarse pixels, noise, JPEG."""
    out: Any = picture
    height, width = picture.shape
    if rng.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.8)))
    if rng.random() < 0.12:
        out = _motion(rng, out)
    if rng.random() < 0.35:
        scale = float(rng.uniform(0.3, 0.9))
        small = cv2.resize(out, (max(8, int(width * scale)), max(8, int(height * scale))), interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (width, height), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    if rng.random() < 0.1:
        sharp = cv2.GaussianBlur(out, (0, 0), 1.0)
        out = cv2.addWeighted(out, 1.8, sharp, -0.8, 0)
    if rng.random() < 0.7:
        out = _noise(rng, out)
    if rng.random() < 0.5:
        quality = int(rng.integers(25, 95))
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    return np.asarray(out, np.uint8)


def _motion(rng: Rng, picture: Grey) -> Grey:
    length = int(rng.integers(3, 9))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), float(rng.uniform(0, 180)), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / max(float(kernel.sum()), 1e-3)), np.uint8)


def _noise(rng: Rng, picture: Grey) -> Grey:
    """Shot noise (300 to 6000 electrons at full scale) and read noise."""
    level = picture.astype(np.float32)
    electrons = float(np.exp(rng.uniform(np.log(300), np.log(6000))))
    sigma = np.sqrt(np.maximum(level, 1) * (255 / electrons) + float(rng.uniform(0.2, 2.5)) ** 2)
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * sigma
    return np.asarray(np.clip(level + noise + 0.5, 0, 255), np.uint8)


def occlude(rng: Rng, picture: Grey, covered: Mask | None = None) -> tuple[Grey, Mask]:
    """A thing in the way: a blob, bar or corner of any texture. Returns the picture and which pixels are covered."""
    height, width = picture.shape
    shape = np.zeros((height, width), np.uint8)
    middle = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
    kind = rng.integers(3)
    if kind == 0:
        axes = (int(rng.uniform(0.08, 0.5) * width), int(rng.uniform(0.08, 0.5) * height))
        cv2.ellipse(shape, middle, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    elif kind == 1:
        end = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.line(shape, middle, end, 1, max(1, int(rng.uniform(0.05, 0.5) * height)))
    else:
        corners = np.array(middle) + rng.normal(0, 0.35, (5, 2)) * (width, height)
        cv2.fillPoly(shape, [cv2.convexHull(corners.astype(np.int32))], 1)
    hidden = shape.astype(bool)
    texture = background(rng, height, width)
    out = put_behind(rng, texture, hidden, picture)
    return out, hidden if covered is None else hidden | covered


def shade(rng: Rng, picture: Grey) -> Grey:
    """A hard or soft shadow over one side, as low sun and window posts throw it."""
    height, width = picture.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    turn = float(rng.uniform(0, 2 * np.pi))
    across = (x - rng.uniform(0.25, 0.75) * width) * np.cos(turn) + (y - rng.uniform(0.25, 0.75) * height) * np.sin(turn)
    soft = float(np.exp(rng.uniform(np.log(0.01), np.log(0.3)))) * width
    lit = 1 / (1 + np.exp(np.clip(-across / soft, -30, 30)))
    deep = float(rng.uniform(0.05, 0.7))
    return np.asarray(picture * (deep + (1 - deep) * lit), np.uint8)


def strands(rng: Rng, picture: Grey) -> Grey:
    """Locks of hair over the picture, from above or from one side."""
    height, width = picture.shape
    out, level = picture.copy(), float(rng.uniform(0, 160))
    root, bend = rng.uniform(0, width), rng.normal(0, 0.15)
    for _ in range(int(np.exp(rng.uniform(np.log(3), np.log(40))))):
        x = root + rng.normal(0, 0.12) * width + np.linspace(0, bend + rng.normal(0, 0.06), 8) * width
        y = np.linspace(-0.05, rng.uniform(0.3, 1.1), 8) * height
        line = np.rint(np.stack([x, y], axis=1)).astype(np.int32)
        cv2.polylines(out, [line], False, float(np.clip(level + rng.normal(0, 15), 0, 255)), int(rng.integers(1, 4)), cv2.LINE_AA)
    return out
