"""From an engine to its plan on this GPU: found in the cache, or built, tried and put there. Loading never builds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dms.errors import BackendUnavailable, EngineFailed, InputError
from dms.inference.base import EngineSpec, TensorSpec
from dms.inference.cuda.session import CudaSession
from dms.inference.lock import locked
from dms.inference.tensorrt.api import TensorRt
from dms.inference.tensorrt.engine import LoadedPlan, interface_of
from dms.inference.tensorrt.module import make_log
from dms.inference.tensorrt.network import NO_DLA, BuildOptions, Tell, build_plan, lint
from dms.inference.tensorrt.plan_key import PlanKey, plan_key
from dms.inference.tensorrt.plan_store import Plan, PlanCorrupt, PlanStore
from dms.inference.tensorrt.timing_cache import read_timing, timing_file, write_timing

BUILD = "run: dms engines build --backend tensorrt (and --config FILE, if a configuration chooses precision or options)"


Trial = Callable[[LoadedPlan], Mapping[str, float]]
"""Runs a fresh plan on known inputs; the distances it found. Raises if they are too large."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ``ensure`` did. ``corrupt``: why an old plan was set aside, empty if none was."""

    plan: Plan
    built: bool
    corrupt: str = ""


class Plans:
    """Plans of one GPU, TensorRT version and set of options."""

    def __init__(self, trt: TensorRt, session: CudaSession, store: PlanStore, options: BuildOptions) -> None:
        self.store = store
        self._trt, self._session, self._options = trt, session, options

    def key(self, spec: EngineSpec) -> PlanKey:
        """What ``spec``'s plan would be kept under."""
        return plan_key(spec, self._trt.__version__, self._session.device, self._options)

    def load(self, spec: EngineSpec) -> LoadedPlan:
        """The plan from the cache, in memory. Minutes of building are never spent here: a loop may be waiting.

        Raises:
            BackendUnavailable: there is none for this GPU, or it was corrupt (then it is set aside).
            InputError: the plan does not fit the slot.
        """
        key = self.key(spec)
        try:
            plan = self.store.find(key)
            if plan is not None:
                return self._deserialize(spec, plan.read())
        except PlanCorrupt as error:
            self.store.quarantine(key)
            raise BackendUnavailable(f"the TensorRT plan of {spec.name} was corrupt and is set aside ({error})", BUILD) from error
        reason = (
            f"there is no TensorRT plan of {spec.name} ({spec.precision}) for {self._session.device}, TensorRT {key.tensorrt}"
        )
        raise BackendUnavailable(reason, BUILD)

    def ensure(self, spec: EngineSpec, trial: Trial, tell: Tell, force: bool = False) -> Outcome:
        """The plan, built if it is missing or corrupt. A plan that was just built and cannot be loaded is not built again.

        Raises:
            ModelRejected: TensorRT does not take the network.
            EngineFailed: it cannot be built, or the built plan cannot be loaded or fails its trial.
            InputError, HardwareError: a file cannot be read or written.
        """
        key = self.key(spec)
        guard = self._session.guard(f"plan of {spec.name}")
        with locked(self.store.folder, lambda: tell(0.0, "waiting for another build")), guard:
            plan, corrupt = (None, "") if force else self._usable(spec, key)
            if plan is not None:
                return Outcome(plan, built=False)
            return Outcome(self._build(spec, key, trial, tell), built=True, corrupt=corrupt)

    def _usable(self, spec: EngineSpec, key: PlanKey) -> tuple[Plan | None, str]:
        """The plan if it really loads; else why not, and it is set aside."""
        try:
            plan = self.store.find(key)
            if plan is not None:
                self._deserialize(spec, plan.read())
            return plan, ""
        except PlanCorrupt as error:
            self.store.quarantine(key)
            return None, str(error)

    def _build(self, spec: EngineSpec, key: PlanKey, trial: Trial, tell: Tell) -> Plan:
        model = read_model(spec)
        lint(spec.name, model)
        times = timing_file(self.store.folder, key)
        timing = read_timing(times)
        data = build_plan(self._trt, spec.name, model, self._options, tell, timing)
        write_timing(times, timing)
        try:
            loaded = self._deserialize(spec, data)
        except PlanCorrupt as error:
            raise EngineFailed(f"{spec.name}: TensorRT built a plan that it cannot load: {error}") from error
        distances = trial(loaded)
        inspector = loaded.engine.create_engine_inspector()
        layers = inspector.get_engine_information(self._trt.LayerInformationFormat.JSON)
        return self.store.publish(key, spec.name, spec.slot, bool(distances), data, layers, distances)

    def _deserialize(self, spec: EngineSpec, data: bytes) -> LoadedPlan:
        log = make_log(self._trt)
        runtime = self._trt.Runtime(log)
        runtime.engine_host_code_allowed = False
        if self._options.dla != NO_DLA:
            runtime.DLA_core = self._options.dla
        with self._session.guard(f"plan of {spec.name}"):
            engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            reason = log.take()
            if "outofmemory" in reason.replace(" ", "").lower():  # nothing is wrong with the plan
                raise EngineFailed(f"plan of {spec.name}: the GPU's memory is full ({reason}); end other programs that use it")
            raise PlanCorrupt(f"TensorRT cannot load it: {reason}")
        _require_interface(spec, *interface_of(self._trt, engine))
        return LoadedPlan(engine, runtime, log)


def read_model(spec: EngineSpec) -> bytes:
    """The ONNX file's bytes: the plain file, not the one rewritten for a CPU.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    if spec.path is None:
        raise InputError(f"engine {spec.name} has no file to build a plan from")
    try:
        return spec.path.read_bytes()
    except OSError as error:
        raise InputError(f"{spec.path}: cannot be read ({error.strerror})") from error


def _require_interface(spec: EngineSpec, inputs: list[TensorSpec], outputs: list[TensorSpec]) -> None:
    missing = {*map(str, spec.inputs), *map(str, spec.outputs)} - {str(t) for t in (*inputs, *outputs)}
    surplus = {t.name for t in inputs} - {t.name for t in spec.inputs}
    if missing or surplus:
        found = ", ".join(map(str, (*inputs, *outputs)))
        raise InputError(f"the plan of {spec.name} does not fit slot {spec.slot}: it has {found}")
