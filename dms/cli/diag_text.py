"""What a tester reads, in plain words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dms.diagnostics.table import load

if TYPE_CHECKING:
    from dms.diagnostics.tester import ReadCode

Values = Mapping[str, Any]


def everything_text(data: Mapping[str, Values], codes: "list[ReadCode]") -> str:
    """All of it, a line a subject, then the trouble codes."""
    lines = {
        "vehicle": _vehicle(data),
        "software": f"{data['software_version']['version']} on {data['hardware']['board'] or 'an unnamed board'}",
        "networks": _networks(data["engines"]),
        "profile": _profile(data["profile"]),
        "health": _health(data["health"]),
        "latency": _latency(data["latency"]),
        "computer": _computer(data["temperatures"]),
        "calibration": _calibration(data["calibration"]),
        "readiness": _readiness(data["readiness"]),
        "limited by": data["effect"]["reasons"] or "nothing",
    }
    return "\n".join([f"{name:<12}{text}" for name, text in lines.items()] + [codes_text(codes)])


def codes_text(codes: "list[ReadCode]") -> str:
    """Trouble codes with freeze frames."""
    if not codes:
        return "no trouble codes"
    return "\n".join([f"{len(codes)} trouble codes"] + [line for code in codes for line in _code(code)])


def table_text() -> str:
    """The table, a line a code."""
    rows = load().codes.values()
    width = max(len(row.text) for row in rows)
    head = f"{'code':<9} {'what':<{width}}  {'operating state':<16} {'readiness':<12} set / healed"
    lines = [
        f"{row.code:<9} {row.text:<{width}}  {_word(row.operating_state):<16} {_word(row.readiness):<12} "
        f"{row.debounce.fail:g} / {row.debounce.heal:g} {'s' if row.debounce.by == 'time' else 'results'}"
        for row in rows
    ]
    return "\n".join([head, *lines, f"forgotten after {load().age_after} operation cycles without the fault"])


def _word(word: str) -> str:
    return word.replace("_", " ")


def _vehicle(data: Mapping[str, Values]) -> str:
    vin, workshop = data["vehicle_identification_number"]["vin"], data["workshop"]["workshop"].strip()
    return f"VIN {vin or 'not written'}{', workshop ' + workshop if workshop else ''}"


def _networks(values: Values) -> str:
    text = f"{values['bundle_sha256'][:8]} on {values['backend']}"
    return f"{text}; degraded: {values['degraded']}" if values["degraded"] else text


def _profile(values: Values) -> str:
    return f"{values['name']} version {values['profile_version']}, {values['hash'][:8]}, {values['trust']}"


def _health(values: Values) -> str:
    text = (
        f"{values['operating_state']}, {_number(values['fps'])} pictures/s, {values['dropped']} overwritten, "
        f"{values['refused']} refused, {values['missed']} of {values['cycles']} cycles missed, {values['restarts']} restarts"
    )
    return f"{text}; {values['complaints']}" if values["complaints"] else text


def _latency(values: Values) -> str:
    def of(prefix: str) -> str:
        return ", ".join(f"{name} {_number(values[f'{prefix}_{name}_ms'])}" for name in ("p50", "p99", "max"))

    return f"capture to judged {of('judged')} ms; to the first CAN frame {of('bus')} ms"


def _computer(values: Values) -> str:
    throttle = values["throttle_level"]
    throttled = "throttling unknown" if throttle is None else f"throttled, level {throttle}" if throttle else "not throttled"
    return (
        f"{_number(values['computer_degc'], ' °C')} {values['hottest']}".rstrip()
        + f", {throttled}, {_number(values['power_w'], ' W')}"
    )


def _calibration(values: Values) -> str:
    own = values["self_calibration"]
    return (
        f"driver file {values['driver_file']}; self-calibration {'unknown' if own is None else f'{own:.0%}'}; {values['vehicle']}"
    )


def _readiness(values: Values) -> str:
    age = values["age_ms"]
    old = "" if age is None else f", {age:.0f} ms old"
    return f"{values['readiness'] or 'nothing judged yet'}, level {_number(values['level'])}{old}: {values['causes']}"


def _code(code: "ReadCode") -> list[str]:
    lines = [f"  {code.code}  {code.text}  [{code.status:02X}: {', '.join(_word(word) for word in code.words)}]"]
    for name, frame in code.frames.items():
        if name == "latest" and frame == code.frames.get("first"):
            continue
        when = f"{_number(frame['running_s'])} s after the start"
        what = (
            f"{frame['operating_state'] or 'nothing judged'}, {frame['readiness'] or 'unknown'}, level {_number(frame['level'])}"
        )
        where = f"{_number(frame['speed_kmh'], ' km/h')}, {_number(frame['temperature_degc'], ' °C')}"
        lines.append(f"      {name} {when}: {what}, {where}: {frame['causes']}")
    counters = code.counters
    lines.append(f"      {counters['occurrences']} times, {counters['aged_cycles']} clean cycles since")
    return lines


def _number(value: float | None, unit: str = "") -> str:
    """``None`` is said, not shown as 0."""
    return f"{'?' if value is None else f'{value:g}'}{unit}"
