"""The contract package: what is in it, the receiver in C against the one in Python, pages, VSS, KCD."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import cantools
import pytest
import yaml

from dms.bus.contract.c_source import HAND_WRITTEN, STATEMENT
from dms.bus.contract.decoding import Decoder, message_set, vss_changes
from dms.bus.contract.export import SETS, export
from dms.bus.contract.vectors import DOUBTS, Story, e2e_vectors, lines
from dms.bus.contract.vss import LEAVES, overlay
from dms.bus.e2e_profiles import profile
from dms.bus.layout import CLASSIC_DBC, DBC, load
from dms.bus.messages import Encoder
from dms.bus.port import CanFrame
from dms.bus.samples import BusHealth
from dms.bus.trace import candump
from dms.errors import InputError, UsageError
from tools.can_pages import FOLDER, made
from tools.compare_receivers import Wild, build, differences, main

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]


@pytest.fixture(scope="session")
def compiler() -> str:
    """A C compiler and make; required in CI."""
    found = shutil.which("gcc") or shutil.which("cc")
    if found and shutil.which("make"):
        return found
    if os.environ.get("DMS_REQUIRE_CC") == "1":
        pytest.fail("no C compiler or no make, but this run requires them")
    pytest.skip("no C compiler or no make; on Debian or Ubuntu: apt install gcc make")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract")
    export(folder)
    return folder


@pytest.fixture(scope="session")
def monitor(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The monitor program; it has passed ``make check`` on the vectors."""
    return build(tmp_path_factory.mktemp("built"))


def test_the_same_dbc_gives_the_same_bytes(package, tmp_path):
    again = export(tmp_path / "again")
    assert again == sorted(p.relative_to(package) for p in package.rglob("*") if p.is_file())
    for name in again:
        assert (tmp_path / "again" / name).read_bytes() == (package / name).read_bytes(), name


def test_c_is_strict_c99_without_memory_allocation(compiler, package, tmp_path):
    for source in sorted((package / "c").glob("*.c")):
        done = subprocess.run([compiler, *STRICT, "-c", source, "-o", tmp_path / "x.o"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for name in ("dms_e2e", "dms_receiver", "dms_contract"):
        text = (package / "c" / f"{name}.c").read_text()
        headers = {line.split()[1] for line in text.splitlines() if line.startswith("#include <")}
        assert not headers and not any(word in text for word in ("malloc", "free(", "goto", "printf"))


@pytest.mark.requirement("FS-07")
@pytest.mark.parametrize("name", SETS)
def test_the_two_receivers_believe_the_same(monitor, name):
    layout, seen = load(SETS[name]), Counter()
    trace = Wild(layout[STATEMENT], Random(20)).trace(10_000)
    assert not list(differences(monitor, name, layout, trace, seen))
    assert min(seen["ready"], seen["no"], seen["state valid"], seen["state invalid"]) > 1000
    kinds = ("ok", "ok_some_lost", "repeated", "wrong_sequence", "error", "other")
    assert all(seen[f"verdict {kind}"] > 50 for kind in kinds), seen


def test_a_difference_would_be_seen(monitor):
    """The comparison is worth something only if it can fail: the C side hears a receiver of the other message set."""
    layout = load(DBC)
    trace = Wild(layout[STATEMENT], Random(1)).trace(100)
    assert list(differences(monitor, "classic", layout, trace, Counter()))


def test_comparison_program(compiler, capsys):
    assert main(["--frames", "400"]) == 0
    assert "400 frames, no difference" in capsys.readouterr().out


@pytest.mark.requirement("FS-07")
@pytest.mark.parametrize("name", SETS)
def test_what_is_never_ready_in_either_receiver(monitor, name):
    """All zero, all ones, the same protected, nothing, old, corrupt, replayed: fifty cycles each."""
    layout = load(SETS[name])
    message = layout[STATEMENT]
    good = [frame for _, frame in Story(layout).tell()[:8]]
    period, size = message.protection.counter_period, message.length

    def frame(data: bytes) -> CanFrame:
        return CanFrame(message.can_id, data, fd=message.fd)

    def protected(byte: int) -> list[CanFrame]:
        return [frame(message.protection.protect(bytes([byte]) * size, k % period)) for k in range(50)]

    harms = {
        "zero": [frame(bytes(size))] * 50, "ones": [frame(b"\xff" * size)] * 50, "protected zero": protected(0),
        "protected ones": protected(255), "silence": [CanFrame(0x7FF, b"")] * 50,
        "corrupt": [frame(f.data[:-1] + bytes([f.data[-1] ^ 4])) for f in good] * 6, "repeated": [good[-1]] * 50,
        "replayed backwards": good[::-1] * 6, "other format": [CanFrame(f.can_id, f.data[:8], fd=not f.fd) for f in good] * 6,
    }  # fmt: skip
    for harm, frames in harms.items():
        trace = [(1.0 + k * 0.05, f) for k, f in enumerate(frames)]
        text = b"".join(candump(f, t) + b"\n" for t, f in trace)
        done = subprocess.run([monitor, name], input=text, stdout=subprocess.PIPE, check=True)
        ours = list(lines(layout, trace))
        assert done.stdout.decode().splitlines() == ours
        assert not any(line.split()[3] == "ready" for line in ours), harm


def test_the_story_has_every_doubt_and_every_verdict():
    for path in SETS.values():
        layout = load(path)
        told = [line.split() for line in lines(layout, Story(layout).tell())]
        doubts = 0
        for words in told:
            doubts |= int(words[4], 16)
        assert doubts == (1 << len(DOUBTS)) - 1 - 1  # all but "no data", which only the time before the first frame has
        assert {words[1] for words in told} == {"ok", "ok_some_lost", "repeated", "wrong_sequence", "error", "other"}
        assert {words[3] for words in told} == {"ready", "no"}


def test_vectors_hold_for_the_profiles():
    vectors = [line.split() for line in e2e_vectors()]
    assert {words[0] for words in vectors} == {"P01", "P02", "P05", "P11", "P22"}
    for name, mode, data_id, ids, counter, payload, golden in vectors:
        ours = profile(name, int(data_id, 16), bytes.fromhex(ids.replace("-", "")), mode)
        assert ours.protect(bytes.fromhex(payload), int(counter)).hex() == golden


@pytest.mark.parametrize(
    ("arguments", "text", "code", "words"),
    [
        (["vectors"], "P05 both 1234 - 0 0000000000000000 1cca000000000001\n", 1, "the vector in line 1 does not hold"),
        (["vectors"], "nonsense\n", 3, "line 1 is no vector"),
        (["vectors"], "P22 both 0 0102 0 0000 0000\n", 3, "line 1 is no vector"),
        (["fd"], "(1.000000) can0 3A0#R\n", 3, "line 1 is no frame"),
        (["fd"], "(1.000000) can0 3A0##1" + "00" * 65 + "\n", 3, "line 1 is no frame"),
        (["fd"], "x\n", 3, "line 1 is no frame"),
        ([], "", 2, "usage"),
        (["sideways"], "", 2, "usage"),
    ],
)
def test_the_monitor_program_refuses_in_one_line(monitor, arguments, text, code, words):
    done = subprocess.run([monitor, *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == code and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_pages_are_up_to_date():
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert there == made(), "write them again: python -m tools.can_pages"


def test_pages_name_every_signal_and_every_code():
    text = made()
    for path in SETS.values():
        for message in load(path).by_name.values():
            page = text[f"{message.name}.md"]
            for signal in message.signals.values():
                assert f"| `{signal.name}` |" in page
                assert all(f"{code} {name}" in page for name, code in signal.names.items())


@pytest.mark.parametrize("name", ["dms", "dms_classic"])
def test_kcd_says_the_same(package, name):
    kcd = cantools.database.load_file(package / f"{name}.kcd")
    for message in cantools.database.load_file(package / f"{name}.dbc").messages:
        other = kcd.get_message_by_name(message.name)
        assert (other.frame_id, other.length, other.cycle_time) == (message.frame_id, message.length, message.cycle_time)
        for signal in message.signals:
            there = other.get_signal_by_name(signal.name)
            assert (there.start, there.length, there.scale, there.offset) == (
                signal.start,
                signal.length,
                signal.scale,
                signal.offset,
            )
            assert (there.is_signed, there.byte_order) == (signal.is_signed, signal.byte_order)
            assert {k: str(v) for k, v in (there.choices or {}).items()} == {k: str(v) for k, v in (signal.choices or {}).items()}


def test_a_message_set_of_the_integrators_own(compiler, tmp_path):
    text = DBC.read_text().replace("BO_ 928 ", "BO_ 2566848513 ").replace(" 928 ", " 2566848513 ")  # 29 bit: 0x18FF0001
    own = tmp_path / "own.dbc"
    own.write_text(
        text.replace("BO_ 2566848513 14849", "BO_ 2566848513 4660").replace("BO_ 2566848513 14;", "BO_ 2566848513 15;")
    )
    export(tmp_path / "package", own)
    source = (tmp_path / "package/c/dms_contract.c").read_text()
    assert "0x18FF0001u, true, true, 16u, 50000u," in source and "{DMS_P05, DMS_ID_BOTH, 0x1234u, {0u}}" in source
    assert (tmp_path / "package/dms.dbc").read_bytes() == own.read_bytes()
    done = subprocess.run(["make", "-s", "-C", tmp_path / "package/c", "check", "CFLAGS=-O0"], capture_output=True, text=True)
    assert done.returncode == 0 and "the receiver believes what it should" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('BA_ "E2EProfile" BO_ 928 "P05";', "", "lacks the attribute E2EProfile"),
        (' SG_ Req_WakeUp : 124|3@1+ (1,0) [0|7] "" HOC', "", "lacks signal Req_WakeUp"),
    ],
)
def test_a_message_set_that_lacks_what_the_receiver_needs(tmp_path, old, new, words):
    own = tmp_path / "own.dbc"
    lines = [line for line in DBC.read_text().replace(old, new).splitlines() if "Req_WakeUp" not in line or "SG_" not in old]
    own.write_text("\n".join(lines))
    with pytest.raises(UsageError, match=words):
        export(tmp_path / "package", own)


def test_exporting_into_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="choose another folder"):
        export(tmp_path / "file")


def test_vss_overlay_names_what_the_message_set_has():
    entries = yaml.safe_load(overlay())
    assert set(entries) == {leaf.path for leaf in LEAVES}
    for leaf in LEAVES:
        signal = load()[leaf.message].signals[leaf.signal]
        assert leaf.interval_ms == load()[leaf.message].cycle_s * 1e3
        mapping = entries[leaf.path]["dbc2vss"].get("transform", {}).get("mapping", [])
        assert all(entry["from"] in signal.names for entry in mapping)
        if leaf.math and leaf.numbers:
            for value in (0.0, 1.0, 4.5, 9.0, 50.0):
                assert eval(leaf.math, {"min": min, "max": max, "x": value}) == pytest.approx(leaf.numbers(value))


def test_vss_says_only_what_is_known_and_protected(sample):
    encoder, layout = Encoder(load()), load()
    trace = []
    for k in range(3):
        trace += [
            (k / 10, encoder.takeover_ready(sample(captured=k / 10), k / 10)),
            (k / 10, encoder.driver_state(sample(captured=k / 10), k / 10)),
        ]
    trace.append((0.3, CanFrame(0x3A1, bytes(24), fd=True)))  # not protected: not read
    trace.append((0.4, encoder.driver_state(None, 0.4)))  # all SNA: says nothing
    got = [(path.removeprefix("Vehicle."), value) for _, path, value in vss_changes(Decoder(layout).read(trace))]
    assert got == [
        ("ADAS.DMS.IsEnabled", True), ("ADAS.DMS.IsError", False), ("ADAS.DMS.IsWarning", False),
        ("Driver.IsEyesOnRoad", True), ("Driver.DistractionLevel", pytest.approx(100 * 2 / 30)), ("Driver.FatigueLevel", 25.0),
    ]  # fmt: skip


def test_decoding_tells_silence_and_counts(sample):
    encoder = Encoder(load())
    trace = [(k * 0.05, encoder.takeover_ready(sample(captured=k * 0.05, counter=k), k * 0.05)) for k in range(6)]
    trace += [(0.1, encoder.health(BusHealth(fps=30.0))), (5.0, CanFrame(0x123, b"")), (6.0, CanFrame(0x3A3, bytes(8), fd=True))]
    decoder = Decoder(load())
    heard = list(decoder.read(trace))
    assert [one.statement.ready for one in heard[:6]] == [False, False, True, True, True, True]
    silent = [one for one in heard if one.message is None]
    assert len(silent) == 1 and silent[0].t == pytest.approx(0.4, abs=1e-4) and not silent[0].statement.ready
    assert decoder.counts["DMS_TakeoverReady"].frames == 6 and decoder.counts["DMS_TakeoverReady"].period_s == pytest.approx(0.05)
    assert dict(decoder.counts["DMS_Health"].verdicts) == {"ok": 1, "error": 1}
    assert heard[6].values["Pipe_Fps"] == 30.0 and heard[6].values["Soc_Temp"] is None and heard[-1].values == {}


def test_the_message_set_is_found_by_the_trace():
    layouts = [load(path) for path in SETS.values()]
    for path in (DBC, CLASSIC_DBC):
        layout = load(path)
        assert message_set(layouts, Story(layout).tell(), "x")[STATEMENT].fd is (path == DBC)
    with pytest.raises(InputError, match=r"x has no DMS_TakeoverReady \(0x3A0 CAN FD or 0x3A0 classic\)"):
        message_set(layouts, [(0.0, CanFrame(0x3A0, b"", extended=True))], "x")


def test_hand_written_c_names_no_number_of_the_message_set():
    """Ids, lengths and codes come from the DBC through dms_contract; data ids and ids appear nowhere else."""
    text = "".join(path.read_text() for path in HAND_WRITTEN.iterdir() if path.name != "dms_monitor.c")
    for message in load().by_name.values():
        assert f"{message.can_id:X}u" not in text and f"{message.protection.data_id:04X}" not in text
