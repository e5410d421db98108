"""The matrix for people: lines of text, and one self-contained HTML page."""

from collections.abc import Sequence
from html import escape
from typing import Any

import msgspec

from hil.faults.catalogue import Fault, faults, states
from hil.faults.cell import Cell

_ABOUT = """<p>Seconds from the fault until the simulated Level 3 controller, with its own check of the bus, hears what it must.
Simulated time, deterministic. Grey figures: until readiness is back after the fault. Yellow: what the contract cannot notice,
with the seconds for which &ldquo;ready&rdquo; was believed; hold the pointer on it for the reason. Built to support evidence;
repeat with <code>dms hil faults</code>.</p>"""
_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em; color: #1c2430; }
table { border-collapse: collapse; } th, td { border: 1px solid #cfd6df; padding: .3em .6em; text-align: right; }
th { background: #f1f4f8; text-align: left; font-weight: 600; } thead th { text-align: center; } small { color: #5b6675; }
.passed { background: #e4f4e6; } .failed, .error { background: #f8d4d0; font-weight: 600; } .blind { background: #fdf0cc; }
.missing { background: #eee; }
"""


def line(cell: Cell) -> str:
    """One cell, for the terminal."""
    mark = {"passed": "ok     ", "failed": "FAILED ", "blind": "blind  ", "error": "ERROR  "}[cell.outcome]
    limit = "" if cell.limit_s is None else f", limit {cell.limit_s:g} s"
    back = "not back" if cell.back_s is None else f"back after {cell.back_s:.2f} s"
    said = f"heard after {_seconds(cell.reaction_s)}{limit}; {back}"
    if cell.outcome in ("error", "failed"):
        said = cell.why
    elif cell.outcome == "blind":
        said = f"believed ready for {cell.ready_late_s:.2f} s: {cell.why}"
    return f"{mark}{cell.fault:<28}{cell.state:<18}{said}"


def closing(cells: Sequence[Cell], wall_s: float) -> str:
    """The last line."""
    count = {outcome: sum(cell.outcome == outcome for cell in cells) for outcome in ("passed", "failed", "blind", "error")}
    known = [cell for cell in cells if cell.outcome == "passed" and cell.reaction_s is not None]
    slowest = max(known, key=lambda cell: cell.reaction_s or 0.0, default=None)
    worst = "" if slowest is None else f"; slowest {_seconds(slowest.reaction_s)} ({slowest.fault}, {slowest.state})"
    return (
        f"{len(cells)} cells: {count['passed']} in time, {count['failed']} not, {count['blind']} that cannot be noticed, "
        f"{count['error']} not measured{worst}; {wall_s:.0f} s"
    )


def plain(cells: Sequence[Cell]) -> dict[str, Any]:
    """For JSON, schema ``dms.faults/1``."""
    rows = [msgspec.to_builtins(fault) for fault in _rows(cells)]
    return {"schema": "dms.faults/1", "faults": rows, "states": _columns(cells), "cells": [msgspec.to_builtins(c) for c in cells]}


def html(cells: Sequence[Cell]) -> str:
    """The matrix as a page: rows are faults, columns states, each cell the reaction in seconds."""
    columns, found = _columns(cells), {(cell.fault, cell.state): cell for cell in cells}
    places = states()
    head = "".join(f'<th title="{escape(places[s].scenario.about)}">{escape(s.replace("_", " "))}</th>' for s in columns)
    rows = "\n".join(_row(fault, [found.get((fault.name, state)) for state in columns]) for fault in _rows(cells))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Fault matrix</title><style>{_STYLE}</style>
<h1>Fault by state of the drive</h1>
{_ABOUT}
<p>{escape(closing(cells, 0.0).rsplit(";", 1)[0])}</p>
<table><thead><tr><th>fault</th><th>what is put in</th><th>limit, s</th>{head}</tr></thead><tbody>
{rows}
</tbody></table></html>
"""


def _row(fault: Fault, cells: Sequence[Cell | None]) -> str:
    how = ", ".join(f"{key} {value}" for key, value in fault.how.items())
    what = f"{fault.target} {fault.failure}{f' ({how})' if how else ''}"
    limit = "" if fault.within_s is None else f"{fault.within_s:g}"
    asks = escape(f"{fault.hears or 'nothing'}; {fault.source}")
    row = f'<th>{escape(fault.name.replace("_", " "))}</th><th>{escape(what)}</th><td title="{asks}">{limit}</td>'
    return f"<tr>{row}{''.join(map(_cell, cells))}</tr>"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return '<td class="missing">not asked for</td>'
    if cell.outcome == "blind":
        text = f"ready {cell.ready_late_s:.2f}" if cell.ready_late_s else "&ndash;"
    else:
        text = _seconds(cell.reaction_s, "")
    back = "" if cell.back_s is None else f" <small>{cell.back_s:.2f}</small>"
    why = cell.why or f"{cell.before} before"
    return f'<td class="{cell.outcome}" title="{escape(why)}">{text}{back}</td>'


def _seconds(value: float | None, unit: str = " s") -> str:
    return "never" if value is None else f"{value:.2f}{unit}"


def _rows(cells: Sequence[Cell]) -> list[Fault]:
    names = {cell.fault for cell in cells}
    return [fault for fault in faults() if fault.name in names]


def _columns(cells: Sequence[Cell]) -> list[str]:
    names = {cell.state for cell in cells}
    return [state for state in states() if state in names]
