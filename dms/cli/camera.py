"""Cameras: which there are, and what one of them really delivers.

    dms camera probe                                       every camera with its formats, and what GStreamer offers
    dms camera probe v4l2:0,format=Y10,size=1280x800       pictures for three seconds: rate, times, quality
    dms camera probe 'gst:videotestsrc is-live=true ! video/x-raw,format=GRAY8 ! appsink'

Exit code 4 when there is no camera, or the one named is of no use to the loop.
"""

import argparse
from typing import TYPE_CHECKING

from dms.cli.texts import spread_text
from dms.errors import UsageError

if TYPE_CHECKING:
    from dms.camera.v4l2 import Device
    from dms.runtime.probe import Probed

HELP = "which cameras there are, and what one of them really delivers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms camera``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    probe = actions.add_parser("probe", help="look for cameras, or look at one for a few seconds")
    probe.add_argument("source", nargs="?", help="v4l2:N[,format=..,size=..,fps=..] or gst:PIPELINE; without: list what there is")
    probe.add_argument("--seconds", type=float, default=3.0, help="how long to look (default: 3)")
    probe.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 4 without a usable camera."""
    if args.seconds <= 0:
        raise UsageError("--seconds must be more than 0")
    return _list(args.json) if args.source is None else _probe(args.source, args.seconds, args.json)


def _list(as_json: bool) -> int:
    import msgspec

    from dms.camera.gstreamer import camera_elements
    from dms.camera.v4l2 import devices

    found, elements = devices(), camera_elements()
    if as_json:
        print(msgspec.json.encode({"devices": found, "gstreamer": elements}).decode())
        return 0 if found else 4
    for device in found:
        print(f"{device.path}  {device.card} ({device.driver})")
        for mode in _distinct(device):
            print(f"  source: {mode}")
    if not found:
        print("no camera: no /dev/video* device answers; check cable, power and driver (CSI: the device tree)")
    for name, there in elements.items():
        print(f"GStreamer {name:<16} {'there' if there else 'not here'}")
    return 0 if found else 4


def _distinct(device: "Device") -> list[str]:
    """Each mode as the word that ``source:`` takes."""
    lines = []
    for mode in device.modes:
        size = f",size={mode.size[0]}x{mode.size[1]}" if mode.size else ""
        fps = f",fps={mode.fps[0]:g}" if mode.fps else ""
        lines.append(f"v4l2:{device.path},format={mode.fourcc}{size}{fps}")
    return lines


def _probe(spec: str, seconds: float, as_json: bool) -> int:
    import msgspec

    from dms.bus.samples import EncodingParameters
    from dms.camera.live import LiveSource
    from dms.camera.open import open_source
    from dms.profiles import load_profile
    from dms.runtime import clock
    from dms.runtime.probe import probe

    rules = load_profile("l3_default").rules.camera
    with open_source(spec, clock=clock.now) as source:
        if not isinstance(source, LiveSource):
            raise UsageError(f"{spec} is a file, not a camera; dms observe and dms replay read files")
        found = probe(source, seconds, rules.fps_min, EncodingParameters().stale_after_s)
    print(msgspec.json.encode(found).decode() if as_json else _text(found))
    return 4 if found.trouble else 0


def _text(found: "Probed") -> str:
    colour = "colour" if found.colour else "grey"
    counts = f"{found.lost} lost, {found.repeated} repeated"
    light = f"mean {found.mean:.0f}, saturated {found.saturated:.1%}, blocked {found.blocked:.0%}"
    lines = [
        f"camera   {found.source}",
        f"pictures {found.pictures} of {found.size}, {colour}, {found.fps} a second, {counts}",
        f"period   {spread_text(found.period_ms)}",
        f"age      {spread_text(found.age_ms)} on arrival; time stamps of the {found.stamps}",
        f"quality  {light}, sharpness {found.sharpness:.0f}",
        *(f"trouble  {line}" for line in found.trouble),
    ]
    return "\n".join(lines if found.trouble else [*lines, "the loop can use it"])
