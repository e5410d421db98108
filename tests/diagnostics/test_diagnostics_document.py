"""``docs/diagnostics.md`` says what is so: table, identifiers, response codes, and a transcript that can be had again."""

import re
from pathlib import Path

import pytest
from control_unit import SECRET

from dms.cli.diag_text import table_text
from dms.diagnostics.identifiers import ALL
from dms.diagnostics.nrc import Nrc
from dms.diagnostics.security import key_of

DOCUMENT = (Path(__file__).parents[2] / "docs" / "diagnostics.md").read_text(encoding="utf-8")


def test_table_identifiers_and_response_codes():
    assert table_text() in DOCUMENT
    rows = re.findall(r"^\| 0x([0-9A-F]{4}) \| .*? \| (\d+|varies) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert rows == [
        (f"{one.number:04X}", str(one.length or "varies"), ", ".join(field.name for field in one.fields)) for one in ALL
    ]
    listed = re.search(r"Negative responses in use: (.*)\.", DOCUMENT)
    assert listed is not None and {int(code, 16) for code in listed[1].split()} == set(Nrc)


@pytest.fixture
def transcript():
    """(request, shown beginning of the answer or ``None``) in order."""
    lines = [line for line in DOCUMENT.splitlines() if line.startswith(("-> ", "<- "))]
    pairs = []
    for index, line in enumerate(lines):
        if line.startswith("-> "):
            answer = lines[index + 1] if index + 1 < len(lines) and lines[index + 1].startswith("<- ") else None
            pairs.append((bytes.fromhex(line[3:]), answer and bytes.fromhex(answer[3:].split(" ...")[0])))
    return pairs


def test_the_transcript_can_be_had_again(server, unit, fail, transcript):
    """From a server with the same codes set; values of the moment aside."""
    for name in ("vehicle_speed_lost", "seat_belt_lost", "handover_lost"):
        fail(name)
    unit.resting = False
    talk, seed = server.open(), b""
    assert len(transcript) > 15
    for request, shown in transcript:
        if request[:2] == b"\x27\x02":
            request = b"\x27\x02" + key_of(SECRET, seed)
        answer = server.answer(talk, request)
        said = answer.data if answer.wanted else None
        assert (said is None) == (shown is None), request.hex()
        if said is None:
            continue
        seed = said[2:] if said[:2] == b"\x67\x01" else seed
        assert said[:3] == shown[:3] if said[0] == 0x7F else said[:1] == shown[:1], request.hex()
        if request[0] in (0x14, 0x19, 0x28, 0x85, 0x10):
            assert said[:8] == shown[:8], request.hex()
