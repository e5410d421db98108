"""Makes the package's sample again: ``dms/drivelog/sample/sample.mcap`` and all that follows from it.

    LP_NUM_THREADS=1 python tools/make_sample_log.py [--out FILE] [--sheet FILE.png] [--seed N]

The synthetic driver plays the scenario ``sample`` (about four minutes on one core); the log holds pictures, labels, CAN traffic
and a takeover request. Then, unless ``--out`` names another place: the driver file ``calibration/drivers/sample.yaml``, from the
seconds in which he looks into the lens, and the hash of the decoded pictures for the tests. Needs ``dms[synth,cpu]`` and built
engines. ``--sheet`` writes a contact sheet. The same renderer and seed give the same pictures, labels and CAN frames.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

import dms
from dms.bus.layout import DBC
from dms.cli.main import main as command
from dms.drivelog.format import TRUTH, LogHeader, file_sha256
from dms.drivelog.noise import Noise
from dms.drivelog.reader import LogReader
from dms.records import Frame
from hil.driver.behaviour.parts import LookAt
from hil.driver.behaviour.scenario import Scenario, load_scenario
from hil.driver.studio import Studio
from hil.driver.truth.labels import Truth, decode_truth
from hil.driver.truth.log_store import LogOptions, write_log

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "dms" / "drivelog" / "sample" / "sample.mcap"
DRIVER = ROOT / "calibration" / "drivers" / "sample.yaml"
HASH = ROOT / "tests" / "drivelog" / "sample.sha256"
HASHED_S = (30.5, 32.5)
"""H.264 decoding and the noise are exact: these pictures are the same bytes on every machine."""

LIMIT_BYTES = 6e6
NOISE = 1.5
"""Standard deviation of the sensor noise, grey levels: a good global-shutter sensor at this brightness."""

NOISE_SEED = 7
CODING = {"keyframe_s": 2.0, "preset": "slower"}
QUALITY = 23
SETTLED_S = 0.7
"""Eyes and head need so long to come to rest on the lens."""


def make(out: Path, scenario: Scenario) -> None:
    """Write the log."""
    noise = Noise(NOISE_SEED, [(0.0, scenario.duration_s, NOISE)])
    options = LogOptions(codec="h264", quality=QUALITY, coding=CODING, fps=scenario.fps, noise=noise, landmarks=False)
    with Studio(scenario) as studio:
        header = LogHeader(
            software=f"dms {dms.__version__}",
            camera=studio.camera,
            vehicle=scenario.vehicle,
            driver="sample",
            dbc=DBC.name,
            dbc_sha256=file_sha256(DBC),
            note=f"Synthetic driver, scenario {scenario.name}; made by tools/make_sample_log.py. Not a person, not a real drive.",
        )
        write_log(out, counted(studio.frames(), round(scenario.duration_s * scenario.fps)), header, options)


def counted(pairs: Iterator[tuple[Frame, Truth]], total: int) -> Iterator[tuple[Frame, Truth]]:
    for number, pair in enumerate(pairs, 1):
        if number % 150 == 0:
            print(f"{number} of {total} pictures", file=sys.stderr)
        yield pair


def calibrate(log: Path, scenario: Scenario) -> None:
    """The driver file, by the product's own command."""
    part = next(p for p in scenario.parts if isinstance(p, LookAt) and p.zone == "lens")
    span = ["--start", f"{part.at + SETTLED_S:g}", "--end", f"{part.at + part.for_s:g}"]
    if command(["calibrate", "gaze", str(log), *span, "--name", "sample", "--out", str(DRIVER)]) != 0:
        raise SystemExit("no driver file was made; the log is no use without one")


def picture_hash(log: Path) -> str:
    """SHA-256 over the decoded pictures of ``HASHED_S``."""
    digest = hashlib.sha256()
    with LogReader(log) as reader:
        for frame in reader.frames(*HASHED_S):
            digest.update(frame.grey.tobytes())
    return digest.hexdigest()


def contact_sheet(log: Path, out: Path, step_s: float = 1.5) -> None:
    """Small pictures of the finished log, each with its time and what happens."""
    with LogReader(log) as reader:
        labels = [decode_truth(m.data) for m in reader.messages((TRUTH,))]
        tiles = []
        for frame in reader.frames():
            if frame.index % round(step_s * 30) == 15:
                tile = cv2.resize(frame.grey, (240, 180), interpolation=cv2.INTER_AREA)
                story = labels[frame.index].story
                cv2.putText(tile, f"{frame.t:.1f} {story.part or story.activity}", (4, 14), 0, 0.45, 255, 1, cv2.LINE_AA)
                tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 8)
    cv2.imwrite(str(out), np.vstack([np.hstack(tiles[i : i + 8]) for i in range(0, len(tiles), 8)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--sheet", type=Path, help="contact sheet to write")
    parser.add_argument("--seed", type=int, help="of all chance in the scenario (default: its own)")
    args = parser.parse_args()
    scenario = load_scenario("sample")
    if args.seed is not None:
        scenario = msgspec.structs.replace(scenario, seed=args.seed)
    make(args.out, scenario)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")
    if args.sheet:
        contact_sheet(args.out, args.sheet)
    if args.out.stat().st_size > LIMIT_BYTES:
        raise SystemExit(f"larger than {LIMIT_BYTES / 1e6:g} MB: raise QUALITY")
    if args.out.resolve() == OUT:
        calibrate(args.out, scenario)
        HASH.write_text(picture_hash(args.out) + "\n")


if __name__ == "__main__":
    main()
