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


def face_points(mesh, rgb, name):
    """478 x 3 in pixels: 468 of the face, then five of each iris, the driver's left first."""
    found = mesh.process(rgb).multi_face_landmarks
    if not found:
        sys.exit(f"MediaPipe found no face in the picture {name}")
    size = rgb.shape[1], rgb.shape[0], rgb.shape[1]
    points = np.array([(p.x, p.y, p.z) for p in found[0].landmark]) * size
    return points.astype(np.float32)


def judge_faces(mp):
    import cv2
    from skimage import data

    out = {}
    with mp.solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True) as mesh:
        for name, numbers in ((n, recipe(*v)) for n, v in VARIANTS.items()):
            rgb = apply(data.astronaut(), numbers)
            out[f"{name}_recipe"] = numbers
            out[f"{name}_colour"] = face_points(mesh, rgb, name)
            out[f"{name}_grey"] = face_points(mesh, as_three(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)), name)
    return out


def judge_hand(mp, picture):
    """21 points in pixels, and the square that MediaPipe's palm detector led it to: centre x, y, side (pixels), angle."""
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
    rect = result.hand_rects_from_palm_detections[0]
    roi = [rect.x_center * width, rect.y_center * height, rect.width * width, rect.rotation]
    label = result.multi_handedness[0].classification[0]
    # MediaPipe names the hand as if the picture were mirrored.
    right = label.score if label.label == "Left" else 1.0 - label.score
    return {
        "hand_picture": picture,
        "hand_points": points.astype(np.float32),
        "hand_roi": np.array(roi),
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
    import mediapipe as mp

    if args.hand:
        whole = cv2.imread(str(args.hand), cv2.IMREAD_GRAYSCALE)
        picture = np.full_like(whole, FILL)
        picture[HAND] = whole[HAND]
    else:
        picture = np.load(args.out)["hand_picture"]
    arrays = judge_faces(mp) | judge_hand(mp, picture)
    np.savez_compressed(args.out, **arrays)
    print(f"{args.out}: {args.out.stat().st_size / 1e3:.0f} kB, mediapipe {version}")


if __name__ == "__main__":
    main()
