"""When a plan is built, when it is found, and what is set aside."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorrt_double as double
import tiny_networks as tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.errors import BackendUnavailable, EngineFailed
from dms.inference.base import EngineSpec, TensorSpec
from dms.inference.cuda.api import Device
from dms.inference.tensorrt.engine import LoadedPlan
from dms.inference.tensorrt.network import BuildOptions, ModelRejected, Phases
from dms.inference.tensorrt.plan_key import PlanKey
from dms.inference.tensorrt.plan_store import LAYERS, MANIFEST, PLAN, Plan, PlanStore
from dms.inference.tensorrt.plans import Plans
from dms.inference.tensorrt.timing_cache import TimingCache, read_timing, timing_file, write_timing

ORIN = Device("Orin", "8.7", 16, True, True, "12.6")
KEY = PlanKey("ab" * 32, "fp32", "10.3.0", "12.6", "Orin", "8.7", 16, True, "R36 (release), REVISION: 4.3", "aarch64", 256, 3)


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path / "plans")


def publish(store: PlanStore, data: bytes, key: PlanKey = KEY) -> Plan:
    return store.publish(key, "gaze", "gaze", True, data, "{}", {"gaze": 0.01})


@pytest.fixture
def spec(tmp_path: Path) -> EngineSpec:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny.convolutions().SerializeToString())
    outputs = (TensorSpec("direction", (1, 3)), TensorSpec("std", (1, 1)))
    return EngineSpec("tiny", "tiny", (TensorSpec("image", (1, 16, 16, 1), "uint8"),), outputs, path, sha256="ab" * 32)


@pytest.fixture
def plans(store: PlanStore) -> Iterator[Plans]:
    double.faults.clear()
    double.built.clear()
    session: Any = SimpleNamespace(device=ORIN, guard=lambda who: nullcontext())
    yield Plans(double, session, store, BuildOptions())  # type: ignore[arg-type]
    double.faults.clear()


def fine(loaded: LoadedPlan) -> Mapping[str, float]:
    return {"direction": 0.001}


def quiet(done: float, text: str) -> None:
    pass


def test_built_once_then_found(plans: Plans, spec: EngineSpec) -> None:
    first = plans.ensure(spec, fine, quiet)
    assert first.built and not first.corrupt and first.plan.distances == {"direction": 0.001}
    assert (first.plan.folder / LAYERS).read_text() == '{"Layers": []}'
    assert not plans.ensure(spec, fine, quiet).built
    assert plans.load(spec).engine.num_io_tensors == 3
    assert len(double.built) == 1
    assert plans.ensure(spec, fine, quiet, force=True).built


def test_measured_times_are_kept_between_builds(plans: Plans, spec: EngineSpec, store: PlanStore) -> None:
    double.timed.clear()
    plans.ensure(spec, fine, quiet)
    plans.ensure(spec, fine, quiet, force=True)
    assert double.timed == [b"", b"measured "]
    path = timing_file(store.folder, plans.key(spec))
    assert read_timing(path).data == b"measured measured "
    assert len(list(store.plans())) == 1  # it is no plan
    for damage in (b"", b"x", path.read_bytes()[:-1], bytes(40)):
        path.write_bytes(damage)
        assert read_timing(path).data == b""
    write_timing(path, TimingCache(b"other GPU's"))
    double.timed.clear()
    plans.ensure(spec, fine, quiet, force=True)
    assert double.timed == [b""] and read_timing(path).data == b"measured "
    assert timing_file(store.folder, replace(plans.key(spec), gpu="Thor")) != path
    write_timing(store.folder / "plan" / "in" / "the" / "way", TimingCache(b"x"))


def test_a_network_for_a_dla(spec: EngineSpec, store: PlanStore) -> None:
    session: Any = SimpleNamespace(device=ORIN, guard=lambda who: nullcontext())
    double.dla.clear()
    on_core: Plans = Plans(double, session, store, BuildOptions(dla=1))  # type: ignore[arg-type]
    assert on_core.ensure(spec, fine, quiet).built
    assert double.dla == [("build", 1), ("load", 1)]
    on_core.load(spec)
    assert double.dla[2:] == [("load", 1)]
    gpu: Plans = Plans(double, session, store, BuildOptions())  # type: ignore[arg-type]
    with pytest.raises(BackendUnavailable, match="no TensorRT plan of tiny"):
        gpu.load(spec)  # a plan for the DLA is none for the GPU
    missing: Plans = Plans(double, session, store, BuildOptions(dla=2))  # type: ignore[arg-type]
    with pytest.raises(BackendUnavailable, match="tiny: DLA core 2 was asked for, this device has 2"):
        missing.ensure(spec, fine, quiet)


def test_loading_never_builds(plans: Plans, spec: EngineSpec) -> None:
    """A loop may be waiting: without a plan it is refused with the command that makes one."""
    with pytest.raises(
        BackendUnavailable, match=r"no TensorRT plan of tiny \(fp32\) for Orin \(SM 8\.7, 16 processors\)"
    ) as missing:
        plans.load(spec)
    assert missing.value.hint.startswith("run: dms engines build --backend tensorrt ")
    plan = plans.ensure(spec, fine, quiet).plan
    (plan.folder / PLAN).write_bytes(b"damaged")
    with pytest.raises(BackendUnavailable, match="was corrupt and is set aside"):
        plans.load(spec)
    with pytest.raises(BackendUnavailable, match="there is no TensorRT plan"):
        plans.load(spec)
    assert len(double.built) == 1 and len(plans.store.quarantined()) == 1


@pytest.mark.parametrize("how", ["bytes", "manifest", "tensorrt"])
def test_a_corrupt_plan_is_set_aside_and_built_once_again(how: str, plans: Plans, spec: EngineSpec) -> None:
    folder = plans.ensure(spec, fine, quiet).plan.folder
    if how == "tensorrt":  # whole by its hash, but TensorRT does not load it
        publish(plans.store, b"of another TensorRT", plans.key(spec))
    else:
        (folder / {"bytes": PLAN, "manifest": MANIFEST}[how]).write_bytes(b"damaged")
    again = plans.ensure(spec, fine, quiet)
    assert again.built and again.corrupt
    assert len(double.built) == 2 and len(plans.store.quarantined()) == 1
    plans.load(spec)


def test_a_plan_that_cannot_be_loaded_is_not_built_for_ever(plans: Plans, spec: EngineSpec) -> None:
    double.faults.add("not loaded")
    with pytest.raises(EngineFailed, match=r"TensorRT built a plan that it cannot load: .*version tag does not match"):
        plans.ensure(spec, fine, quiet)
    assert len(double.built) == 1 and list(plans.store.plans()) == []


def test_a_full_gpu_does_not_condemn_a_plan(plans: Plans, spec: EngineSpec) -> None:
    plans.ensure(spec, fine, quiet)
    double.faults.add("full")
    for action in (lambda: plans.load(spec), lambda: plans.ensure(spec, fine, quiet)):
        with pytest.raises(EngineFailed, match="the GPU's memory is full"):
            action()
    assert not plans.store.quarantined() and len(double.built) == 1


def test_a_plan_that_computes_something_else_is_not_kept(plans: Plans, spec: EngineSpec) -> None:
    def wrong(loaded: LoadedPlan) -> Mapping[str, float]:
        raise EngineFailed("gaze 7 deg off")

    with pytest.raises(EngineFailed, match="7 deg off"):
        plans.ensure(spec, wrong, quiet)
    assert list(plans.store.plans()) == []


def test_a_stopped_build_leaves_nothing(plans: Plans, spec: EngineSpec) -> None:
    def stop(done: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plans.ensure(spec, fine, stop)
    assert list(plans.store.plans()) == []


@pytest.mark.parametrize(
    ("fault", "words"), [("no network", "made no network"), ("not built", "built no plan: no tactic is left")]
)
def test_what_tensorrt_logs_is_told(fault: str, words: str, plans: Plans, spec: EngineSpec) -> None:
    double.faults.add(fault)
    with pytest.raises(EngineFailed, match=words):
        plans.ensure(spec, fine, quiet)


def test_a_refused_network_names_its_nodes(plans: Plans, spec: EngineSpec) -> None:
    double.faults.add("refused")
    with pytest.raises(
        ModelRejected, match=r"tiny: TensorRT does not take it: node node_7 \(Odd\): the double refuses \(and 1 more\)"
    ):
        plans.ensure(spec, fine, quiet)
    assert spec.path is not None
    spec.path.write_bytes(tiny.model([("Det", ["x"], "y", {})], {}, [("x", 1, [1, 2, 2])], [("y", 1, [1])]).SerializeToString())
    double.faults.clear()
    with pytest.raises(ModelRejected, match=r"node det_0 \(Det\): operator is not on the list"):
        plans.ensure(spec, fine, quiet)


def test_two_builders_build_once(store: PlanStore, spec: EngineSpec) -> None:
    double.faults.clear()
    double.built.clear()
    session: Any = SimpleNamespace(device=ORIN, guard=lambda who: nullcontext())
    inside, waited, outcomes = threading.Event(), threading.Event(), []

    def slow(loaded: LoadedPlan) -> Mapping[str, float]:
        inside.set()
        assert waited.wait(30)
        return {}

    def tell(done: float, text: str) -> None:
        if text == "waiting for another build":
            waited.set()

    def builder() -> None:
        outcomes.append(Plans(double, session, store, BuildOptions()).ensure(spec, slow, tell))  # type: ignore[arg-type]

    first, second = threading.Thread(target=builder), threading.Thread(target=builder)
    first.start()
    assert inside.wait(30)
    second.start()
    first.join()
    second.join()
    assert sorted(outcome.built for outcome in outcomes) == [False, True] and len(double.built) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.sampled_from(["start", "step", "finish"])), max_size=30))
def test_progress_stays_between_0_and_1_and_never_falls(events: list[tuple[str, int, str]]) -> None:
    phases, last = Phases(), 0.0
    for name, number, what in events:
        if what == "finish":
            phases.finish(name)
        else:
            getattr(phases, what)(name, number)
        assert last <= phases.fraction() <= 1.0
        last = phases.fraction()
