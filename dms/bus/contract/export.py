"""Writes the contract package into a folder: what an integrator of the controller, or the team of a test bench, needs."""

from collections.abc import Mapping
from pathlib import Path

import cantools

from dms import __version__
from dms.bus.contract.c_source import c_files, description
from dms.bus.contract.pages import pages
from dms.bus.contract.vectors import Story, e2e_vectors, lines
from dms.bus.contract.vss import overlay
from dms.bus.layout import CLASSIC_DBC, DBC, Layout, load
from dms.bus.trace import candump
from dms.errors import InputError, UsageError

SETS: Mapping[str, Path] = {"fd": DBC, "classic": CLASSIC_DBC}
"""The message sets by the name they have in the package."""

_README = """\
# Driver monitoring: CAN contract, version {version}

| here | what |
| --- | --- |
| `*.dbc` | the message sets: CAN FD and classic CAN. The only source of everything else here |
| `*.kcd` | the same for tools that read KCD; KCD has no place for the E2E attributes and for CAN FD |
| `docs/` | a page for each message, and what a receiver has to do |
| `c/` | receiver in C99: `make` builds a monitor program, `make check` runs it on the vectors |
| `vectors/` | E2E vectors of profiles 1, 2, 5, 11, 22; a trace for each message set, and what to believe of it |
| `vss_overlay.vspec` | names of the COVESA Vehicle Signal Specification, for displays and logging |

## The receiver in a controller

Take `dms_e2e`, `dms_message.h`, `dms_receiver`, `dms_contract` and the generated `dms_{first}` (or the other set): C99, no memory
allocation, no operating system. `dms_monitor.c` shows its use, `dms_receiver.h` says how:

```c
static dms_receiver_t receiver;
(void)dms_receiver_init(&receiver, &{statement}, &DMS_DEFAULTS);   /* false: do not use it */
...
(void)dms_receiver_feed(&receiver, &frame, now_us);       /* each frame from the bus */
dms_receiver_statement(&receiver, now_us, &statement);    /* in each cycle of your own */
if (statement.ready) {{ ... }}                              /* everything else means: not ready */
```

Frames of your own (`HOC_Request`): pack them with the generated code, then `dms_e2e_protect(&{request}.e2e, ...)`
with a counter that goes on by one for each frame.

Your own ids: change them in a copy of the DBC and export again, `dms can export DIR --dbc MINE.dbc`.

`vectors/*.expected` has one line for each frame of `vectors/*.log`; the columns are explained at the top of `c/dms_monitor.c`.

Licence: Apache-2.0; the files that cantools generated (`dms_{first}`, ...) carry its MIT licence.
"""


def export(folder: Path, dbc: Path | None = None) -> list[Path]:
    """Write the package; files of an earlier export are replaced.

    Args:
        folder: made if it is not there.
        dbc: a message set of the integrator's own, instead of the shipped one of the same frame format.

    Returns:
        the files, relative to ``folder``.

    Raises:
        InputError: a file cannot be read or written.
        UsageError: the DBC lacks what the receiver needs.
    """
    sets = _sets(dbc)
    layouts = {name: load(path) for name, path in sets.items()}
    files = {"README.md": _readme(layouts).encode(), "vss_overlay.vspec": overlay().encode()}
    for name, path in sets.items():
        files[SETS[name].name] = path.read_bytes()
        database = cantools.database.load_file(str(path), database_format="dbc", strict=True)
        files[SETS[name].with_suffix(".kcd").name] = database.as_kcd_string().encode()
        files |= _trace(name, layouts[name])
    files["vectors/e2e.txt"] = "".join(f"{vector}\n" for vector in e2e_vectors()).encode()
    files |= {f"c/{name}": text.encode() for name, text in c_files(sets).items()}
    files |= {f"docs/{name}": text.encode() for name, text in pages(layouts).items()}
    return _write(folder, files)


def _sets(dbc: Path | None) -> dict[str, Path]:
    if dbc is None:
        return dict(SETS)
    layout = load(dbc)
    statement = layout["DMS_TakeoverReady"]
    kind = "fd" if statement.fd else "classic"
    wanted = load(SETS[kind])["DMS_TakeoverReady"]
    missing = [name for name in wanted.signals if name not in statement.signals]
    if missing or statement.protection is None:
        what = f"signal {missing[0]}" if missing else "the attribute E2EProfile"
        raise UsageError(f"{dbc}: DMS_TakeoverReady lacks {what}; start from a copy of the shipped {SETS[kind].name}")
    return {**SETS, kind: dbc}


def _readme(layouts: Mapping[str, Layout]) -> str:
    first = next(iter(layouts))
    return _README.format(
        version=__version__,
        first=first,
        statement=description(first, "DMS_TakeoverReady"),
        request=description(first, "HOC_Request"),
    )


def _trace(name: str, layout: Layout) -> dict[str, bytes]:
    trace = Story(layout).tell()
    expected = "".join(f"{line}\n" for line in lines(layout, trace)).encode()
    log = b"".join(candump(frame, t) + b"\n" for t, frame in trace)
    return {f"vectors/{name}.log": log, f"vectors/{name}.expected": expected}


def _write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror}; choose another folder") from None
    return sorted(Path(name) for name in files)
