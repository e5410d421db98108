"""TensorRT on an NVIDIA GPU. Plans are built beforehand (``dms engines build --backend tensorrt``); loading never builds."""

from collections.abc import Mapping
from typing import ClassVar

from dms.errors import BackendUnavailable, UsageError
from dms.inference.base import Availability, Backend, EngineSpec, Options
from dms.inference.cuda.api import CudaError
from dms.inference.cuda.session import DEFAULT_API, CudaSession, count_devices, load_api
from dms.inference.tensorrt.engine import LoadedPlan, TensorRtEngine
from dms.inference.tensorrt.module import load_tensorrt
from dms.inference.tensorrt.network import Tell
from dms.inference.tensorrt.options import TensorRtOptions
from dms.inference.tensorrt.plan_key import PlanKey
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt.plans import Outcome, Plans
from dms.inference.tensorrt.trial import try_engine


class TensorRtBackend(Backend):
    """Loads plans. All engines of one back end share the GPU's context and belong to the thread that loaded the first one."""

    name: ClassVar[str] = "tensorrt"

    def __init__(self, store: PlanStore | None = None) -> None:
        self._store = store or PlanStore()
        self._sessions: dict[tuple[str, int], CudaSession] = {}

    def probe(self) -> Availability:
        """TensorRT, a CUDA package, a driver and a GPU; the first one that is missing is named."""
        try:
            trt = load_tensorrt()
            api = load_api(DEFAULT_API)
            count_devices(api)
            device = api.device(0)
        except BackendUnavailable as error:
            return Availability(False, error.reason, error.hint)
        except CudaError as error:
            return Availability(False, str(error))
        versions = {"tensorrt": trt.__version__, "cuda": api.version(), "driver": device.driver, "gpu": str(device)}
        return Availability(True, versions=versions)

    def load(self, spec: EngineSpec, options: Options) -> TensorRtEngine:
        """A ready, warm engine from the cache of plans.

        Raises:
            BackendUnavailable: something is missing, or there is no plan for this GPU.
            UsageError: see ``TensorRtOptions``.
            EngineFailed: no memory, or TensorRT refuses.
        """
        chosen = TensorRtOptions.parse(options.extra)
        plans, session = self._plans(chosen, spec)
        session.join()
        try:
            _require_possible(session, chosen)
            engine = _engine(spec, plans.load(spec), session, chosen)
            try:
                engine.warmup(options.warmup)
            except BaseException:
                engine.close()
                raise
            return engine
        finally:
            session.depart()

    def ensure(self, spec: EngineSpec, options: Options, tell: Tell, force: bool = False) -> Outcome:
        """Build ``spec``'s plan if it is missing or corrupt, run it on the stored vectors, keep it; see ``Plans.ensure``."""
        chosen = TensorRtOptions.parse(options.extra)
        plans, session = self._plans(chosen, spec)
        session.join()

        def trial(loaded: LoadedPlan) -> Mapping[str, float]:
            with _engine(spec, loaded, session, chosen) as engine:
                engine.warmup(1)
                return try_engine(engine)

        try:
            _require_possible(session, chosen)
            return plans.ensure(spec, trial, tell, force)
        finally:
            session.depart()

    def machine(self, options: Options) -> PlanKey:
        """The key of a plan of nothing on this GPU: what ``housekeeping`` compares plans with.

        Raises:
            BackendUnavailable: TensorRT, the chosen CUDA package, driver or GPU is missing; the first one is named.
        """
        nothing = EngineSpec("", "", (), ())
        plans, session = self._plans(TensorRtOptions.parse(options.extra), nothing)
        session.join()
        try:
            return plans.key(nothing)
        finally:
            session.depart()

    def _plans(self, chosen: TensorRtOptions, spec: EngineSpec) -> tuple[Plans, CudaSession]:
        build, trt = chosen.build(spec), load_tensorrt()
        name = (chosen.cuda, chosen.device)
        session = self._sessions.get(name)
        if session is None or not session.open:
            session = self._sessions[name] = CudaSession(load_api(chosen.cuda), chosen.device)
        return Plans(trt, session, self._store, build), session


def _require_possible(session: CudaSession, chosen: TensorRtOptions) -> None:
    """Refuse what this GPU or CUDA package cannot do, before minutes are spent on a plan."""
    if chosen.memory == "mapped" and not session.device.maps:
        raise UsageError(f"memory: mapped, but {session.device} cannot use the CPU's memory in place; choose pinned or auto")
    if chosen.graph and not session.api.graphs:
        raise UsageError(f"graph: true, but {session.api.name} cannot record CUDA graphs; choose cuda: cuda-bindings")


def _engine(spec: EngineSpec, loaded: LoadedPlan, session: CudaSession, chosen: TensorRtOptions) -> TensorRtEngine:
    device = session.device
    mapped = chosen.memory == "mapped" or (chosen.memory == "auto" and device.integrated and device.maps)
    return TensorRtEngine(spec, loaded, session, mapped, chosen.graph)
