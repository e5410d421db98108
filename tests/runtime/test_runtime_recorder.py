"""Recording on request: never holds the loop up, never hides a hole, can be replayed."""

import threading

import pytest

from dms import __version__
from dms.bus.port import CanFrame
from dms.camera.log import LogFrames
from dms.drivelog.format import OBSERVATION, STATE
from dms.drivelog.reader import LogReader
from dms.errors import HardwareError, InputError
from dms.profiles import load_profile
from dms.records import TakeoverReadiness
from dms.runtime import clock
from dms.runtime.chain import Chain
from dms.runtime.config import RunConfig, load_parts
from dms.runtime.loop import Loop
from dms.runtime.recorder import QUEUE, Recorder
from dms.runtime.replay import Replay


@pytest.mark.requirement("FS-11")
def test_what_was_seen_said_and_sent_is_in_the_log(recording_parts, blind_engines, frame):
    parts = recording_parts
    chain = Chain(blind_engines, parts.cabin, parts.profile, parts.camera, parts.driver)
    judged = [chain.frame(frame(1.0 + i / 10, i)) for i in range(5)]
    with Recorder(parts, blind_engines.bundle_hash) as recorder:
        for step in judged:
            recorder.judged(step, step.frame.t + 0.01)
            recorder.can(CanFrame(0x3A0, bytes(16), fd=True, bit_rate_switch=True), step.frame.t + 0.02, "tx")
        recorder.silent(TakeoverReadiness(t=2.0))
    assert recorder.dropped == 0 and recorder.error is None
    with LogReader(parts.config.record) as log:
        assert log.complete and log.header.vehicle == "example_lhd"
        assert log.header.profile == f"l3_default {load_profile('l3_default').hash}"
        assert log.header.software == __version__ and log.header.engines == blind_engines.bundle_hash
        assert [f.t for f in log.frames()] == pytest.approx([j.frame.t for j in judged])
        assert len(list(log.messages((OBSERVATION,)))) == 5 and len(list(log.messages((STATE,)))) == 6
        sent = list(log.can(direction="tx"))
        assert len(sent) == 5 and sent[0][1].id == 0x3A0 and sent[0][1].brs


def test_a_full_queue_drops_and_counts_and_never_waits(recording_parts):
    recorder = Recorder(recording_parts)
    for i in range(QUEUE + 7):  # its thread does not run yet: the disk is infinitely slow
        recorder.silent(TakeoverReadiness(t=float(i)))
    assert recorder.dropped == 7
    release = threading.Timer(0.05, recorder._thread.start)
    release.start()
    recorder.__exit__(None, None, None)  # waits for room, then for the disk
    release.join()
    with LogReader(recording_parts.config.record) as log:
        assert len(list(log.messages((STATE,)))) == QUEUE


def test_a_full_disk_is_remembered_and_ends_nothing(recording_parts, monkeypatch):
    with Recorder(recording_parts) as recorder:

        def full(record, t=None):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(recorder._writer, "record", full)
        for i in range(3 * QUEUE):
            recorder.silent(TakeoverReadiness(t=float(i)))
    assert isinstance(recorder.error, HardwareError)
    assert str(recorder.error) == f"recording {recording_parts.config.record}: No space left on device"
    assert not recorder._thread.is_alive()


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        Recorder(load_parts(RunConfig(source="x", record=str(tmp_path / "no" / "drive.mcap"))))


def test_a_recorded_run_can_be_replayed(recording_parts, blind_engines, frame, scripted, quiet_bus, short_log):
    parts, bus = recording_parts, quiet_bus()
    with LogReader(short_log) as log:
        bus.incoming.extend(CanFrame(r.id, r.data, r.extended, r.fd, r.brs) for _, r in log.can(end=0.5))
    heard = len(bus.incoming)

    def film(camera):
        camera.pause(0.1)
        for index in range(10):
            camera.give(frame(clock.now(), index), lambda index=index: loop.counts.frames == index + 1)

    with Recorder(parts) as recorder, Loop(parts, scripted(film), blind_engines, bus, recorder=recorder) as loop:
        loop.run()
    assert recorder.error is None and recorder.dropped == 0
    with LogReader(parts.config.record) as log:
        assert len(list(log.can())) == heard and len(list(log.can(direction="tx"))) == len(bus.sent)
    with LogFrames(parts.config.record) as source:
        steps = list(Replay(parts, source, blind_engines).steps())
    assert sum(step.judged is not None for step in steps) == 10
