"""How the demo shows itself: a live terminal page (rich), plain lines, or nothing."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from dms.records import TakeoverReadiness

if TYPE_CHECKING:
    from dms.inference.engine_set import EngineSet
    from dms.runtime.chain import Judged
    from dms.runtime.config import Loaded
    from dms.runtime.demo import Running

COLOURS = {
    "ready": "bold green", "ready_delayed": "bold yellow", "not_ready": "bold red", "impaired": "bold red",
    "unresponsive": "bold white on red", "unknown": "bold magenta",
}  # fmt: skip
REFRESH_S = 0.125


class View:
    """Shows nothing; base of the others."""

    def __init__(self, parts: "Loaded") -> None:
        self.parts = parts
        self.running: Running | None = None
        self.engines: EngineSet | None = None
        self._shown_at = float("-inf")
        self._begin: float | None = None
        self._told = ""

    def attach(self, running: "Running", engines: "EngineSet") -> None:
        """The parts to look at."""
        self.running, self.engines = running, engines

    def state(self, state: TakeoverReadiness, judged: "Judged | None") -> None:
        """Called for each new state."""

    def __enter__(self) -> "View":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def _elapsed(self, t: float) -> float:
        self._begin = t if self._begin is None else self._begin
        return t - self._begin


class PlainView(View):
    """One line a second and one for each change of readiness or warning."""

    def state(self, state: TakeoverReadiness, judged: "Judged | None") -> None:
        """Print when there is news or a second has passed."""
        told = f"{state.readiness}/{state.warning.class_}"
        if told == self._told and state.t - self._shown_at < 1.0:
            return
        self._told, self._shown_at = told, state.t
        frame = self.running.heard.last_frame if self.running else None
        bus = f"  CAN {frame.can_id:03X}#{frame.data.hex()}" if frame else ""
        print(f"{self._elapsed(state.t):6.1f} s  {headline(state)}{bus}", flush=True)


class LiveView(View):
    """A page that refreshes eight times a second."""

    def __enter__(self) -> "View":
        from rich.live import Live

        self._live = Live(refresh_per_second=8, transient=False)
        self._live.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, value, trace)

    def state(self, state: TakeoverReadiness, judged: "Judged | None") -> None:
        """Redraw, at most eight times a second."""
        now = time.monotonic()
        if now - self._shown_at < REFRESH_S or self.running is None:
            return
        self._shown_at = now
        self._live.update(page(state, judged, self.running, self._elapsed(state.t)))


def open_view(kind: str, parts: "Loaded") -> View:
    """``live``, ``plain`` or ``none``; without rich the live page becomes plain lines."""
    if kind == "live":
        try:
            import rich  # noqa: F401
        except ImportError:
            kind = "plain"
    return {"live": LiveView, "plain": PlainView, "none": View}[kind](parts)


def headline(state: TakeoverReadiness) -> str:
    """Level, readiness, gaze zone, lids in one line."""
    a, d = state.attention, state.drowsiness
    warning = f"  WARNING {state.warning.class_} stage {state.warning.stage}" if state.warning.class_ else ""
    off = "" if a.eyes_off_road_s is None else f" off {a.eyes_off_road_s:.1f} s"
    event = f" {d.event}" if d.event else ""
    because = state.because[0] if state.because else ""
    return f"level {state.level} {state.readiness:<13} zone {a.zone}{off}{event}{warning}  because: {because}"


def page(state: TakeoverReadiness, judged: "Judged | None", running: "Running", elapsed: float) -> Any:
    """The live page as a rich renderable."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.panel import Panel
    from rich.text import Text

    title = Text(f" {state.readiness.upper()} ", style=COLOURS[state.readiness])
    title.append(f"  level {state.level} of 5", style="bold")
    if state.warning.class_:
        title.append(f"   warning: {state.warning.class_}, stage {state.warning.stage}", style="bold red")
    why = Text("\n".join(f"because {line}" for line in state.because[:5]))
    left = Panel(Group(title, why), title=f"driver  {elapsed:5.1f} s", width=76, height=9)
    right = Panel(_eyes(state, judged), title="eyes and head", width=44, height=9)
    return Group(
        Columns([left, right]), Panel(_bus(running), title="bus: DMS_TakeoverReady, decoded by the reference receiver", width=121)
    )


def _eyes(state: TakeoverReadiness, judged: "Judged | None") -> Any:
    from rich.text import Text

    observation = judged.sight.observation if judged else None
    lines = [f"gaze zone      {state.attention.zone}"]
    for side in ("left", "right"):
        eye = (observation.eyes or {}).get(side) if observation else None
        lines.append(f"{side:<5} lid      {'not seen' if eye is None or eye.opening_mm is None else _bar(eye.opening_mm)}")
    head = observation.head if observation else None
    lines.append(
        "head           not seen" if head is None else f"head           yaw {head.yaw_deg:+.0f}  pitch {head.pitch_deg:+.0f} deg"
    )
    gaze = observation.gaze if observation else None
    lines.append(
        "gaze           not seen" if gaze is None else f"gaze           yaw {gaze.yaw_deg:+.0f}  pitch {gaze.pitch_deg:+.0f} deg"
    )
    perclos = state.drowsiness.perclos_60s
    lines.append(f"PERCLOS 60 s   {'not known yet' if perclos is None else f'{100 * perclos:.0f} %'}")
    lines.append(f"blinks         {state.drowsiness.blinks_total}")
    return Text("\n".join(lines))


def _bar(opening_mm: float) -> str:
    return f"{'#' * min(12, round(opening_mm)):<12} {opening_mm:.1f} mm"


def _bus(running: "Running") -> Any:
    from rich.text import Text

    heard, counts = running.heard, running.counts
    s, frame = heard.latest, heard.last_frame
    text = Text()
    text.append(f"{frame.can_id:03X}  {frame.data.hex(' ')}\n" if frame else "nothing heard yet\n", style="cyan")
    text.append("READY" if s.ready else "not ready", style="bold green" if s.ready else "bold red")
    age = "-" if s.sample_age_s is None else f"{1e3 * s.sample_age_s:.0f} ms"
    text.append(
        f"   E2E {s.e2e.name} ({s.check.name})   level {s.level}   {s.readiness}   sample age {age}   frame {s.frame_counter}\n"
    )
    text.append(f"reasons: {', '.join(s.reasons) or 'none'}\n")
    judged = counts.percentiles(counts.judged_ms)
    stats = running.publisher.stats()
    text.append(
        f"{heard.frames} CAN frames, {counts.frames} pictures; capture to judged p50 {judged['p50'] if judged else '-'} ms; "
        f"cycles missed {stats.missed}, period error p99 {stats.period_error_p99_ms or 0:.2f} ms"
    )
    return text
