"""``dms can``: the package from an empty folder, traces of every kind, wrong input as one line."""

import contextlib
import json

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.bus.contract.vectors import Story
from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.trace import candump, read_trace
from dms.errors import InputError

TRACE = Story(load()).tell()
KINDS = [".log", ".asc", ".blf"]


def write(path, trace=TRACE):
    with can.Logger(path) as logger:
        for t, frame in trace:
            logger.on_message_received(
                can.Message(
                    timestamp=t, arbitration_id=frame.can_id, data=frame.data, is_extended_id=frame.extended, is_fd=frame.fd,
                    bitrate_switch=frame.bit_rate_switch, channel=0,
                )
            )  # fmt: skip
    return path


def test_export_says_what_to_do_next(dms, tmp_path):
    result = dms("can", "export", tmp_path / "contract")
    assert result.code == 0 and "make -C" in result.out and not result.err
    assert (tmp_path / "contract/README.md").is_file() and (tmp_path / "contract/c/dms_receiver.c").is_file()
    listed = json.loads(dms("can", "export", tmp_path / "contract", "--json").out)["files"]
    assert all((tmp_path / "contract" / name).is_file() for name in listed)


@pytest.mark.parametrize("kind", KINDS)
def test_decode_reads_every_kind_alike(dms, tmp_path, kind):
    path = write(tmp_path / f"trace{kind}")
    told = json.loads(dms("can", "decode", path, "--json").out)
    plain = tmp_path / "plain.log"
    plain.write_bytes(b"".join(candump(frame, t) + b"\n" for t, frame in TRACE))
    wanted = json.loads(dms("can", "decode", plain, "--json").out)
    assert told["messages"]["DMS_TakeoverReady"]["verdicts"] == wanted["messages"]["DMS_TakeoverReady"]["verdicts"]
    assert [c["ready"] for c in told["changes"]] == [c["ready"] for c in wanted["changes"]]


def test_decode_for_people(dms, tmp_path):
    result = dms("can", "decode", write(tmp_path / "trace.log"))
    lines = result.out.splitlines()
    assert result.code == 0 and lines[0].endswith("not ready  E2E init; communication init")
    assert "ready      level 4, E2E valid" in lines[1] and lines[-1].startswith("DMS_TakeoverReady")
    assert any("camera counter stands still" in line for line in lines) and any("picture 0.3" in line for line in lines)


def test_decode_every_frame_and_vss(dms, tmp_path):
    path = write(tmp_path / "trace.log")
    frames = [json.loads(line) for line in dms("can", "decode", path, "--jsonl").out.splitlines()]
    ours = [f for f in frames if f["message"]]
    assert len(ours) == sum(frame.can_id == 0x3A0 for _, frame in TRACE)
    assert ours[5]["signals"]["TkoRdy_St"] == "Ready" and ours[5]["statement"]["ready"]
    vss = [json.loads(line) for line in dms("can", "decode", path, "--vss").out.splitlines()]
    assert {"t": 10.0, "path": "Vehicle.ADAS.DMS.IsEnabled", "value": True} in vss


def test_decode_classic_from_standard_input(dms_process):
    trace = Story(load(CLASSIC_DBC)).tell()
    text = b"".join(candump(frame, t) + b"\n" for t, frame in trace).decode()
    result = dms_process("can", "decode", "-", stdin=text)
    assert result.code == 0 and "ready      level 4" in result.out and "not_available" not in result.out


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("trace.log", "(1.0) can0 123#00\n", "has no DMS_TakeoverReady"),
        ("trace.log", "", "trace.log is empty"),
        ("trace.log", "hello world\n", "trace.log is not the kind of trace its name says; known: .log (candump)"),
        ("trace.log", "(1.0) can0 123#00\n(1.1) can", "cannot be read beyond frame 1"),
        ("trace.blf", "hello world", "not the kind of trace its name says"),
        ("trace.txt", "hello world", "not the kind of trace its name says"),
        (None, "", "no such file"),
    ],
)
def test_unreadable_traces(dms, tmp_path, name, content, words):
    if name:
        (tmp_path / name).write_text(content)
    result = dms("can", "decode", tmp_path / (name or "none.log"))
    assert result.code == 3 and words in result.complaint and not result.out


def test_a_folder_and_a_kind_that_needs_a_package(dms, tmp_path, monkeypatch):
    result = dms("can", "decode", tmp_path)
    assert result.code == 3 and "is a folder" in result.complaint
    monkeypatch.setattr("dms.bus.trace.find_spec", lambda name: None)
    (tmp_path / "trace.mf4").write_text("hello world")
    result = dms("can", "decode", tmp_path / "trace.mf4")
    assert result.code == 4 and "asammdf" in result.complaint and "[mf4]'" in result.complaint


def test_wrong_usage(dms, tmp_path):
    assert dms("can").code == dms("can", "export").code == 2
    assert dms("can", "decode", write(tmp_path / "t.log"), "--dbc", tmp_path / "none.dbc").code == 3


@pytest.mark.parametrize("kind", [*KINDS, ".trc", ".csv"])
@given(st.binary(max_size=300))
def test_rubbish_is_an_unreadable_input_and_nothing_worse(tmp_path_factory, kind, content):
    path = tmp_path_factory.getbasetemp() / f"rubbish{kind}"
    path.write_bytes(content)
    with contextlib.suppress(InputError):
        list(read_trace(str(path)))
