"""A page for each message, and an index, in Markdown; everything in them comes from the DBC files."""

from collections.abc import Iterator, Mapping

from dms.bus.contract.c_source import e2e_fields
from dms.bus.e2e_profiles import Profile
from dms.bus.layout import Layout, Message, Signal
from dms.bus.receiver import ReceiverParameters

TITLES = {"fd": "CAN FD", "classic": "Classic CAN"}

_RULES = """\
## Rules of all messages

- Bit 0 is the lowest bit of byte 0 (Intel byte order); a signal's lowest bit is at its start bit.
- Unsigned: all ones are "not available" (SNA), all ones minus 1 "error", "longer" or "older" where the table says so. Signed: the
  most negative code is SNA, the next one "error". Enumerations: see the table.
- Zero permits nothing: a frame of zeros says "not ready", and so does a frame of ones.
- Spare bits are sent as 0 and not looked at.
- CAN ids, data ids and data id lists are placeholders: an integrator gives his own in a copy of the DBC.
- E2E finds corruption, loss, repetition and wrong order. It is no defence against a forger, nor against a recorded drive that
  is played back in full.

## What a receiver has to do

A statement is "ready" only while all of this holds; anything else is "not ready":

1. it rests on a good frame: right length and format, the CRC fits, the counter went on by 1 to {e.max_delta_counter};
2. the E2E state machine is VALID: looking back on {e.window} expected frames, {e.min_ok_init} good ones to begin with and
   {e.min_ok_invalid} after trust was lost; more than {e.max_error_valid} CRC errors, fewer than {e.min_ok_valid} good frames, or
   {e.max_no_new_or_repeated} missing or repeated ones in a row end trust;
3. that frame is at most {p.deadline_s:g} s old;
4. `DMS_OperSt` is Active, `TkoRdy_St` Ready, `TkoRdy_Lvl` at least Attentive, `DrvAvail_St` and `DrvPresent_St` Yes;
5. `Smpl_Age` plus the time since the frame came is at most {p.max_sample_age_s:g} s, and `Smpl_FrameCnt` has moved within that
   time.

`dms can export DIR` writes a receiver in C that does this (`c/`), vectors for one of your own (`vectors/`), and these pages.
`dms can decode TRACE` shows what the reference receiver believes of a recorded trace.
"""


def pages(layouts: Mapping[str, Layout]) -> dict[str, str]:
    """File name and text of the index and of each message's page, for message sets by name (``fd``, ``classic``)."""
    names = list(dict.fromkeys(name for layout in layouts.values() for name in layout.by_name))
    found = {f"{name}.md": _page(name, layouts) for name in names}
    return {"README.md": _index(names, layouts), **found}


def _index(names: list[str], layouts: Mapping[str, Layout]) -> str:
    lines = ["# Messages on the bus", "", "Made from the DBC files; `python -m tools.can_pages` writes these pages again.", ""]
    lines += ["| message | id | cycle | " + " | ".join(TITLES[name] for name in layouts) + " |"]
    lines += ["| --- | --- | --- |" + " --- |" * len(layouts)]
    for name in names:
        forms = [layout.by_name.get(name) for layout in layouts.values()]
        first = next(form for form in forms if form is not None)
        told = [f"{form.length} bytes, {_profile(form.protection)}" if form else "no" for form in forms]
        lines.append(f"| [{name}]({name}.md) | 0x{first.can_id:X} | {first.cycle_s * 1e3:g} ms | {' | '.join(told)} |")
    p = ReceiverParameters()
    return "\n".join([*lines, "", _RULES.format(p=p, e=p.e2e)])


def _page(name: str, layouts: Mapping[str, Layout]) -> str:
    lines = [f"# {name}", ""]
    for kind, layout in layouts.items():
        message = layout.by_name.get(name)
        if message is None:
            lines += [
                f"## {TITLES[kind]}",
                "",
                "Not in this message set: it does not fit into 8 bytes. [All messages](README.md)",
                "",
            ]
            continue
        lines += [
            f"## {TITLES[kind]}",
            "",
            *_facts(message),
            "",
            message.comment,
            "",
            *_bytes(message),
            "",
            *_signals(message),
            "",
        ]
    return "\n".join(lines)


def _facts(message: Message) -> list[str]:
    kind = "CAN FD with bit rate switch" if message.fd else "classic"
    return [
        f"- id 0x{message.can_id:X} ({'29' if message.extended else '11'} bit), {message.length} bytes, {kind}",
        f"- every {message.cycle_s * 1e3:g} ms, from {', '.join(message.codec.senders)}",
        f"- {_protection(message.protection)}",
    ]


def _profile(profile: Profile | None) -> str:
    return f"E2E {profile.name}" if profile else "not protected"


def _protection(profile: Profile | None) -> str:
    if profile is None:
        return "not protected"
    mode, data_id, data_ids = e2e_fields(profile)
    listed = f"data id list {data_ids.hex(' ')}" if data_ids else f"data id 0x{data_id:04X}"
    return f"AUTOSAR E2E {profile.name}, {listed}" + (f", data id mode {mode}" if mode != "both" else "")


def _bytes(message: Message) -> Iterator[str]:
    """The frame as a table of bytes and bits."""
    places: dict[int, str] = {}
    for signal in message.codec.signals:
        if signal.byte_order == "little_endian":
            places |= dict.fromkeys(range(signal.start, signal.start + signal.length), signal.name)
    yield "| byte | bit 7 | 6 | 5 | 4 | 3 | 2 | 1 | 0 |"
    yield "| --- |" + " --- |" * 8
    for byte in range(message.length):
        cells = [places.get(8 * byte + bit, "") for bit in range(7, -1, -1)]
        shown = [cell if i == 0 or cell != cells[i - 1] else "." for i, cell in enumerate(cells)]
        yield f"| {byte} | {' | '.join(cell or '-' for cell in shown)} |"
    yield ""
    yield "A dot continues the signal to its left; `-` is spare."


def _signals(message: Message) -> Iterator[str]:
    yield "| signal | start, bits | value | codes | meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for signal in sorted(message.codec.signals, key=lambda s: s.start):
        own = message.signals[signal.name]
        names = ", ".join(f"{code} {name}" for name, code in own.names.items()) or "-"
        yield f"| `{own.name}` | {signal.start}, {own.bits} | {_value(own)} | {names} | {signal.comment or ''} |"


def _value(signal: Signal) -> str:
    if signal.names and signal.names.get("SNA", -1) <= signal.code(signal.high) and signal.low >= 0:
        return "enumeration"
    offset = f" {signal.offset:+g}" if signal.offset else ""
    return f"code x {signal.factor:g}{offset}, {signal.low:g} to {signal.high:g} {signal.unit}".rstrip()
