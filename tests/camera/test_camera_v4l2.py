"""Questions to Video4Linux drivers, against a driver that the test plays. Structures as the kernel's headers lay them out."""

import errno
import struct

import pytest

from dms.camera import v4l2
from dms.camera.v4l2 import Mode, describe, devices, lamp_state
from dms.errors import HardwareError

REQUESTS = {
    0x80685600: "querycap", 0xC0405602: "fmt", 0xC008561B: "control", 0xC02C564A: "size", 0xC034564B: "interval",
}  # fmt: skip
"""The numbers that `strace v4l2-ctl` shows on x86-64 and aarch64."""


def code(text):
    return int.from_bytes(text.ljust(4).encode(), "little")


class Driver:
    """Answers as a driver would. ``formats``: FourCC to sizes to intervals (numerator, denominator)."""

    def __init__(self, formats=None, planes=False, node_caps=None, fault=None, name=b"imx900 10-001a"):
        self.formats, self.planes, self.fault, self.name = formats or {}, planes, fault, name
        own = 0x1000 if planes else 0x1
        self.caps = (own | 0x80000000 | 0x800000, own if node_caps is None else node_caps)

    def __call__(self, handle, request, data):
        getattr(self, REQUESTS[request])(data)

    def querycap(self, data):
        data[:16], data[16:48] = b"tegra-video".ljust(16, b"\0"), self.name.ljust(32, b"\0")
        struct.pack_into("<II", data, 84, *self.caps)

    def fmt(self, data):
        index, kind = struct.unpack_from("<II", data)
        if kind != (9 if self.planes else 1) or index >= len(self.formats):
            raise OSError(errno.EINVAL, "end")
        struct.pack_into("<I", data, 44, code(list(self.formats)[index]))

    def _sizes(self, data):
        wanted = struct.unpack_from("<I", data, 4)[0]
        return next(sizes for name, sizes in self.formats.items() if code(name) == wanted)

    def size(self, data):
        index, sizes = struct.unpack_from("<I", data)[0], self._sizes(data)
        if index >= len(sizes):
            raise OSError(errno.EINVAL, "end")
        size = list(sizes)[index]
        if size == "range":
            struct.pack_into("<7I", data, 8, 3, 32, 1920, 8, 32, 1080, 8)
        else:
            struct.pack_into("<3I", data, 8, 1, *size)

    def interval(self, data):
        index, _, width, height = struct.unpack_from("<4I", data)
        sizes = self._sizes(data)
        rates = sizes.get((width, height), sizes.get("range", []))
        if index >= len(rates):
            raise OSError(errno.EINVAL, "end")
        struct.pack_into("<3I", data, 16, 1, *rates[index])

    def control(self, data):
        assert struct.unpack_from("<I", data)[0] == 0x009C090A  # V4L2_CID_FLASH_FAULT
        if self.fault is None:
            raise OSError(errno.EINVAL, "no such control")
        struct.pack_into("<i", data, 4, self.fault)


@pytest.fixture
def node(tmp_path):
    """A file that can be opened in place of the device."""

    def make(name="video0"):
        (tmp_path / name).write_bytes(b"")
        return str(tmp_path / name)

    return make


@pytest.mark.parametrize("planes", [False, True])
def test_a_camera_with_two_formats(node, planes):
    driver = Driver({"Y10": {(1280, 800): [(1, 60), (1, 30)], (640, 400): [(1001, 60000)]}, "GREY": {(1280, 800): []}}, planes)
    device = describe(node(), driver)
    assert (device.card, device.driver) == ("imx900 10-001a", "tegra-video")
    assert device.modes == (
        Mode("Y10", (1280, 800), (60.0, 30.0)),
        Mode("Y10", (640, 400), (59.94,)),
        Mode("GREY", (1280, 800), ()),
    )


def test_a_range_of_sizes_is_told_by_its_largest(node):
    assert describe(node(), Driver({"YUYV": {"range": [(1, 30)]}})).modes == (Mode("YUYV", (1920, 1080), (30.0,)),)


def test_a_node_for_metadata_is_no_camera(node, tmp_path):
    node("video0"), node("video1"), node("video10")
    answers = {"video0": Driver({"GREY": {}}, node_caps=0x800000), "video1": Driver({"GREY": {}}), "video10": None}
    paths = {}

    def ask(handle, request, data):
        driver = answers[paths[handle]]
        if driver is None:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        driver(handle, request, data)

    opened = v4l2._opened.__enter__

    class Opened(v4l2._opened):
        def __enter__(self):
            handle = opened(self)
            paths[handle] = self._path.rpartition("/")[2]
            return handle

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(v4l2, "_opened", Opened)
        found = devices(tmp_path, ask)
    assert [d.path.rpartition("/")[2] for d in found] == ["video1"] and found[0].modes == (Mode("GREY", None, ()),)


def test_what_is_no_device_says_so(node, tmp_path):
    with pytest.raises(HardwareError, match="is no Video4Linux device"):
        describe(node())  # a plain file: the kernel itself refuses
    with pytest.raises(HardwareError, match="cannot be opened: No such file"):
        describe(str(tmp_path / "video9"))


def test_a_driver_that_breaks_is_not_the_end_of_a_list(node):
    class Broken(Driver):
        def size(self, data):
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(HardwareError, match="driver failed: Input/output error"):
        describe(node(), Broken({"GREY": {(1, 1): []}}))


@pytest.mark.parametrize(("fault", "word"), [(0, "ok"), (4, "faulty"), (None, "unknown")])
def test_the_lamp(node, fault, word):
    assert lamp_state(node("v4l-subdev2"), Driver(fault=fault)) == word


def test_a_lamp_that_is_not_there(tmp_path):
    assert lamp_state(str(tmp_path / "v4l-subdev9")) == "unknown"
