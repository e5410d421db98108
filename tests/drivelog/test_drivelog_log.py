"""Drive logs: what goes in comes out, by topic and time; whole, cut, damaged or foreign."""

import random

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcap.reader import make_reader

from dms.camera.log import LogFrames
from dms.camera.open import open_source
from dms.drivelog.codec import Decoder, encoder
from dms.drivelog.format import CAMERA, CAMERA_META, OBSERVATION, STATE, TRUTH, CanRecord, LogHeader, can_topic
from dms.drivelog.noise import Noise
from dms.drivelog.reader import LogReader
from dms.drivelog.writer import LogWriter
from dms.errors import InputError, UsageError
from dms.records import Frame, Observation, TakeoverReadiness
from dms.records.cabin import Camera
from dms.records.jsonl import decode_input, decode_state

HEADER = LogHeader(
    software="dms 0.1.0",
    camera=Camera(fx=700.0, fy=700.0, cx=64.0, cy=48.0, width=128, height=96),
    vehicle="lhd.yaml",
    dbc="dms.dbc",
    dbc_sha256="ab" * 32,
    start_s=100.0,
    wall_start="2026-05-01T08:00:00Z",
)
CAN = can_topic("can0", "rx")


def scene(number):
    y, x = np.mgrid[0:96, 0:128]
    return ((x + 2 * y + 5 * number) % 256).astype(np.uint8)


def write(path, count=60, codec="png", **options):
    """Two seconds of a drive: 30 pictures and 100 CAN frames a second, starting at 100 s."""
    with LogWriter(path, HEADER, codec, **options) as log:
        for number in range(count):
            t = 100.0 + number / 30
            log.frame(Frame(scene(number), t, number, 1000 + number), received=t + 0.002, exposure_us=1500)
            log.json(TRUTH, {"situation": "attentive", "number": number}, t + 0.002, t)
            for step in range(3):
                log.can(CanRecord(0x100 + step, bytes([number % 256, step]), fd=True, brs=step == 1), t + 0.003 + step * 0.01)
        log.record(Observation(t=t, frame=count - 1))
        log.record(TakeoverReadiness(t=t))
        log.can(CanRecord(0x3A0, bytes(16), fd=True), t + 0.04, "can1", "tx")
    return path


def test_everything_comes_back(tmp_path):
    with LogReader(write(tmp_path / "a.mcap")) as log:
        assert log.complete and log.header == HEADER
        assert {CAMERA, CAMERA_META, CAN, "/can/can1/tx", TRUTH, OBSERVATION, STATE} <= set(log.channels)
        frames = list(log.frames())
        assert len(frames) == 60
        assert all(np.array_equal(f.grey, scene(n)) for n, f in enumerate(frames))
        assert [f.t for f in frames] == pytest.approx([100 + n / 30 for n in range(60)], abs=1e-9)
        assert [f.counter for f in frames] == list(range(1000, 1060))
        can = list(log.can())
        assert len(can) == 180
        assert can[4][1] == CanRecord(0x101, b"\x01\x01", fd=True, brs=True)
        assert can[4][0] == pytest.approx(100 + 1 / 30 + 0.013)
        [tx] = log.can("can1", "tx")
        assert tx[1].data == bytes(16)
        truth = list(log.messages((TRUTH,)))
        assert [m.json()["number"] for m in truth] == list(range(60))
        assert truth[3].captured == pytest.approx(100.1) and truth[3].t == pytest.approx(100.102)
        [meta] = log.messages((CAMERA_META,), 100.05, 100.08)
        assert meta.json() == {"frame": 2, "counter": 1002, "exposure_us": 1500}
        [observation], [state] = log.messages((OBSERVATION,)), log.messages((STATE,))
        assert decode_input(observation.data).frame == 59
        assert decode_state(state.data).readiness == "unknown"
        assert log.notes == []


@pytest.mark.parametrize("codec", ["png", "raw8", "h264"])
def test_time_range(tmp_path, codec):
    path = write(tmp_path / "a.mcap", codec=codec, codec_options={"quality": 0, "keyframe_s": 0.5} if codec == "h264" else {})
    with LogReader(path) as log:
        frames = list(log.frames(100.7, 101.2))
        assert [f.counter for f in frames] == list(range(1021, 1036))
        assert all(np.array_equal(f.grey, scene(f.counter - 1000)) for f in frames)
        assert [f.index for f in frames] == list(range(15))
        assert next(m.t for m in log.messages((TRUTH,), 101.0)) >= 101.0
        assert list(log.messages(None, 500.0)) == []


def test_the_public_mcap_reader_reads_it_too(tmp_path):
    with open(write(tmp_path / "a.mcap"), "rb") as file:
        reader = make_reader(file)
        summary = reader.get_summary()
        assert summary.statistics.message_count == 60 * 6 + 3
        assert summary.statistics.chunk_count >= 2  # a second each
        can = [m for _, _, m in reader.iter_messages(topics=[CAN])]
        assert len(can) == 180 and CanRecord.unpack(can[0].data).id == 0x100
        [schema] = [s for s in summary.schemas.values() if s.name == "dms.can/1"]
        assert b"little-endian" in schema.data


@pytest.mark.parametrize(
    ("codec", "quality", "worst"), [("raw8", None, 0), ("png", None, 0), ("h264", 0, 0), ("jpeg", 95, 25), ("h264", 18, 25)]
)
def test_codecs(codec, quality, worst):
    coder = encoder(codec, 128, 96, quality)
    decoder = Decoder(coder.metadata())
    for number in range(40):
        y, x = np.mgrid[0:96, 0:128]
        grey = (128 + 127 * np.sin((x + number) / 9.0) * np.cos(y / 7.0)).astype(np.uint8)  # spans 1..255
        back = decoder.decode(coder.encode(grey))
        assert np.abs(back.astype(int) - grey).max() <= worst


def test_noise_is_the_same_at_each_reading_and_as_strong_as_it_says(tmp_path):
    noise = Noise(7, [(0.0, 1e9, 2.0), (100.5, 101.0, 8.0)])
    path = write(tmp_path / "a.mcap", noise=noise)
    with LogReader(path) as log:
        first, again = list(log.frames()), list(log.frames())
        late = list(log.frames(101.2))
    assert all(np.array_equal(a.grey, b.grey) for a, b in zip(first, again, strict=True))
    assert np.array_equal(late[0].grey, first[late[0].counter - 1000].grey)
    for number, sigma in ((3, 2.0), (20, 8.0), (50, 2.0)):
        middle = (scene(number) > 40) & (scene(number) < 215)
        error = (first[number].grey.astype(int) - scene(number))[middle]
        assert error.std() == pytest.approx(sigma, rel=0.1) and abs(error.mean()) < 0.3
    assert not np.array_equal(first[3].grey - scene(3), first[4].grey - scene(4))


def test_noise_has_a_golden_vector():
    grey = Noise(7, [(0.0, 9.0, 4.0)]).add(np.full((2, 4), 100, np.uint8), 1.0, 5)
    assert grey.tolist() == GOLDEN_NOISE


GOLDEN_NOISE = [[96, 103, 96, 104], [105, 97, 105, 98]]


@pytest.mark.parametrize("compress", [True, False])
def test_a_log_cut_anywhere_gives_what_was_complete(tmp_path, compress):
    whole = write(tmp_path / "a.mcap", chunk_s=0.25, compress=compress).read_bytes()
    with LogReader(tmp_path / "a.mcap") as log:
        all_messages = list(log.messages())
    rng = random.Random(5)
    data_end = whole.rindex(b"\x0f\x04\0\0\0\0\0\0\0")
    part = tmp_path / "part.mcap"
    for cut in sorted(rng.randrange(8, data_end) for _ in range(60)):
        part.write_bytes(whole[:cut])
        with LogReader(part) as log:
            got = list(log.messages())
            assert not log.complete
            assert len(log.notes) == 1 and f"cut at byte {cut}" in log.notes[0]
        assert got == all_messages[: len(got)]
        least = complete_messages(whole, cut, compress)
        assert len(got) >= least, cut
        if not compress:
            assert len(got) == least


def complete_messages(whole, cut, compress):
    """How many messages end before the cut: counted by hand, byte by byte of the format."""
    at, count = 8, 0
    while at + 9 <= cut:
        opcode, length = whole[at], int.from_bytes(whole[at + 1 : at + 9], "little")
        if opcode == 6:
            head = at + 9 + 28
            name = int.from_bytes(whole[head : head + 4], "little")
            inner, end = head + 4 + name + 8, at + 9 + length
            if compress:
                import zstandard

                body = zstandard.ZstdDecompressor().decompress(whole[inner:end], max_output_size=1 << 26) if end <= cut else b""
            else:
                body = whole[inner : min(end, cut)]
            place = 0
            while place + 9 <= len(body):
                size = int.from_bytes(body[place + 1 : place + 9], "little")
                place += 9 + size
                count += body[place - 9 - size] == 5 and place <= len(body)
        at += 9 + length
    return count


def test_a_cut_log_still_gives_pictures(tmp_path):
    whole = write(tmp_path / "a.mcap", codec="h264", chunk_s=0.25).read_bytes()
    (tmp_path / "cut.mcap").write_bytes(whole[: len(whole) // 2])
    with open_source(str(tmp_path / "cut.mcap")) as source:
        frames = list(source.frames())
        assert 10 < len(frames) < 60
        assert len(source.notes) == 1


def test_a_damaged_chunk_is_left_out_with_a_note(tmp_path):
    path = write(tmp_path / "a.mcap", chunk_s=0.25)
    coded = bytearray(path.read_bytes())
    coded[coded.index(b"zstd", len(coded) // 3) + 300] ^= 0xFF
    path.write_bytes(coded)
    with LogReader(path) as log:
        numbers = [m.json()["number"] for m in log.messages((TRUTH,))]
        assert 40 < len(numbers) < 60 and numbers == sorted(numbers)
        assert len(log.notes) == 1 and "damaged" in log.notes[0]


def test_a_damaged_picture_is_left_out_with_a_note(tmp_path):
    path = tmp_path / "a.mcap"
    with LogWriter(path, HEADER, "raw8") as log:
        log.frame(Frame(scene(0), 1.0, 0, 0))
        log._add(CAMERA, b"half a picture", 1.1, 1.1, 1)
        log.frame(Frame(scene(2), 1.2, 2, 2))
    with LogFrames(path) as source:
        assert [f.counter for f in source.frames()] == [0, 2]
        assert len(source.notes) == 1 and "picture 1 at 1.100 s left out" in source.notes[0]


@pytest.mark.parametrize("content", [b"", b"\x89MCAP", b"this is text, not a log\n" * 50])
def test_files_that_are_no_log(tmp_path, content):
    path = tmp_path / "a.mcap"
    path.write_bytes(content)
    for read in (LogReader, LogFrames, lambda p: open_source(str(p))):
        with pytest.raises(InputError) as caught:
            read(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        LogReader(tmp_path / "nowhere.mcap")


def test_a_log_without_pictures_and_another_version(tmp_path):
    with LogWriter(tmp_path / "a.mcap", HEADER) as log:
        log.can(CanRecord(1, b""), 1.0)
    with LogFrames(tmp_path / "a.mcap") as source, pytest.raises(InputError, match="holds no pictures"):
        list(source.frames())
    with LogWriter(tmp_path / "b.mcap", LogHeader(schema="dms.drivelog/9")) as log:
        log.can(CanRecord(1, b""), 1.0)
    with pytest.raises(InputError, match="drivelog/9"):
        LogReader(tmp_path / "b.mcap")


def test_writing_refuses_what_a_log_cannot_hold(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        LogWriter(tmp_path / "no" / "a.mcap", HEADER)
    with LogWriter(tmp_path / "a.mcap", HEADER) as log:
        log.frame(Frame(scene(0), 1.0))
        with pytest.raises(UsageError, match="a picture of"):
            log.frame(Frame(scene(0)[:50], 1.1))
        with pytest.raises(InputError, match="cannot be logged"):
            log.can(CanRecord(1, b""), -1.0)
    with pytest.raises(UsageError, match="even sides"):
        encoder("h264", 127, 96)
    with LogReader(tmp_path / "a.mcap") as log:
        assert len(list(log.frames())) == 1


def test_the_log_is_complete_even_when_the_recording_program_fails(tmp_path):
    def drive():
        with LogWriter(tmp_path / "a.mcap", HEADER) as log:
            log.frame(Frame(scene(0), 1.0))
            raise RuntimeError("camera program died")

    with pytest.raises(RuntimeError):
        drive()
    with LogReader(tmp_path / "a.mcap") as log:
        assert log.complete and len(list(log.frames())) == 1


@given(
    st.booleans().flatmap(
        lambda fd: st.builds(
            CanRecord,
            id=st.integers(0, 2047),
            data=st.binary(max_size=64 if fd else 8),
            extended=st.booleans(),
            fd=st.just(fd),
            brs=st.booleans(),
            esi=st.booleans(),
            remote=st.booleans(),
            error=st.booleans(),
        )
    )
)
def test_can_records_round_trip(record):
    assert CanRecord.unpack(record.pack()) == record


def test_can_record_golden_vector():
    raw = CanRecord(0x18DAF110, b"\x02\x10\x03", extended=True, fd=True, brs=True).pack()
    assert raw.hex() == "10f1da180703021003"


@given(st.binary(max_size=80))
def test_any_bytes_are_a_can_record_or_refused(raw):
    try:
        record = CanRecord.unpack(raw)
    except InputError:
        return
    assert record.pack() == raw


def test_files_are_given_back(tmp_path):
    path = write(tmp_path / "a.mcap")
    before = psutil.Process().num_fds()
    for _ in range(3):
        with LogReader(path) as log:
            next(log.frames())
        (tmp_path / "text.mcap").write_text("text")
        with pytest.raises(InputError):
            LogReader(tmp_path / "text.mcap")
        write(tmp_path / "b.mcap", 3)
    assert psutil.Process().num_fds() == before
