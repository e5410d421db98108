"""Figures in words, the same in every command."""

from collections.abc import Mapping


def spread_text(values: object) -> str:
    """``p50 8.73, p99 22.91, max 38.03 ms`` of a mapping of milliseconds; ``not measured`` without one."""
    if not isinstance(values, Mapping):
        return "not measured"
    numbers = (f"{name} {value:.2f}" if value is not None else f"{name} -" for name, value in values.items())
    return f"{', '.join(numbers)} ms"
