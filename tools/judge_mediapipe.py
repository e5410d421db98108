"""Freezes what MediaPipe 0.10.21 itself sees on a portrait and a hand, for tests/perception/test_perception_parity.py.

Run it in an environment of its own with ``mediapipe==0.10.21`` and ``scikit-image``; the other tests need neither. The hand is
cut out of ``right04.jpg`` of OpenCV's sample data (Debian package ``opencv-doc``, Apache-2.0 and BSD-3-Clause); without
``--hand`` the crop that is already in the file is kept.

    python tools/judge_mediapipe.py [--hand right04.jpg] [--out tests/perception/reference/mediapipe.npz]
"""

import argparse
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

JUDGE = "0.10.21"
OUT = Path(__file__).parents[1] / "tests" / "perception" / "reference" / "mediapipe.npz"
FACE = (226.0, 125.0)  # about the middle of the face in scikit-image's 512 x 512 astronaut
HAND = (slice(100, 480), slice(300, 600))  # rows and columns round the gripping hand in right04.jpg
FILL = 0  # grey level of the rest of the picture, which is not kept

# name: rotation in degrees (clockwise in the picture), scale, shift in pixels, gamma
VARIANTS = {
    "as_is": (0.0, 1.0, (0.0, 0.0), 1.0),
    "clockwise": (20.0, 1.0, (0.0, 0.0), 1.0),
    "anticlockwise": (-20.0, 1.0, (0.0, 0.0), 1.0),
    "small": (0.0, 0.75, (0.0, 0.0), 1.0),
    "dark": (0.0, 1.0, (0.0, 0.0), 2.2),
    "shifted": (0.0, 1.0, (87.0, 141.0), 1.0),
}


def recipe(rotation, scale, shift, gamma):
    """Seven numbers that make a variant: 2 x 3 matrix of the warp, gamma."""
    angle = np.deg2rad(rotation)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.c_[turn, np.array(FACE) - turn @ FACE + shift]
    return np.array([*matrix.ravel(), gamma])


def apply(rgb, numbers):
    """The variant of a picture; pixels from outside repeat the border."""
    import cv2

    size = rgb.shape[1], rgb.shape[0]
    warped = cv2.warpAffine(rgb, numbers[:6].reshape(2, 3), size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.round(255.0 * (warped / 255.0) ** numbers[6]).astype(np.uint8)


def as_three(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def face_points(graph, rgb, name):
    """478 x 3 in pixels: 468 of the face, then five of each iris, the driver's right first; and the square, see ``square``."""
    result = graph.process({"image": rgb})
    if not result.multi_face_landmarks:
        sys.exit(f"MediaPipe found no face in the picture {name}")
    height, width = rgb.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in result.multi_face_landmarks[0].landmark]) * (width, height, width)
    return points.astype(np.float32), square(result.face_rects_from_detections[0], rgb.shape)


def square(rect, shape):
    """Where MediaPipe's detector led it: centre x, y, side in pixels, angle in radians."""
    return np.array([rect.x_center * shape[1], rect.y_center * shape[0], rect.width * shape[1], rect.rotation])


def judge_faces():
    import cv2
    from mediapipe.python.solution_base import SolutionBase
    from skimage import data

    out = {}
    graph = "mediapipe/modules/face_landmark/face_landmark_front_cpu.binarypb"
    side = {"num_faces": 1, "with_attention": True, "use_prev_landmarks": False}
    wanted = ["multi_face_landmarks", "face_rects_from_detections"]
    with SolutionBase(binary_graph_path=graph, side_inputs=side, outputs=wanted) as mesh:
        for name, numbers in ((n, recipe(*v)) for n, v in VARIANTS.items()):
            rgb = apply(data.astronaut(), numbers)
            out[f"{name}_recipe"] = numbers
            out[f"{name}_colour"], _ = face_points(mesh, rgb, name)
            grey = as_three(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
            out[f"{name}_grey"], out[f"{name}_roi"] = face_points(mesh, grey, name)
    return out


def judge_hand(picture):
    """21 points in pixels, and the square that the palm detector led MediaPipe to."""
    from mediapipe.python.solution_base import SolutionBase

    graph = "mediapipe/modules/hand_landmark/hand_landmark_tracking_cpu.binarypb"
    side = {"model_complexity": 1, "num_hands": 2, "use_prev_landmarks": False}
    wanted = ["multi_hand_landmarks", "multi_handedness", "hand_rects_from_palm_detections"]
    with SolutionBase(binary_graph_path=graph, side_inputs=side, outputs=wanted) as hands:
        result = hands.process({"image": as_three(picture)})
    if not result.multi_hand_landmarks:
        sys.exit("MediaPipe found no hand")
    height, width = picture.shape
    points = np.array([(p.x, p.y, p.z) for p in result.multi_hand_landmarks[0].landmark]) * (width, height, width)
    roi = square(result.hand_rects_from_palm_detections[0], picture.shape)
    label = result.multi_handedness[0].classification[0]
    # MediaPipe names the hand as if the picture were mirrored.
    right = label.score if label.label == "Left" else 1.0 - label.score
    return {
        "hand_picture": picture,
        "hand_points": points.astype(np.float32),
        "hand_roi": roi,
        "hand_right": np.float32(right),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hand", type=Path, help="right04.jpg of OpenCV's sample data")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    version = metadata.version("mediapipe")
    if version != JUDGE:
        sys.exit(f"this is mediapipe {version}; the reference is {JUDGE}: pip install mediapipe=={JUDGE}")
    import cv2

    if args.hand:
        whole = cv2.imread(str(args.hand), cv2.IMREAD_GRAYSCALE)
        picture = np.full_like(whole, FILL)
        picture[HAND] = whole[HAND]
    else:
        picture = np.load(args.out)["hand_picture"]
    arrays = judge_faces() | judge_hand(picture)
    np.savez_compressed(args.out, **arrays)
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB, mediapipe {version}")


if __name__ == "__main__":
    main()
