"""Makes ``dms/drivelog/sample/sample.mcap``: a minute of one driver with labels, CAN traffic and a takeover request.

    python tools/make_sample_log.py [--out FILE] [--sheet FILE.png] [--seed N]

The same seed gives the same pictures, labels and CAN frames. ``--sheet`` writes a contact sheet to look at.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from sample_driver import HEIGHT, WIDTH, Driver, Pose, eye_places, roll_deg

import dms
from dms.bus.layout import DBC
from dms.bus.port import BusCounts, CanFrame
from dms.drivelog.format import TRUTH, CanRecord, LogHeader, file_sha256
from dms.drivelog.noise import Noise
from dms.drivelog.reader import LogReader
from dms.drivelog.writer import LogWriter
from dms.records import Frame
from dms.records.cabin import Camera
from hil.handover import HandoverPeer

OUT = Path(__file__).resolve().parent.parent / "dms" / "drivelog" / "sample" / "sample.mcap"
FPS = 30
SECONDS = 60.0
CAN_PERIOD = 0.020
STORY = (
    (0.0, 12.0, "attentive"), (12.0, 14.0, "head_tilted"), (14.0, 16.0, "head_turned"), (16.0, 18.0, "eyes_closed"),
    (18.0, 20.0, "attentive"), (20.0, 22.0, "looking_aside"), (22.0, 27.0, "eyes_covered"), (27.0, 31.0, "attentive"),
    (31.0, 37.0, "dark"), (37.0, 41.0, "attentive"), (41.0, 45.0, "face_gone"), (45.0, 50.0, "attentive"),
    (50.0, 60.0, "takeover_request"),
)  # fmt: skip
SPAN = {name: (start, end) for start, end, name in STORY if name != "attentive"}
HANDS_ON, TAKEN_OVER = 52.5, 57.0
NIGHT_LIGHT = 0.16
NOISE, NIGHT_NOISE = 1.5, 3.5
CAMERA = Camera(fx=664.0, fy=664.0, cx=WIDTH / 2, cy=HEIGHT / 2, width=WIDTH, height=HEIGHT)
"""64 px between pupils 63 mm apart at 650 mm."""


def phase(t: float, name: str, edge: float) -> float:
    """0 outside, 1 inside a part of the story; smooth over ``edge`` seconds at both ends, inside the part."""
    start, end = SPAN[name]
    inside = min(t - start, end - t) / edge
    x = min(1.0, max(0.0, inside))
    return x * x * (3 - 2 * x)


def blinks(rng: np.random.Generator) -> list[tuple[float, float]]:
    """(start, length) of each blink; none while the eyes are closed or covered or the face is gone."""
    out, t = [], 1.5
    while t < SECONDS:
        length = float(rng.uniform(0.20, 0.28))
        if not any(SPAN[n][0] - 0.5 < t < SPAN[n][1] + 0.3 for n in ("eyes_closed", "eyes_covered", "face_gone")):
            out.append((round(t, 3), round(length, 3)))
        t += float(rng.uniform(2.4, 4.6))
    return out


def openness(t: float, when: list[tuple[float, float]]) -> tuple[float, bool]:
    """Eye opening 0..1, and whether that is a blink: down in 30 %, up in 50 % of its length."""
    opened = 1.0 - phase(t, "eyes_closed", 0.15)
    for start, length in when:
        x = (t - start) / length
        if 0 < x < 1:
            return min(opened, 1 - x / 0.3 if x < 0.3 else max(0.0, (x - 0.5) / 0.5)), True
    return opened, False


def pose_at(t: float, when: list[tuple[float, float]], sway: np.ndarray) -> tuple[Pose, bool]:
    """The picture's pose at a time, and whether a blink is under way."""
    waves = [float(np.sin(2 * np.pi * (f * t + p))) for f, p in sway]
    gone = phase(t, "face_gone", 0.8)
    covered = phase(t, "eyes_covered", 0.4)
    dark = phase(t, "dark", 0.3)
    aside = phase(t, "looking_aside", 0.1)
    opened, blink = openness(t, when)
    return Pose(
        shift=(7 * waves[0] + 4 * waves[1] + gone * 560, 4 * waves[2] + gone * 60),
        scale=1.0 + 0.015 * waves[3] + 0.04 * phase(t, "takeover_request", 1.5),
        tilt_deg=1.2 * waves[4] + 15 * phase(t, "head_tilted", 0.6) - 14 * gone,
        turn=1.2 * waves[5] + 10 * phase(t, "head_turned", 0.5),
        openness=opened,
        iris=(0.25 * waves[6] + 3.6 * aside, 0.0),
        glasses=1.0 - covered if covered > 0 else None,
        light=(1.0 + 0.03 * waves[7]) * (1.0 - (1.0 - NIGHT_LIGHT) * dark),
    ), blink


def truth(t: float, number: int, pose: Pose, blink: bool) -> dict[str, object]:
    """Labels of one picture; ``None``: does not apply or lies between."""
    eyes = eye_places(pose)
    inside = [0 < x < WIDTH for x, _ in eyes.values()]
    present = all(inside) if all(inside) or not any(inside) else None
    here = bool(present)
    covered = False if pose.glasses is None else True if pose.glasses <= 0.05 else None  # None: on their way
    return {
        "frame": number,
        "t": round(t, 6),
        "situation": next(name for start, end, name in STORY if start <= t < end),
        "face_present": present,
        "eyes_covered": covered if here else None,
        "eyes_closed": pose.openness < 0.2 if here else None,
        "openness": round(pose.openness, 3) if here else None,
        "blink": blink,
        "eyes_on_road": abs(pose.iris[0]) < 1.5 and pose.turn < 5 if here else None,
        "dark": pose.light < 0.5,
        "roll_deg": roll_deg(pose) if here else None,
        "eyes_px": eyes if here else None,
        "hands_on": t >= HANDS_ON,
        "takeover_request": SPAN["takeover_request"][0] <= t < TAKEN_OVER,
    }


class RecordingBus:
    """A CAN bus with nobody else on it: what the peer sends goes into the log as received."""

    def __init__(self, log: LogWriter) -> None:
        self.counts = BusCounts()
        self.now = 0.0
        self._log = log

    def send(self, frame: CanFrame) -> bool:
        self._log.can(CanRecord(frame.can_id, frame.data, frame.extended, frame.fd, frame.bit_rate_switch), self.now)
        return True

    def receive(self, timeout_s: float) -> CanFrame | None:
        return None

    def close(self) -> None:
        pass


def drive(peer: HandoverPeer, t: float) -> None:
    """What vehicle and handover controller say at a time."""
    start = SPAN["takeover_request"][0]
    asking = peer.request.phase != "None"
    if not asking and start <= t < TAKEN_OVER:
        peer.ask_takeover("Imminent", 10.0)
    elif asking and t >= TAKEN_OVER:
        peer.end_takeover()
        peer.drive(l3_state="inactive")
    elif asking:
        peer.request = replace(peer.request, budget_s=round(max(0.0, start + 10.0 - t), 1))
    hands = t >= HANDS_ON
    torque = round(0.6 * float(np.sin(t * 2.1)), 2) if hands else 0.0
    peer.drive(t=t, speed_kmh=round(58.0 + 2.0 * float(np.sin(t / 7)), 2), hands_on=hands, steering_torque_nm=torque, brake=False)


def make(out: Path, seed: int) -> None:
    """Write the log."""
    rng = np.random.default_rng(seed)
    when, sway = blinks(rng), np.c_[rng.uniform(0.06, 0.35, 8), rng.uniform(0, 1, 8)]
    header = LogHeader(
        software=f"dms {dms.__version__}",
        camera=CAMERA,
        vehicle="sample_portrait",
        dbc=DBC.name,
        dbc_sha256=file_sha256(DBC),
        note="Made by tools/make_sample_log.py from scikit-image's astronaut portrait (NASA, public domain). Not a real drive.",
    )
    noise = Noise(seed, [(0.0, SECONDS, NOISE), (*SPAN["dark"], NIGHT_NOISE)])
    options = {"quality": 20, "fps": FPS, "keyframe_s": 2.0, "preset": "slower"}
    out.parent.mkdir(parents=True, exist_ok=True)
    driver = Driver()
    with LogWriter(out, header, "h264", options, noise) as log:
        bus = RecordingBus(log)
        peer, cycle = HandoverPeer(bus), 0
        for number in range(round(SECONDS * FPS)):
            t = number / FPS
            while cycle * CAN_PERIOD <= t + 1e-9:
                bus.now = cycle * CAN_PERIOD
                drive(peer, bus.now)
                peer.step(bus.now)
                cycle += 1
            pose, blink = pose_at(t, when, sway)
            log.frame(Frame(driver.render(pose), t, number, number), received=t + 0.004)
            log.json(TRUTH, truth(t, number, pose, blink), t + 0.004, t)


def contact_sheet(log: Path, out: Path, step_s: float = 1.5) -> None:
    """Small pictures of the finished log, each with its time and label."""
    with LogReader(log) as reader:
        labels = {m.json()["frame"]: m.json() for m in reader.messages((TRUTH,))}
        tiles = []
        for frame in reader.frames():
            if frame.index % round(step_s * FPS) == FPS // 2:
                tile = cv2.resize(frame.grey, (240, 180), interpolation=cv2.INTER_AREA)
                cv2.putText(tile, f"{frame.t:.1f} {labels[frame.index]['situation']}", (4, 14), 0, 0.45, 255, 1, cv2.LINE_AA)
                tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 8)
    cv2.imwrite(str(out), np.vstack([np.hstack(tiles[i : i + 8]) for i in range(0, len(tiles), 8)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sheet", type=Path, help="contact sheet to write")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    make(args.out, args.seed)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")
    if args.sheet:
        contact_sheet(args.out, args.sheet)


if __name__ == "__main__":
    main()
