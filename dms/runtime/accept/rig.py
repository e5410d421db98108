"""What the parts work with: the configuration, the GPU, the machine, and how much of everything."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from dms.inference.base import Engine, EngineSpec, Options
from dms.inference.slots import find_engine
from dms.inference.tensorrt.network import Tell
from dms.inference.tensorrt.options import TensorRtOptions
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt.plans import Outcome
from dms.runtime.chain import CHAIN_SLOTS
from dms.runtime.config import Loaded
from dms.runtime.machine import Machine, MachineState


def quiet(done: float, text: str) -> None:
    """Nobody watches a build here."""


class Gpu(Protocol):
    """Builds and loads plans; a real one or the dry run's."""

    def facts(self, options: Options) -> dict[str, Any]:
        """Name, compute capability, versions."""

    def modes(self, options: Options) -> Mapping[str, Mapping[str, Any]]:
        """Ways of moving data and launching that this GPU offers: label to TensorRT options."""

    def ensure(self, spec: EngineSpec, options: Options, tell: Tell, force: bool = False) -> Outcome:
        """See ``TensorRtBackend.ensure``."""

    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """See ``TensorRtBackend.load``."""


class RealGpu:
    """The TensorRT back end with a plan cache of its own: what is measured disturbs no plan in use, and is always built."""

    def __init__(self, folder: Path) -> None:
        from dms.inference.tensorrt_backend import TensorRtBackend

        self._backend = TensorRtBackend(PlanStore(folder))
        self.ensure, self.load = self._backend.ensure, self._backend.load

    def facts(self, options: Options) -> dict[str, Any]:
        """From the CUDA driver and TensorRT."""
        from dms.inference.cuda.session import load_api

        chosen = TensorRtOptions.parse(options.extra)
        key, api = self._backend.machine(options), load_api(chosen.cuda)
        device = api.device(chosen.device)
        return {**asdict(device), "tensorrt": key.tensorrt, "cuda_package": f"{api.name} {api.version()}", "graphs": api.graphs}

    def modes(self, options: Options) -> Mapping[str, Mapping[str, Any]]:
        """Copies, in place where the GPU can, recorded graphs where the CUDA package can."""
        facts = self.facts(options)
        found: dict[str, dict[str, Any]] = {"copied": {"memory": "pinned", "graph": False}}
        if facts["maps"]:
            found["in place"] = {"memory": "mapped", "graph": False}
        if facts["graphs"]:
            found["copied, graph"] = {"memory": "pinned", "graph": True}
        return found


@dataclass(slots=True)
class Rig:
    """One acceptance run.

    Attributes:
        parts: the run configuration, read and checked.
        gpu: builds and loads plans in ``folder``.
        machine: temperatures, power, release.
        folder: for what the run leaves behind.
        dry: on fakes.
        runs: of each network, warm.
        soak_s, camera_s, can_s: length of these parts, s.
        start: state of the machine before the first part.
    """

    parts: Loaded
    gpu: Gpu
    machine: Machine
    folder: Path
    dry: bool
    runs: int
    soak_s: float
    camera_s: float
    can_s: float
    start: MachineState
    slots: tuple[str, ...] = CHAIN_SLOTS

    @property
    def options(self) -> Options:
        """As configured, without warm-up: the first run is measured too."""
        return replace(self.parts.config.engines.load_options(), warmup=0)

    def spec(self, slot: str) -> EngineSpec:
        """The configured file of a slot."""
        section = self.parts.config.engines
        return find_engine(slot, section.path_overrides().get(slot), section.precision.get(slot, "fp32"))
