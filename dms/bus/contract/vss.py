"""The driver's state under the names of the COVESA Vehicle Signal Specification (VSS), branches Driver and ADAS.DMS.

For displays and logging: VSS has neither age nor protection, so nothing that matters for safety may be read from there. A value
that is not available is left out, never replaced. What VSS defines otherwise is left out as well: its head position and gaze are
in vehicle axes from the rear axle (ours: from the camera and the ocular point), its attentiveness is a probability.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Value = bool | float | int


@dataclass(frozen=True, slots=True)
class Leaf:
    """One VSS leaf.

    Attributes:
        path: VSS name.
        datatype: of VSS.
        message, signal: where it comes from.
        interval_ms: cycle of the message.
        how: definition where VSS leaves it open.
        numbers: physical value to value, or ``None``: taken as it is.
        math: the same as a formula of KUKSA's CAN provider, ``x`` is the physical value.
        words: names of the value table to value; names not listed say nothing.
    """

    path: str
    datatype: str
    message: str
    signal: str
    interval_ms: int
    how: str
    numbers: Callable[[float], float] | None = None
    math: str = ""
    words: Mapping[str, bool] | None = None

    def read(self, label: str | None, value: float | None) -> Value | None:
        """The leaf's value for a signal's name and physical value; ``None``: it says nothing now."""
        if self.words is not None:
            return self.words.get(label or "")
        if value is None:
            return None
        number = self.numbers(value) if self.numbers else value
        return int(number) if self.datatype == "uint16" else number


_ZONES = (
    "Other", "Cluster", "Infotainment", "RearMirror", "DriverMirror", "PassengerMirror", "DriverWindow", "PassengerWindow",
    "LapOrFootwell", "Phone", "PassengerSide", "RearSeat",
)  # fmt: skip
_STATES = ("Init", "Active", "Degraded", "TempUnavailable", "Blocked", "Fault", "Calibrating", "Off")

LEAVES = (
    Leaf("Vehicle.Driver.IsEyesOnRoad", "boolean", "DMS_DriverState", "Attn_Zone", 100, "the zone looked at is the road",
         words={"Road": True, **dict.fromkeys(_ZONES, False)}),
    Leaf("Vehicle.Driver.DistractionLevel", "float", "DMS_DriverState", "EyesOff_Cum30", 100,
         "share of the last 30 s with the eyes off the road, percent", lambda x: min(100.0, x / 0.3), "min(100, x / 0.3)"),
    Leaf("Vehicle.Driver.FatigueLevel", "float", "DMS_DriverState", "Drows_Lvl", 100,
         "Karolinska scale, 1 as 0 percent and 9 as 100 percent", lambda x: max(0.0, (x - 1.0) * 12.5), "max(0, (x - 1) * 12.5)"),
    Leaf("Vehicle.Driver.HeartRate", "uint16", "DMS_DriverState", "HeartRate", 100, "beats a minute; no engine measures it yet"),
    Leaf("Vehicle.Driver.IsHandsOnWheel", "boolean", "DMS_TakeoverReady", "TkoRdy_Lvl", 50,
         "true at level AttentiveHandsOn; other levels leave it open", words={"AttentiveHandsOn": True}),
    Leaf("Vehicle.ADAS.DMS.IsEnabled", "boolean", "DMS_TakeoverReady", "DMS_OperSt", 50, "the monitoring is in any state but Off",
         words={name: name != "Off" for name in _STATES}),
    Leaf("Vehicle.ADAS.DMS.IsError", "boolean", "DMS_TakeoverReady", "DMS_OperSt", 50, "the operating state is Fault",
         words={name: name == "Fault" for name in _STATES}),
    Leaf("Vehicle.ADAS.DMS.IsWarning", "boolean", "DMS_TakeoverReady", "Req_EyesOn", 50, "the driver is asked to look ahead",
         words={"None": False, "Request": True, "Escalated": True}),
)  # fmt: skip


def overlay() -> str:
    """The mapping as a VSS overlay with the attribute ``dbc2vss``, as KUKSA's CAN provider reads it."""
    lines = [
        "# Overlay for the COVESA Vehicle Signal Specification: which CAN signal feeds which leaf (KUKSA CAN provider).",
        "# For displays and logging only: age and protection of the CAN frame do not reach VSS.",
    ]
    for leaf in LEAVES:
        lines += ["", f"# {leaf.how}", f"{leaf.path}:", "  type: sensor", f"  datatype: {leaf.datatype}", "  dbc2vss:"]
        lines += [f"    signal: {leaf.signal}", f"    interval_ms: {leaf.interval_ms}", *_transform(leaf)]
    return "\n".join([*lines, ""])


def _transform(leaf: Leaf) -> Iterator[str]:
    if leaf.math:
        yield "    transform:"
        yield f"      math: {json.dumps(leaf.math)}"
    if leaf.words is not None:
        yield "    transform:"
        yield "      mapping:"
        for name, value in leaf.words.items():
            yield f"        - {{from: {json.dumps(name)}, to: {json.dumps(value)}}}"
