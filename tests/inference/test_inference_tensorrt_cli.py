"""``dms engines`` with plans, and what a user sees without TensorRT, without a driver, without plans."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dms.errors import BackendUnavailable, EngineFailed, UsageError
from dms.inference import tensorrt_backend
from dms.inference.base import Options
from dms.inference.cuda.session import load_api
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract, find_engine
from dms.inference.tensorrt.housekeeping import clean, entries
from dms.inference.tensorrt.module import l4t_release, load_tensorrt
from dms.inference.tensorrt.options import TensorRtOptions
from dms.inference.tensorrt.plan_key import PlanKey
from dms.inference.tensorrt.plan_store import MANIFEST, PlanStore

HERE = PlanKey("", "fp32", "10.3.0", "12.6", "Orin", "8.7", 16, True, "R36", "aarch64", 256, 3)


@pytest.fixture
def no_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)


# -- what is missing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["build", "check"])
def test_without_tensorrt_one_line_says_what_to_do(command: str, dms: Any, no_tensorrt: None) -> None:
    result = dms("engines", command, "--backend", "tensorrt")
    assert result.code == 4 and result.out == ""
    assert result.complaint.startswith("dms: the Python module tensorrt is missing; run: pip install 'dms[tensorrt]'")


def test_on_a_jetson_apt_is_the_answer(monkeypatch: pytest.MonkeyPatch, no_tensorrt: None, tmp_path: Path) -> None:
    release = tmp_path / "nv_tegra_release"
    release.write_text("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n")
    monkeypatch.setattr("dms.inference.tensorrt.module._RELEASE", release)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert l4t_release() == "R36 (release), REVISION: 4.3"
    with pytest.raises(BackendUnavailable, match="run: apt install python3-libnvinfer"):
        load_tensorrt()
    release.write_text("")
    assert l4t_release() == ""


@pytest.mark.parametrize(
    ("version", "good"),
    [("8.6.1", False), ("10.2.9", False), ("10.3.0", True), ("11.4.0.106", True), ("12.0", False), ("odd", False)],
)
def test_versions(version: str, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace(__version__=version))
    if good:
        assert load_tensorrt().__version__ == version
        return
    with pytest.raises(BackendUnavailable, match=f"TensorRT {version} is not supported; 10.3 up to"):
        load_tensorrt()


@pytest.mark.parametrize(("name", "module"), [("cuda-bindings", "cuda"), ("pycuda", "pycuda")])
def test_a_missing_cuda_package_is_named(name: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    for part in [part for part in sys.modules if part.startswith(f"{module}.")]:
        monkeypatch.setitem(sys.modules, part, None)
    with pytest.raises(BackendUnavailable, match=f"the Python package {name} is missing; run: pip install"):
        load_api(name)


def test_probe_never_raises(no_tensorrt: None) -> None:
    state = tensorrt_backend.TensorRtBackend().probe()
    assert not state.ok and state.reason == "the Python module tensorrt is missing" and state.hint.startswith("run: ")


# -- wrong use ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["list", "--backend", "openvino"], "knows onnxruntime and tensorrt"),
        (["build", "--slot", "gaze"], "--slot belongs to --backend tensorrt"),
        (["check", "--precision", "fp16"], "--precision belongs to --backend tensorrt"),
        (["build", "--config", "run.yaml"], "--config belongs to --backend tensorrt"),
        (["build", "--backend", "tensorrt", "--wheel", "x.whl"], "--wheel"),
    ],
)
def test_options_in_the_wrong_place(
    words: list[str], complaint: str, dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = dms("engines", *words)
    assert result.code == 2 and complaint in result.complaint and result.out == ""


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"grph": True}, "TensorRT has no option 'grph'; it has: cuda, device, memory, graph"),
        ({"graph": 1}, "option graph: 1 is not of type bool"),
        ({"memory": "shared"}, "'shared' is not one of auto, pinned, mapped"),
        ({"cuda": "cupy"}, "'cupy' is not one of cuda-bindings, pycuda"),
        ({"optimization_level": 6}, "6 is not within 0 to 5"),
        ({"workspace_mib": 1}, "1 is not within 16 to 65536"),
        ({"dla": 0}, "dla: 0 is not slot to core 0 or 1"),
        ({"dla": {"gaze": True}}, "is not slot to core 0 or 1"),
        ({"dla": {"gaze": 2}}, "is not slot to core 0 or 1"),
    ],
)
def test_options_of_tensorrt(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        TensorRtOptions.parse(options)
    assert TensorRtOptions.parse({"graph": True, "device": 1}) == TensorRtOptions(graph=True, device=1)


def test_a_dla_takes_half_and_int8_only() -> None:
    chosen = TensorRtOptions.parse({"dla": {"gaze": 1}})
    assert chosen.build(find_engine("gaze", precision="fp16")).dla == 1
    assert chosen.build(find_engine("eye_state")).dla == -1
    with pytest.raises(UsageError, match="gaze is float32; choose precision: gaze: fp16"):
        chosen.build(find_engine("gaze"))


# -- fallback -----------------------------------------------------------------------------------------------------------------


def test_nothing_is_put_in_its_place_unless_asked(no_tensorrt: None) -> None:
    with pytest.raises(BackendUnavailable):
        EngineSet(("eye_state",), "tensorrt")


def test_a_configured_fallback_is_told(no_tensorrt: None) -> None:
    with EngineSet(("eye_state",), "tensorrt", fallback="onnxruntime") as engines:
        assert engines.backend.name == "onnxruntime" and len(engines) == 1
        assert engines.degraded.startswith("running on onnxruntime instead of tensorrt: the Python module tensorrt is missing")
    with EngineSet(("eye_state",), fallback="onnxruntime") as engines:
        assert engines.degraded == ""


def test_a_fallback_that_fails_too_is_an_error(no_tensorrt: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailable, match="ONNX Runtime is missing"):
        EngineSet(("eye_state",), "tensorrt", fallback="onnxruntime")


def test_a_wrong_configuration_is_not_mended_by_a_fallback() -> None:
    with pytest.raises(UsageError):
        EngineSet(("eye_state",), "openvino", fallback="onnxruntime")
    with pytest.raises(UsageError):
        EngineSet(("face_mesh",), "onnxruntime", Options(precision={"face_mesh": "int8"}), fallback="onnxruntime")


def test_closing_goes_on_after_one_that_fails() -> None:
    slots = ("eye_state", "gaze")
    engines = EngineSet(slots, FakeBackend({slot: zeros(contract(slot)) for slot in slots}))
    closed: list[str] = []

    def close(slot: str) -> None:
        closed.append(slot)
        if slot == "gaze":
            raise EngineFailed("the GPU is busy")

    for slot, engine in engines.items():
        engine.close = lambda slot=slot: close(slot)  # type: ignore[method-assign, misc]
    with pytest.raises(EngineFailed):
        engines.close()
    assert sorted(closed) == ["eye_state", "gaze"]


# -- what lies in the cache ---------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: object) -> PlanStore:
    """One plan of each kind, in the folder the commands look into."""
    gaze = find_engine("gaze")
    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    store = PlanStore()

    def put(name: str, shipped: bool = True, **changes: Any) -> PlanKey:
        key = PlanKey(**{**{n: getattr(HERE, n) for n in PlanKey.__slots__}, "onnx": gaze.sha256, **changes})
        store.publish(key, name, "gaze", shipped, b"x" * 1000, "{}", {})
        return key

    put("here")
    put("newer", tensorrt="11.4.0")
    put("retrained", onnx="00" * 32)
    put("theirs", onnx="11" * 32, shipped=False)
    (store.folder / put("broken", workspace_mib=512).digest / MANIFEST).write_text("{")
    store.quarantine(put("odd", workspace_mib=1024))
    return store


def states(store: PlanStore, machine: PlanKey | None) -> dict[str, str]:
    return {entry.plan.engine if entry.plan else entry.state: entry.state for entry in entries(store, machine)}


def test_states(store: PlanStore) -> None:
    rest = {"retrained": "old network", "damaged": "damaged", "set aside": "set aside"}
    assert states(store, HERE) == {"here": "current", "newer": "other machine", "theirs": "current", **rest}
    assert states(store, None) == {"here": "unknown", "newer": "unknown", "theirs": "unknown", **rest}


def test_clean_keeps_what_may_be_used(store: PlanStore) -> None:
    assert {entry.state for entry in clean(store, None)} == {"old network", "damaged", "set aside"}
    assert set(states(store, HERE)) == {"here", "newer", "theirs"}
    assert [entry.plan.engine for entry in clean(store, HERE) if entry.plan] == ["newer"]
    assert clean(store, HERE) == []
    assert len(clean(store, None, everything=True)) == 2 and entries(store, HERE) == []
    assert clean(PlanStore(store.folder / "nowhere"), HERE) == []


def test_commands_on_a_machine_without_tensorrt(store: PlanStore, dms: Any, no_tensorrt: None) -> None:
    result = dms("engines", "list", "--backend", "tensorrt")
    assert result.code == 4
    assert result.complaint == "dms: cannot tell which plans are of this machine: the Python module tensorrt is missing"
    assert "here fp32  unknown, 0.0 MB, Orin SM 8.7, TensorRT 10.3.0, CUDA 12.6" in result.out.splitlines()
    assert f"6 in {store.folder}" in result.out
    rows = json.loads(dms("engines", "list", "--backend", "tensorrt", "--json").out)["plans"]
    assert {row["state"] for row in rows} == {"unknown", "old network", "damaged", "set aside"}
    removed = dms("engines", "clean")
    assert removed.code == 0 and "removed retrained fp32  old network" in removed.out and "0.0 MB freed" in removed.out
    assert len(json.loads(dms("engines", "clean", "--all", "--json").out)["removed"]) == 3
    assert dms("engines", "clean", "--all").out == "nothing to remove\n"
    assert "no plans in" in dms("engines", "list", "--backend", "tensorrt").out
