"""A run as one self-contained HTML page: signals over time, faults and events, and what was expected when."""

from collections.abc import Callable
from html import escape

from hil.bench.expectation import Condition
from hil.bench.result import Result
from hil.bench.timeline import Mark, Timeline, Value
from hil.bench.verdict import Verdict, horizon

WORDS = (
    "readiness", "operating", "e2e", "reason", "warning", "request.eyes_on", "request.hands_on", "request.wake_up", "zone",
    "eyes", "controller", "controller.phase", "driver.zone", "driver.eyes", "driver.activity",
)  # fmt: skip
"""Signals with a lane, in this order; those that never had a value are left out."""
Scale = Callable[[float], float]
WIDTH, LANE, LEFT = 1100, 24, 150
_COLOURS = {
    "ready": "#7bc47f", "ready_delayed": "#cfe0a0", "not_ready": "#f0b37e", "impaired": "#e07a5f", "unresponsive": "#b03a2e",
    "unknown": "#d5d8dc", "faulty": "#9a7fb5", "no_data": "#8d99a6", "valid": "#7bc47f", "invalid": "#e07a5f",
    "nodata": "#8d99a6", "active": "#7bc47f", "fault": "#9a7fb5", "temp_unavailable": "#8d99a6", "takeover_request": "#f0b37e",
    "minimum_risk": "#b03a2e", "road": "#7bc47f", "open": "#7bc47f", "closed": "#e07a5f", "shut": "#e07a5f",
}  # fmt: skip
_SOFT = ("#a9c7e8", "#c9b8e0", "#e6d3a3", "#b9dcd2", "#e3b9c6")
_STYLE = """body { font: 13px/1.45 system-ui, sans-serif; margin: 1.5em; color: #1c2430; } table { border-collapse: collapse; }
td, th { padding: .2em .7em; text-align: left; border-bottom: 1px solid #dde2e8; } .no { color: #b03a2e; font-weight: 600; }
code { background: #f1f4f8; padding: .1em .3em; } svg text { font: 11px system-ui, sans-serif; }"""


def page(result: Result, repeat: str | None = None) -> str:
    """The whole page; ``repeat``: the command that plays it again, if it is not the bench's own."""
    rows = "\n".join(map(_verdict, result.verdicts))
    why = "".join(f"<p class='no'>{escape(text)}</p>" for text in result.why()) if result.outcome in ("failed", "error") else ""
    causes = "".join(f"<tr><td>{t:.2f}</td><td>{escape(text)}</td></tr>" for t, text in result.causes)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(result.name)}</title><style>{_STYLE}</style>
<h1>{escape(result.name)}: {result.outcome}</h1>
<p>{result.timeline.end:.2f} s, {result.level} level, {result.clock} clock, seed {result.seed}; repeat with
<code>{escape(repeat or result.repeat)}</code></p>{why}
{_drawing(result)}
<h2>Expectations</h2><table><tr><th></th><th>expected</th><th>measured</th></tr>{rows}</table>
<h2>What the product gave as its reasons</h2><table><tr><th>s</th><th>because</th></tr>{causes}</table></html>
"""


def _verdict(verdict: Verdict) -> str:
    mark = "met" if verdict.passed else '<span class="no">not met</span>'
    return f"<tr><td>{mark}</td><td>{escape(verdict.expectation.text)}</td><td>{escape(verdict.measured)}</td></tr>"


def _drawing(result: Result) -> str:
    timeline = result.timeline
    end = max(timeline.end, 0.1)
    lanes = [name for name in WORDS if any(value not in (None, frozenset()) for _, value in timeline.steps(name))]
    wanted = [verdict for verdict in result.verdicts if _window(verdict, timeline) is not None]
    height = LANE * (len(lanes) + len(wanted) + 2)

    def x(t: float) -> float:
        return LEFT + (WIDTH - LEFT - 10) * min(t, end) / end

    parts = [_axis(end, x, height)]
    for n, name in enumerate(lanes):
        parts += _lane(timeline, name, LANE * (n + 1), x, end)
    for n, verdict in enumerate(wanted):
        parts.append(_wanted(verdict, timeline, LANE * (len(lanes) + n + 1), x))
    parts += [_mark(mark, x(mark.t), height) for mark in timeline.marks]
    return f'<svg width="{WIDTH}" height="{height}" role="img">{"".join(parts)}</svg>'


def _axis(end: float, x: Scale, height: int) -> str:
    step = next(step for step in (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0) if end / step <= 16)
    ticks = [n * step for n in range(int(end / step) + 1)]
    return "".join(
        f'<line x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{LANE}" y2="{height - LANE}" stroke="#e3e7ec"/>'
        f'<text x="{x(t):.1f}" y="{LANE - 9}" text-anchor="middle">{t:g} s</text>'
        for t in ticks
    )


def _lane(timeline: Timeline, name: str, y: int, x: Scale, end: float) -> list[str]:
    parts = [f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>']
    steps = timeline.steps(name)
    for n, (t, value) in enumerate(steps):
        until = steps[n + 1][0] if n + 1 < len(steps) else end
        text, width = _said(value), x(until) - x(t)
        if not text:
            continue
        label = f'<text x="{x(t) + 3:.1f}" y="{y + 15}">{escape(text)}</text>' if width > 6.5 * len(text) else ""
        parts.append(
            f'<g><title>{escape(f"{name} {text}, {t:.2f} to {until:.2f} s")}</title><rect x="{x(t):.1f}" y="{y + 2}" '
            f'width="{max(width, 0.8):.1f}" height="{LANE - 5}" fill="{_colour(text)}"/>{label}</g>'
        )
    return parts


def _wanted(verdict: Verdict, timeline: Timeline, y: int, x: Scale) -> str:
    window = _window(verdict, timeline)
    assert window is not None
    colour = "#3b7d4f" if verdict.passed else "#b03a2e"
    text = escape(verdict.expectation.text)
    at = "" if verdict.at is None else f'<circle cx="{x(verdict.at):.1f}" cy="{y + 11}" r="4" fill="{colour}"/>'
    left, right = x(window[0]), x(window[1])
    return (
        f'<g><title>{escape(verdict.measured)}</title><rect x="{left:.1f}" y="{y + 6}" width="{max(right - left, 2):.1f}" '
        f'height="10" fill="{colour}" fill-opacity=".25" stroke="{colour}"/>{at}<text x="{LEFT}" y="{y + 15}">{text}</text></g>'
    )


def _window(verdict: Verdict, timeline: Timeline) -> tuple[float, float] | None:
    """When it had to happen."""
    after = verdict.expectation.after
    start = after.first(timeline) if isinstance(after, Condition) else after or 0.0
    if start is None:
        return None
    end = horizon(verdict.expectation, timeline)
    return start + verdict.expectation.earliest_s, timeline.end if end is None else end


def _mark(mark: Mark, x: float, height: int) -> str:
    """A dashed line; only faults are named on it, the others when the pointer is on them."""
    fault = mark.name.startswith("fault")
    colour = "#b03a2e" if fault else "#9aa4b0"
    text = escape(f"{mark.name} {mark.text} at {mark.t:.2f} s")
    label = escape(f"{mark.text} ends" if mark.name == "fault_ends" else mark.text)
    name = f'<text x="{x + 2:.1f}" y="{height - 8}" fill="{colour}">{label}</text>' if fault else ""
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{LANE}" y2="{height - LANE}" stroke="{colour}" stroke-dasharray="4 3"/>'
    return f"<g><title>{text}</title>{line}{name}</g>"


def _said(value: Value) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if value is None or value in ("none", 0.0):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _colour(text: str) -> str:
    return _COLOURS.get(text) or _SOFT[sum(text.encode()) % len(_SOFT)]
