"""The work of ``dms scenario``: scenario in; pictures, labels, logs, videos, training sets or a contact sheet out."""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import msgspec

from dms import __version__
from dms.drivelog.format import LogHeader
from dms.errors import InputError
from dms.records import Frame
from dms.records.cabin import Cabin, Camera
from dms.records.jsonl import encode
from hil.driver.behaviour.scenario import Scenario
from hil.driver.truth.atomic import finished_file, finished_folder
from hil.driver.truth.crops import SIZES, Kind
from hil.driver.truth.drawing import Canvas, sheet, tile, write_png, write_video
from hil.driver.truth.labels import Truth
from hil.driver.truth.log_store import LogOptions, write_log
from hil.driver.truth.observation import observe
from hil.driver.truth.training_store import Manifest, Plan, fill

Pairs = Iterable[tuple[Frame, Truth]]
Size = tuple[int, int]
_ASSETS = Path(__file__).resolve().parents[1] / "asset"


class StudioLike(Protocol):
    """A synthetic driver before a camera."""

    cabin: Cabin
    camera: Camera

    def frames(self, stop_s: float | None = None) -> Iterator[tuple[Frame, Truth]]:
        """Pictures and labels in order."""

    def __enter__(self) -> "StudioLike":
        """Open the renderer."""

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        """Close the renderer."""


Opener = Callable[[Scenario, Size | None, int | None], StudioLike]


def open_studio(scenario: Scenario, size: Size | None, seed: int | None) -> StudioLike:
    """The real studio.

    Raises:
        HardwareError: there is no renderer.
    """
    from hil.driver.studio import Studio  # only here: it brings the renderer

    return Studio(scenario, size=size, seed=seed)


def open_shots(scenario: Scenario, size: Size | None, seed: int | None, region: Kind = "full") -> StudioLike:
    """Single pictures for training, which show no more than ``region``.

    Raises:
        HardwareError: there is no renderer.
    """
    from hil.driver.shots import Shots  # only here: it brings the renderer

    return Shots(scenario, size=size, seed=seed, region=region)


@dataclass(frozen=True, slots=True)
class Order:
    """What to render, and how much of it.

    Attributes:
        scenario: with the wanted picture rate already in it.
        size: of the picture; ``None``: the scenario's own.
        seed: of driver and chance; ``None``: the scenario's own.
        count: pictures at most (cut-outs, for a training set).
    """

    scenario: Scenario
    opener: Opener
    size: Size | None = None
    seed: int | None = None
    count: int | None = None

    def open(self) -> StudioLike:
        """A studio for it; a context manager."""
        return self.opener(self.scenario, self.size, self.seed)

    def pairs(self, studio: StudioLike) -> Pairs:
        """Its pictures."""
        return islice(studio.frames(), self.count)

    def __call__(self, seed: int) -> Generator[tuple[Frame, Truth], None, None]:
        """One run with another seed, for training sets."""
        with replace(self, seed=seed, count=None).open() as studio:
            yield from studio.frames()


def render_log(order: Order, out: Path, labels: bool) -> int:
    """A drive log; returns the number of pictures."""
    scenario = order.scenario
    with order.open() as studio:
        header = LogHeader(
            software=f"dms {__version__}",
            camera=studio.camera,
            vehicle=scenario.vehicle,
            note=f"Synthetic driver, scenario {scenario.name}. Not a real drive.",
        )
        return write_log(out, order.pairs(studio), header, LogOptions(fps=scenario.fps, labels=labels))


def render_video(order: Order, out: Path, labels: bool) -> int:
    """A video, with labels beside it as ``NAME.jsonl``; returns the number of pictures."""
    with order.open() as studio, _LabelFile(out.with_suffix(".jsonl") if labels else None) as note:
        return write_video(out, (frame.grey for frame, _ in note.passing(order.pairs(studio))), order.scenario.fps)


def render_pictures(order: Order, out: Path, labels: bool) -> int:
    """A folder of PNG pictures with ``camera.json`` and, if wanted, ``labels.jsonl``; returns the number of pictures."""
    import cv2

    count = 0
    with order.open() as studio, finished_folder(out) as part:
        (part / "camera.json").write_bytes(msgspec.json.format(msgspec.json.encode(studio.camera)) + b"\n")
        with _LabelFile(part / "labels.jsonl" if labels else None) as note:
            for frame, _ in note.passing(order.pairs(studio)):
                (part / f"{frame.index:06d}.png").write_bytes(cv2.imencode(".png", frame.grey)[1].tobytes())
                count += 1
    return count


def render_records(order: Order, out: Path, labels: bool = False) -> int:
    """Vehicle records and perfect observations as JSON Lines, the input of ``dms assess``; returns the number of pictures."""
    count = 0
    with order.open() as studio, finished_file(out) as part, open(part, "wb") as file:
        for _, truth in order.pairs(studio):
            file.write(encode(truth.vehicle) + b"\n" + encode(observe(truth, order.scenario.name)) + b"\n")
            count += 1
    return count


def render_set(order: Order, out: Path, crop: Kind, workers: int, progress: Callable[[Manifest], None] | None = None) -> Manifest:
    """A training set; goes on where a broken-off one was left."""
    width, height = SIZES[crop]
    scenario = order.scenario
    plan = Plan(
        scenario=scenario.name,
        scenario_sha256=hashlib.sha256(msgspec.json.encode(scenario)).hexdigest(),
        seed=scenario.seed if order.seed is None else order.seed,
        crop=crop,
        width=width,
        height=height,
        count=order.count or round(scenario.duration_s * scenario.fps),
        fps=scenario.fps,
        picture=order.size,
        asset_sha256=asset_hash(),
    )
    return fill(out, plan, order, workers, f"dms {__version__}", progress)


def preview_sheet(order: Order, out: Path, columns: int, drawn: bool, width: int = 320) -> int:
    """A contact sheet of ``order.count`` pictures evenly over the scenario; returns their number."""
    scenario, wanted = order.scenario, order.count or 24
    coarse = msgspec.structs.replace(scenario, fps=min(scenario.fps, max(1.0, wanted / scenario.duration_s)))
    total = max(1, round(coarse.duration_s * coarse.fps))
    chosen = {round((k + 0.5) * total / wanted - 0.5) for k in range(wanted)}
    tiles: list[Canvas] = []
    with replace(order, scenario=coarse, count=None).open() as studio:
        for number, (frame, truth) in enumerate(studio.frames()):
            if number in chosen:
                tiles.append(tile(frame, truth, width, drawn))
    write_png(out, sheet(tiles, columns))
    return len(tiles)


def preview_video(order: Order, out: Path, drawn: bool) -> int:
    """A video with captions; returns the number of pictures."""
    with order.open() as studio:
        tiles = (tile(frame, truth, frame.width, drawn) for frame, truth in order.pairs(studio))
        return write_video(out, tiles, order.scenario.fps)


@cache
def asset_hash() -> str:
    """Hash over the data the driver is made of, so that sets of another head are told apart; empty without any."""
    files = sorted(_ASSETS.glob("*.npz"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest() if files else ""


class _LabelFile:
    """Labels as JSON Lines on their way past; nowhere without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stack = ExitStack()
        self._file: Any = None

    def __enter__(self) -> "_LabelFile":
        if self._path is not None:
            part = self._stack.enter_context(finished_file(self._path))
            try:
                self._file = self._stack.enter_context(open(part, "wb"))
            except OSError as error:
                raise InputError(f"{self._path}: cannot be written: {error.strerror}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, value, trace)

    def passing(self, pairs: Pairs) -> Generator[tuple[Frame, Truth], None, None]:
        for frame, truth in pairs:
            if self._file is not None:
                self._file.write(encode(truth) + b"\n")
            yield frame, truth
