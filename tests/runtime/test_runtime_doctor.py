"""What the doctor says of cameras, of a Jetson and of real-time rights."""

import os

import pytest

from dms.camera import v4l2
from dms.runtime import doctor, machine

MODES = (v4l2.Mode("Y10", (1280, 800), (60.0,)), v4l2.Mode("Y10", (640, 400), (60.0,)), v4l2.Mode("GREY", None, ()))


@pytest.fixture
def nodes(monkeypatch):
    """How many /dev/video* there are, and which of them answer."""

    def set_(count, found):
        monkeypatch.setattr(doctor.Path, "glob", lambda self, pattern: [doctor.Path(f"/dev/video{k}") for k in range(count)])
        monkeypatch.setattr(v4l2, "devices", lambda: found)

    return set_


def test_cameras(nodes):
    nodes(0, [])
    assert doctor._cameras().status == "missing"
    nodes(2, [])
    refused = doctor._cameras()
    assert refused.status == "degraded" and "none answers" in refused.detail and "group video" in refused.mend
    nodes(2, [v4l2.Device("/dev/video0", "imx900", "tegra-video", MODES)])
    assert doctor._cameras().detail == "/dev/video0 imx900 (Y10 GREY); more: dms camera probe"


@pytest.fixture
def jetson(tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "nv_tegra_release").write_text("# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic\n")
    real = machine.Machine
    monkeypatch.setattr(machine, "Machine", lambda: real(tmp_path))


def test_on_a_jetson_an_opencv_of_pips_is_in_the_way(jetson, monkeypatch):
    monkeypatch.setattr(doctor, "_installed", lambda package: package == "opencv-python")
    found = doctor._jetson()
    assert (
        found.status == "degraded" and "shadows JetPack's OpenCV" in found.detail and "pip uninstall opencv-python" in found.mend
    )
    monkeypatch.setattr(doctor, "_installed", lambda package: False)
    assert doctor._jetson().status == "ok" and "Jetson Linux 36.4.3" in doctor._jetson().detail


def test_real_time_rights(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    found = doctor._real_time()
    assert found.status == "degraded" and "SCHED_FIFO refused" in found.detail and "dms.service" in found.mend
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: None)
    assert doctor._real_time().status == "ok"
