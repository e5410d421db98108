"""The commands, the loop and the acceptance run with the TensorRT back end on a CUDA driver that runs on the host."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest
import tensorrt_double as double
from fake_cuda import FakeCuda
from tensorrt_rig import EYE, plain, quiet

from dms.inference.base import Options
from dms.inference.slots import find_engine
from dms.inference.tensorrt_backend import TensorRtBackend

pytestmark = [pytest.mark.tensorrt, pytest.mark.usefixtures("gpu")]


def test_build_check_list_clean_as_a_user(
    dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], gpu: FakeCuda
) -> None:
    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    refused = dms("engines", "check", "--backend", "tensorrt", "--slot", "gaze")
    assert refused.code == 4 and "no TensorRT plan of gaze (fp32)" in refused.complaint
    assert "run: dms engines build --backend tensorrt" in refused.complaint
    built = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze", "--slot", EYE, "--precision", "fp16")
    assert built.code == 0 and "built gaze fp16, 1.2 MB, distance to the reference: gaze 0.00" in built.out
    assert "gaze fp16: Building" in built.err
    checked = dms("engines", "check", "--backend", "tensorrt", "--precision", "fp16", "--slot", "gaze")
    assert checked.code == 0 and "all plans keep their limits" in checked.out
    (next((tmp_path / "plans").glob("*/plan"))).write_bytes(b"damaged")
    again = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze", "--slot", EYE, "--precision", "fp16", "--json")
    plans = json.loads(again.out)["plans"]
    assert sorted(plan["built"] for plan in plans) == [False, True]
    assert [bool(plan["set_aside"]) for plan in plans] == [plan["built"] for plan in plans]
    listed = dms("engines", "list", "--backend", "tensorrt")
    assert listed.out.count("current") == 2 and listed.out.count("set aside") == 1
    gpu.device(name="Other")
    assert dms("engines", "list", "--backend", "tensorrt").out.count("other machine") == 2
    assert dms("engines", "clean").out.count("removed") == 3
    double.faults.add("wrong")
    off = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze")
    assert off.code == 4 and "the plan computes something else than the network: gaze 1 deg off, allowed 0.02" in off.err
    assert not gpu.live()


def test_a_configuration_says_which_plans(dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    monkeypatch.setattr("dms.runtime.chain.CHAIN_SLOTS", ("gaze", EYE))
    mine = onnx.load(str(plain(EYE).path))
    mine.producer_name = "an integrator"
    onnx.save(mine, str(tmp_path / "mine.onnx"))
    config = tmp_path / "run.yaml"
    config.write_text(
        "source: sample\nengines: {backend: tensorrt, precision: {gaze: fp16}, files: {eye_state: mine.onnx},"
        " tensorrt: {workspace_mib: 64}}\n"
    )
    result = dms("engines", "build", "--backend", "tensorrt", "--config", config, "--json")
    plans = json.loads(result.out)["plans"]
    assert [(plan["engine"], plan["key"]["precision"], plan["key"]["workspace_mib"]) for plan in plans] == [
        ("gaze", "fp16", 64), ("mine", "fp32", 64),
    ]  # fmt: skip
    assert plans[0]["distances"] and not plans[1]["distances"]
    config.write_text("source: sample\nengines: {backend: tensorrt, tensorrt: {grph: true}}\n")
    assert dms("engines", "build", "--backend", "tensorrt", "--config", config).code == 2


def test_the_loop_runs_on_it(plans: Path, dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: FakeCuda) -> None:
    """The whole chain, engines loaded by one thread and run by another one; then without good plans, with a fallback."""
    from dms.runtime.chain import CHAIN_SLOTS

    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    backend = TensorRtBackend()
    for slot in CHAIN_SLOTS:
        backend.ensure(find_engine(slot), Options(), quiet)
    config = tmp_path / "run.yaml"
    config.write_text("source: sample\nengines: {backend: tensorrt, fallback: onnxruntime}\n")
    result = dms("run", "--config", config, "--seconds", "2", "--jsonl")
    assert result.code == 0 and "DEGRADED" not in result.err, result.err
    assert "frames judged" in result.err and "running on onnxruntime" not in result.out
    assert not gpu.live()
    for plan in (tmp_path / "plans").glob("*/plan"):
        plan.write_bytes(b"damaged")
    result = dms("run", "--config", config, "--seconds", "3", "--jsonl")
    assert result.code == 0 and "dms: DEGRADED: running on onnxruntime instead of tensorrt: the TensorRT plan of" in result.err
    config.write_text("source: sample\nengines: {backend: tensorrt}\n")
    assert dms("run", "--config", config, "--seconds", "1").code == 4
    assert not gpu.live()


def test_the_acceptance_run_s_gpu_parts(tmp_path: Path) -> None:
    """``dms jetson-accept`` on the real back end: facts, speed by mode, parity, cache of plans."""
    from dms.runtime.accept.fakes import fake_parts
    from dms.runtime.accept.rig import RealGpu, Rig
    from dms.runtime.accept.run import accept
    from dms.runtime.machine import Machine, MachineState

    gpu = RealGpu(tmp_path / "plans")
    rig = Rig(fake_parts(), gpu, Machine(), tmp_path, False, 2, 1.0, 1.0, 1.0, MachineState(), (EYE, "gaze"))
    told = {part.number: part for part in accept(rig, "run.yaml", {3, 4, 5, 6}).content.parts}
    assert told[3].status == "pass" and told[3].values["graphs"] is True, told[3]
    assert told[5].status == told[6].status == "pass", (told[5], told[6])
    assert [check.name for check in told[4].checks if not check.ok] == ["fewest_runs"], told[4]
    for model in told[4].values["models"].values():
        assert model["p50_ms_by_mode"].keys() == {"copied", "in place", "copied, graph"}
        assert model["plan_bytes"] > 0 and model["build_s"] > 0
