"""CPU time a frame of our chain against MediaPipe 0.10.21 (refined face mesh + hands) on the same frames, in alternating runs.

Two comparisons: perception alone on a clip (a moving portrait, a real hand in half of the frames), and the whole ``dms replay``
(decoding, perception, rules, CAN, writing; its start-up too) on a drive log. Each run is a process of its own; counted is user +
system time of all its threads. MediaPipe runs as it comes, with its own number of threads; only its ``process`` calls count.

    python tools/cpu_against_mediapipe.py --judge-python /path/to/python [--rounds 5] [--frames 600] [--log sample]

Prints one JSON object: CPU ms a frame (median, least, most of the rounds) and the ratio ours / MediaPipe.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve()
REFERENCE = HERE.parents[1] / "tests" / "perception" / "reference" / "mediapipe.npz"
WIDTH, HEIGHT = 640, 480
HAND = (slice(100, 480), slice(300, 600))
WARM = 30
HAND_FRAMES = 75  # so many frames with the hand, then as many without


def clip(frames, path):
    """Writes ``frames`` pictures of the moving portrait, with sensor noise and now and then the hand."""
    import cv2
    from skimage import data

    out = np.lib.format.open_memmap(path, "w+", np.uint8, (frames, HEIGHT, WIDTH))
    portrait = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    with np.load(REFERENCE) as reference:
        hand = cv2.resize(reference["hand_picture"][HAND], None, fx=0.9, fy=0.9)
    hand = 255.0 * (hand / 255.0) ** 0.7  # as light as the portrait, so that both find it
    rng = np.random.default_rng(1)
    for k in range(frames):
        wave = np.sin(2 * np.pi * k * np.array([1 / 97, 1 / 61, 1 / 43]))
        scale, angle = 1.25 + 0.1 * wave[0], 0.12 * wave[1]
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = np.array([200 + 20 * wave[2], 170 + 15 * wave[0]]) - turn @ (226, 125)
        picture = cv2.warpAffine(portrait, np.c_[turn, shift], (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE) * 0.7
        if k // HAND_FRAMES % 2:
            y, x = 128 + round(8 * wave[1]), 364 + round(4 * wave[2])
            picture[y : y + hand.shape[0], x : x + hand.shape[1]] = hand
        out[k] = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255)
    out.flush()


def log_frames(name, path):
    """Writes the pictures of a drive log; returns how many."""
    from dms.camera.open import open_source

    with open_source(name) as source:
        pictures = [f.grey for f in source.frames()]
    np.save(path, np.stack(pictures))
    return len(pictures)


def threads():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Threads:"):
            return int(line.split()[1])
    return None


def ours(pictures, laps):
    import cv2

    from dms.inference.engine_set import EngineSet
    from dms.perception.pipeline import SLOTS, Perception
    from dms.records.frame import Frame

    cv2.setNumThreads(1)
    with EngineSet(SLOTS) as engines:
        chain = Perception(engines)
        for k, grey in enumerate(pictures):
            frame = Frame(grey=np.array(grey), t=k / 30, index=k)
            start = time.process_time()
            seen = chain.observe(frame)
            laps.append(time.process_time() - start)
            yield bool(seen.face and seen.face.present), bool(seen.hands)


def judge(pictures, laps):
    import mediapipe as mp

    solutions = mp.solutions
    with (
        solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh,
        solutions.hands.Hands(max_num_hands=2) as hands,
    ):
        for grey in pictures:
            rgb = np.repeat(np.array(grey)[..., None], 3, axis=2)
            start = time.process_time()
            face, hand = mesh.process(rgb), hands.process(rgb)
            laps.append(time.process_time() - start)
            yield bool(face.multi_face_landmarks), bool(hand.multi_hand_landmarks)


def work(who, path):
    """One measured run; its result as JSON on stdout."""
    laps = []
    found = np.array(list({"ours": ours, "mediapipe": judge}[who](np.load(path, mmap_mode="r"), laps)))
    face, hand = found.mean(axis=0)
    result = {"cpu_ms": 1e3 * float(np.mean(laps[WARM:])), "face": round(face, 3), "hand": round(hand, 3), "threads": threads()}
    sys.__stdout__.write(json.dumps(result) + "\n")


def run_worker(python, who, path):
    done = subprocess.run([python, str(HERE), "--work", who, str(path)], capture_output=True, text=True, env=environment())
    if done.returncode:
        sys.exit(f"{who} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_replay(log, frames):
    """CPU time of ``dms replay`` as a child process, per frame, its start-up and the loading of the networks included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dms", "replay", log, "--out", folder, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
    if done.returncode:
        sys.exit(f"dms replay failed: {done.stderr.strip()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_ms": 1e3 * cpu / frames}


def environment():
    path = os.pathsep.join(filter(None, [str(HERE.parents[1]), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "GLOG_minloglevel": "3", "TF_CPP_MIN_LOG_LEVEL": "3"}


def summary(runs):
    values = [r["cpu_ms"] for r in runs]
    rest = {k: v for k, v in runs[-1].items() if k != "cpu_ms"}
    return {"cpu_ms": round(statistics.median(values), 2), "least": round(min(values), 2), "most": round(max(values), 2), **rest}


def compare(rounds, own, theirs):
    """Alternating runs, so that a busy moment hits both."""
    mine, judged = [], []
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        mine.append(own())
        judged.append(theirs())
    ratios = [a["cpu_ms"] / b["cpu_ms"] for a, b in zip(mine, judged, strict=True)]
    return {"ours": summary(mine), "mediapipe": summary(judged), "ratio": round(statistics.median(ratios), 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--judge-python", help="interpreter of an environment with mediapipe==0.10.21")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=600, help="length of the clip")
    parser.add_argument("--log", default="sample", help="drive log of the second comparison")
    parser.add_argument("--work", nargs=2, metavar=("WHO", "FRAMES"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work(*args.work)
        return
    if not args.judge_python:
        parser.error("--judge-python is needed")
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "frames.npy", {"cpus": os.cpu_count(), "machine": platform.machine()}
        clip(args.frames, path)
        theirs = lambda: run_worker(args.judge_python, "mediapipe", path)  # noqa: E731
        out["perception"] = compare(args.rounds, lambda: run_worker(sys.executable, "ours", path), theirs)
        frames = log_frames(args.log, path)
        out["replay"] = compare(args.rounds, lambda: run_replay(args.log, frames), theirs) | {"frames": frames}
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
