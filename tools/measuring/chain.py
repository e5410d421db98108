"""Runs ``dms observe`` on labelled pictures the way a user would, and reads labels and records."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dms.errors import InputError

Record = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
"""The code beside the program is what is measured, wherever it is called from."""
BATCH = 400
"""Pictures a call: command lines have an end."""


@dataclass(frozen=True)
class Topic:
    """Labelled pictures: a folder with ``pictures`` and ``truth.jsonl``, or a part or a copy of one."""

    name: str
    pictures: Path
    rows: tuple[Record, ...]

    @property
    def kind(self) -> str:
        """The topic without the light it was copied to."""
        return self.name.removesuffix("_nir")

    def files(self) -> list[str]:
        return [row["file"] for row in self.rows]


def read_lines(path: Path) -> list[Record]:
    """JSON objects, one a line.

    Raises:
        InputError: a line is none.
    """
    records: list[Record] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                records += [dict(json.loads(line))] if line.strip() else []
            except (ValueError, TypeError):
                raise InputError(f"{path}: line {number} is no JSON object") from None
    return records


def read_topic(data: Path, name: str, limit: int | None = None) -> Topic:
    """The topic ``name`` below ``data``; ``limit`` takes its first pictures only. Labels without a picture are left out."""
    folder = data / name
    rows = [row for row in read_lines(folder / "truth.jsonl") if (folder / "pictures" / str(row.get("file"))).is_file()]
    return Topic(name, folder / "pictures", tuple(rows[:limit]))


def by_file(records: Iterable[Record]) -> dict[str, Record]:
    """Records by the name of the picture; the first of a name counts."""
    found: dict[str, Record] = {}
    for record in records:
        found.setdefault(Path(str(record["source"])).name, record)
    return found


def observe(topic: Topic, out: Path) -> dict[str, Record]:
    """Observation records of the topic's pictures by file name, also written to ``out``."""
    out.parent.mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for number, (files, options) in enumerate(calls(topic)):
        camera = out.with_name(f"{out.stem}_camera{number}.json")
        if "camera" in options:
            camera.write_text(json.dumps(options["camera"]))
        extra = ["--camera", str(camera)] if "camera" in options else options.get("arguments", [])
        for start in range(0, len(files), BATCH):
            lines += run_observe([topic.pictures / f for f in files[start : start + BATCH]], extra)
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return by_file(json.loads(line) for line in lines)


def calls(topic: Topic) -> list[tuple[list[str], Mapping[str, Any]]]:
    """Which pictures go through which call: one call a camera, single eyes as such."""
    if topic.kind == "eyes_crop":
        return [(topic.files(), {"arguments": ["--input", "eye"]})]
    cameras: dict[str, list[str]] = {}
    for row in topic.rows:
        cameras.setdefault(json.dumps(row.get("camera")), []).append(row["file"])
    return [(files, {} if text == "null" else {"camera": json.loads(text)}) for text, files in cameras.items()]


def run_observe(paths: Sequence[Path], extra: Sequence[str] = ()) -> list[str]:
    """Lines that ``dms observe`` printed. Pictures it could not read are told and left out.

    Raises:
        InputError: the command failed, or answered nothing at all: that is no figure of the chain.
    """
    command = [sys.executable, "-m", "dms", "observe", *map(str, paths), "--jsonl", *extra]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    if done.returncode not in (0, 3) or not lines:
        raise InputError(f"dms observe ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    if done.stderr.strip():
        print(done.stderr.strip(), file=sys.stderr)
    return lines
