"""One drive as JSON Lines, the truth beside each record: ``dms assess`` reads the records and leaves the truth alone."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from hil.never_false_ready.judge import DRIVER_FILE
from hil.never_false_ready.script import Script
from hil.never_false_ready.spans import within
from hil.never_false_ready.stream import records
from hil.never_false_ready.truth import truth_of


def stream_lines(script: Script) -> Iterator[bytes]:
    """Records in order of time; ``truth``: ``ready``, ``causes`` of not being so, ``attentive``, where the eyes truly look."""
    stream, truth = records(script), truth_of(script)
    t = np.array([record.t for record in stream])
    ready, attentive = ~within(truth.any_cause, t), within(truth.attentive, t)
    causes = {name: within(part, t) for name, part in truth.not_ready.items()}
    looks = script.looks[0]
    row = looks.at(t)
    for n, record in enumerate(stream):
        plain: dict[str, Any] = msgspec.to_builtins(record)
        if script.calibrated and plain.get("gaze") is not None:
            plain["gaze"]["driver"] = DRIVER_FILE.name
        plain["truth"] = {
            "ready": bool(ready[n]), "causes": [name for name, marks in causes.items() if marks[n]],
            "attentive": bool(attentive[n]), "looks_at": str(looks.zone[row[n]]),
        }  # fmt: skip
        yield msgspec.json.encode(plain) + b"\n"


def driver_file() -> bytes:
    """For ``dms assess --driver``: it tells the core that the readings have been corrected already."""
    return msgspec.yaml.encode(DRIVER_FILE)
