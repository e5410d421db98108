"""Temperature, throttling and power of the computer, from the kernel's files. Made for a Jetson, works wherever they exist.

Where the files lie: thermal zones and cooling devices as in the kernel's thermal sysfs ABI; a Jetson's INA3221 power monitors as
hwmon devices with ``in*_label``, ``in*_input`` (mV) and ``curr*_input`` (mA); over-current throttling as ``oc*_event_cnt``; the
power mode in ``/var/lib/nvpmodel/status``; the release in ``/etc/nv_tegra_release``. What is missing is ``None``, never 0.
"""

import re
from pathlib import Path

import msgspec

_FANS = ("fan",)
_WHOLE_MODULE = ("VDD_IN", "5V_IN", "POM_5V_IN")
"""Rails that feed all others; a board without one (AGX Orin) is the sum of its rails."""
THROTTLE_STEPS = 13
"""Highest level that the bus can tell."""


class MachineState(msgspec.Struct, frozen=True):
    """One reading.

    Attributes:
        temperature_degc: of the hottest zone.
        hottest: its name.
        throttle_level: 0 none .. 13 full: the largest share of its range that any cooling device but a fan is at.
        power_w: of the whole module, if a rail says so (``VDD_IN``), else the sum of all rails.
        rails_w: power by rail.
        over_current_events: since boot.
        power_mode: of nvpmodel.
    """

    temperature_degc: float | None = None
    hottest: str | None = None
    throttle_level: int | None = None
    power_w: float | None = None
    rails_w: dict[str, float] = {}
    over_current_events: int | None = None
    power_mode: str | None = None


class Machine:
    """Reads the files again at each call; ``root`` is where the file system begins (tests)."""

    def __init__(self, root: str | Path = "/") -> None:
        self._root = Path(root)
        thermal = self._root / "sys/class/thermal"
        self._zones = sorted(thermal.glob("thermal_zone*"))
        self._coolers = [c for c in sorted(thermal.glob("cooling_device*")) if not _is_fan(_text(c / "type"))]
        monitors = sorted((self._root / "sys/class/hwmon").glob("hwmon*"))
        self._power = [m for m in monitors if (_text(m / "name") or "").startswith("ina3221")]
        self._over_current = [c for m in monitors for c in sorted(m.glob("oc*_event_cnt"))]

    def read(self) -> MachineState:
        """What the files say now."""
        zones = {_text(z / "type") or z.name: degrees for z in self._zones if (degrees := _degrees(z)) is not None}
        hottest = max(zones, key=lambda name: zones[name], default=None)
        rails = self._rails()
        counts = [count for path in self._over_current if (count := _number(path)) is not None]
        return MachineState(
            temperature_degc=None if hottest is None else zones[hottest],
            hottest=hottest,
            throttle_level=self._throttling(),
            power_w=_module_power(rails),
            rails_w=rails,
            over_current_events=int(sum(counts)) if counts else None,
            power_mode=self._power_mode(),
        )

    @property
    def release(self) -> str | None:
        """Jetson Linux release, e.g. ``36.4.0``; ``None``: no Jetson."""
        text = _text(self._root / "etc/nv_tegra_release") or ""
        found = re.search(r"R(\d+).*?REVISION: ([\d.]+)", text)
        return f"{found[1]}.{found[2]}" if found else None

    @property
    def model(self) -> str | None:
        """What the device tree calls the board."""
        text = _text(self._root / "proc/device-tree/model")
        return text.rstrip("\0") if text else None

    @property
    def serial(self) -> str | None:
        """Serial number of the board, from the device tree."""
        text = _text(self._root / "proc/device-tree/serial-number")
        return text.rstrip("\0") if text else None

    def _throttling(self) -> int | None:
        shares = [share for cooler in self._coolers if (share := _share(cooler)) is not None]
        return round(THROTTLE_STEPS * max(shares)) if shares else None

    def _rails(self) -> dict[str, float]:
        rails: dict[str, float] = {}
        for monitor in self._power:
            for label in sorted(monitor.glob("in*_label")):
                number = label.name.removeprefix("in").removesuffix("_label")
                volts, amperes = _number(monitor / f"in{number}_input"), _number(monitor / f"curr{number}_input")
                name = _text(label)
                if name and volts is not None and amperes is not None and not name.lower().startswith("sum"):
                    rails[name] = round(volts * amperes * 1e-6, 3)
        return rails

    def _power_mode(self) -> str | None:
        text = _text(self._root / "var/lib/nvpmodel/status")
        return text.rpartition(":")[2].strip() or None if text else None


def _module_power(rails: dict[str, float]) -> float | None:
    whole = [watts for name, watts in rails.items() if name.upper() in _WHOLE_MODULE]
    return round(whole[0] if whole else sum(rails.values()), 3) if rails else None


def _degrees(zone: Path) -> float | None:
    value = _number(zone / "temp")
    return None if value is None or not -60_000 < value < 250_000 else round(value / 1e3, 1)


def _share(cooler: Path) -> float | None:
    now, most = _number(cooler / "cur_state"), _number(cooler / "max_state")
    return None if now is None or most is None or now < 0 or most <= 0 else min(1.0, now / most)


def _is_fan(kind: str | None) -> bool:
    return kind is not None and any(word in kind.lower() for word in _FANS)


def _number(path: Path) -> float | None:
    try:
        return float(_text(path) or "")
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # a zone that is off answers with an error
        return None
