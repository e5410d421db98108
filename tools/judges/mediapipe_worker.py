"""Runs in an environment of its own with ``mediapipe==0.10.21``: all pictures of a folder to ``seen.jsonl``, one line each.

    python mediapipe_worker.py FOLDER

``NAME.png`` is grey; ``NAME_hands.png``, tinted like skin, is a second try for the hands.
``face``: 478 x 3 in pixels (the driver's right iris first) or empty; ``hands``: a list of 21 x 3.
"""

import json
import sys
from importlib import metadata
from pathlib import Path

JUDGE = "0.10.21"


def points(landmarks, shape):
    height, width = shape
    return [[round(p.x * width, 3), round(p.y * height, 3), round(p.z * width, 3)] for p in landmarks.landmark]


def judge(folder):
    import cv2
    from mediapipe.python.solutions import face_mesh, hands

    cv2.setNumThreads(1)
    faces = face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True)
    palms = hands.Hands(static_image_mode=True, max_num_hands=2, model_complexity=1)
    with faces, palms, (folder / "seen.jsonl").open("w") as out:
        for path in sorted(folder.glob("*[0-9].png")):
            picture, tinted = (cv2.imread(str(p))[:, :, ::-1].copy() for p in (path, path.with_name(f"{path.stem}_hands.png")))
            face = faces.process(picture).multi_face_landmarks or []
            hand = palms.process(picture).multi_hand_landmarks or palms.process(tinted).multi_hand_landmarks or []
            size = picture.shape[:2]
            line = {"face": points(face[0], size) if face else [], "hands": [points(h, size) for h in hand]}
            out.write(json.dumps(line) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    version = metadata.version("mediapipe")
    if version != JUDGE:
        sys.exit(f"this is mediapipe {version}, wanted {JUDGE}: pip install mediapipe=={JUDGE}")
    judge(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
