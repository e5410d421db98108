"""The matrix as one self-contained HTML page: counts, filters, search, each row with its tests, outcomes and profile values."""

from collections import Counter
from html import escape
from itertools import groupby

from dms.profiles import available, load_profile
from tools.requirements.matrix import STATUSES, Entry, summary
from tools.requirements.rows import Row, Table

_CSS = """
:root{--ink:#1d2733;--dim:#5c6b7a;--paper:#fff;--line:#d9e0e7;--soft:#f4f6f9;
--shown:#1f7a4d;--part:#9a6700;--not:#5c6b7a;--open:#b4431f;--failed:#b3123b;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9ef;--dim:#9aa8b6;--paper:#12171d;--line:#2d3742;--soft:#1a2129;
--shown:#58c08b;--part:#d9a53c;--not:#9aa8b6;--open:#ef8a63;--failed:#ff6b8b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1280px;padding:1.5rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{margin:0 0 .25rem;font-size:1.6rem}h2{margin:2rem 0 .5rem;font-size:1.15rem}
p{max-width:80ch}.dim{color:var(--dim)}
.bar{display:flex;height:.9rem;border-radius:.45rem;overflow:hidden;margin:1rem 0 .75rem}
nav{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;position:sticky;top:0;padding:.6rem 0;background:var(--paper);
border-bottom:1px solid var(--line);z-index:1}
button,input[type=search]{font:inherit;color:inherit;
background:var(--soft);border:1px solid var(--line);border-radius:1rem;padding:.2rem .8rem}
button{cursor:pointer}button[aria-pressed=true]{border-color:currentColor;font-weight:600}
button:focus-visible,input:focus-visible{outline:2px solid var(--shown)}
input[type=search]{flex:1;min-width:12rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:56rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:600;font-size:.85rem}
td:first-child{white-space:nowrap;font-variant-numeric:tabular-nums;font-weight:600}
.value{font-weight:600}.pill{white-space:nowrap;font-weight:600;font-size:.85rem}
.shown{color:var(--shown)}.in-part{color:var(--part)}.not-in-software{color:var(--not)}.open,.not-run{color:var(--open)}
.failed{color:var(--failed)}
.bar span{background:currentColor}
ul{margin:.2rem 0 0;padding-left:1.1rem}li{overflow-wrap:anywhere}code{font-size:.85em}
summary{cursor:pointer}td:nth-child(2){width:42%}
@media print{nav{display:none}details>*{display:block}}
"""

_SCRIPT = """
const rows=[...document.querySelectorAll('tr[data-status]')],find=document.querySelector('input');
const buttons=[...document.querySelectorAll('button')];let status='';
function show(){const word=find.value.toLowerCase();
for(const r of rows)r.hidden=!!(status&&r.dataset.status!==status)||!r.textContent.toLowerCase().includes(word);
for(const s of document.querySelectorAll('section'))s.hidden=[...s.querySelectorAll('tr[data-status]')].every(r=>r.hidden);}
for(const b of buttons)b.onclick=()=>{status=b.dataset.status;buttons.forEach(o=>o.setAttribute('aria-pressed',o===b));show()};
find.oninput=show;
"""


def page(table: Table, entries: list[Entry]) -> str:
    """The whole page."""
    counted = Counter(entry.status for entry in entries)
    bar = "".join(
        f'<span class="{_class(s)}" style="flex:{counted[s]}" title="{counted[s]} {s}"></span>' for s in STATUSES if counted[s]
    )
    buttons = f'<button data-status="" aria-pressed="true">all {len(entries)}</button>' + "".join(
        f'<button class="{_class(s)}" data-status="{s}" aria-pressed="false">{s} {counted[s]}</button>'
        for s in STATUSES
        if counted[s]
    )
    values = profile_values()
    sections = "".join(
        _section(title, [e for e in entries if e.id.rpartition("-")[0] == family], table, values)
        for family, title in table.families.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Requirement matrix</title><style>{_CSS}</style></head><body>\n<h1>Requirement matrix</h1>"
        f"<p>{escape(summary(entries))}</p>"
        '<p class="dim">The tests support evidence for a row; no row claims conformity with any text. Before a number enters a '
        "claim, a person reads the clause behind it.</p>"
        f'<div class="bar">{bar}</div><nav>{buttons}<input type="search" placeholder="find an id, a word, a test" '
        f'aria-label="find"></nav>\n{sections}<script>{_SCRIPT}</script></body></html>\n'
    )


def profile_values() -> dict[str, list[str]]:
    """Row id to the profile values that rest on it, as ``name = value unit (profiles)``."""
    names = available()
    holders: dict[tuple[str, str], list[str]] = {}
    for name in names:
        for key, setting in load_profile(name).settings.items():
            shown = ", ".join(map(str, setting.value)) if isinstance(setting.value, list) else setting.value
            for one in setting.source:
                holders.setdefault((one, f"{key} = {shown} {setting.unit}"), []).append(name)
    found: dict[str, list[str]] = {}
    for (one, value), having in sorted(holders.items()):
        where = "all profiles" if len(having) == len(names) else ", ".join(having)
        found.setdefault(one, []).append(f"{value} ({where})")
    return found


def _section(title: str, entries: list[Entry], table: Table, values: dict[str, list[str]]) -> str:
    head = "<tr><th>id</th><th>what is asked</th><th>certainty, source</th><th>status</th><th>shown by</th></tr>"
    body = "".join(_row(entry, table, values.get(entry.id, [])) for entry in entries)
    return f'<section><h2>{escape(title)}</h2><div class="scroll"><table>{head}{body}</table></div></section>\n'


def _row(entry: Entry, table: Table, values: list[str]) -> str:
    return (
        f'<tr id="{entry.id}" data-status="{entry.status}"><td>{entry.id}</td><td>{_asked(entry.row, values)}</td>'
        f"<td>{_source(entry.row, table)}</td>"
        f'<td class="pill {_class(entry.status)}">{entry.status}</td><td>{_shown(entry)}</td></tr>'
    )


def _asked(row: Row, values: list[str]) -> str:
    text = escape(row.statement)
    if row.value != "-":
        text += f'<br><span class="dim">{escape(row.quantity)}:</span> <span class="value">{escape(row.value)}</span>'
    if row.note:
        text += f'<br><span class="dim">{escape(row.note)}</span>'
    if values:
        items = "".join(f"<li><code>{escape(value)}</code></li>" for value in values)
        text += f'<details><summary class="dim">{_count(len(values), "profile value")}</summary><ul>{items}</ul></details>'
    return text


def _source(row: Row, table: Table) -> str:
    codes = ", ".join(f'<abbr title="{escape(table.sources[code].name)}">{code}</abbr>' for code in row.source)
    return f"{row.certainty}<br>{codes}"


def _shown(entry: Entry) -> str:
    text = f'<span class="dim">{escape(entry.row.why)}</span>' if entry.row.why else ""
    if not entry.tests:
        return text
    items = []
    for path, names in groupby(sorted(entry.tests), key=lambda test: test.partition("::")[0]):
        tests = "".join(f"<li><code>{escape(name.partition('::')[2])}</code>{_outcome(entry.tests[name])}</li>" for name in names)
        items.append(f"<li><code>{escape(path)}</code><ul>{tests}</ul></li>")
    return f"{text}<details><summary>{_count(len(entry.tests), 'test')}</summary><ul>{''.join(items)}</ul></details>"


def _outcome(counted: Counter[str]) -> str:
    colour = {"passed": "shown", "failed": "failed"}
    return "".join(f' <span class="{colour.get(word, "dim")}">{n} {word}</span>' for word, n in sorted(counted.items()))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _class(status: str) -> str:
    return status.replace(" ", "-")
