"""The mailbox of a live camera: the newest picture wins, silence and errors reach the reader."""

import threading

import numpy as np
import pytest

from dms.camera.live import LiveSource
from dms.errors import HardwareError
from dms.records import Frame


class Scripted(LiveSource):
    """Delivers what the test says."""

    def __init__(self, script, timeout_s=0.2):
        super().__init__("scripted", timeout_s)
        self.script = script

    def _run(self):
        self.script(self)


def frame(number):
    return Frame(np.full((4, 4), number, np.uint8), float(number), number, number)


def test_the_mailbox_keeps_only_the_newest():
    done = threading.Event()

    def script(camera):
        for number in range(5):
            camera.deliver(frame(number))
        done.set()

    with Scripted(script) as camera:
        camera.start()
        assert done.wait(2)
        assert camera.newest().index == 4
        assert camera.overwritten == 4
        assert camera.newest() is None  # ended


def test_no_picture_is_handed_out_twice_and_silence_is_a_lost_device():
    def script(camera):
        camera.deliver(frame(1))
        camera._stopping.wait()

    with Scripted(script) as camera:
        assert camera.newest().index == 1
        with pytest.raises(HardwareError, match=r"no picture for 0\.2 s"):
            camera.newest()


def test_an_exception_of_the_driver_reaches_the_reader():
    def script(camera):
        raise RuntimeError("USB reset")

    with Scripted(script) as camera, pytest.raises(HardwareError, match="USB reset"):
        camera.newest()


def test_close_wakes_a_waiting_reader_and_ends_the_thread():
    with Scripted(lambda camera: camera._stopping.wait(), timeout_s=30) as camera:
        camera.start()
        threading.Timer(0.1, camera.close).start()
        assert camera.newest() is None
    assert not camera._thread.is_alive()


def test_what_the_watcher_raises_ends_the_thread_like_a_drivers_error():
    class Watcher:
        told: list[object] = []

        def started(self):
            self.told.append("started")

        def beat(self):
            if len(self.told) == 2:
                raise RuntimeError("told to die")
            self.told.append("beat")

        def ended(self, error):
            self.told.append(str(error))

    def script(camera):
        for number in range(5):
            camera.deliver(frame(number))

    with Scripted(script) as camera:
        camera.watch(Watcher())
        camera.start()
        camera._thread.join(5.0)
        assert camera.failed
    assert Watcher.told == ["started", "beat", "camera scripted failed: told to die"]
