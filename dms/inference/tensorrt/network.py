"""ONNX bytes to plan bytes with TensorRT.

The precision is the file's: a float32, half or Q/DQ network. TensorRT's network is always *strongly typed*, so no tensor is made
narrower or wider than the file says (TensorRT 11 knows nothing else, 10.3 takes the flag). No calibration, no precision flags.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dms.errors import BackendUnavailable, EngineFailed, InputError
from dms.inference.allowed_ops import violations
from dms.inference.tensorrt.api import IBuilderConfig, INetworkDefinition, TensorRt
from dms.inference.tensorrt.module import make_log
from dms.inference.tensorrt.timing_cache import TimingCache

WORKSPACE_MIB = 256
OPTIMIZATION_LEVEL = 3
NO_DLA = -1

Tell = Callable[[float, str], None]
"""Told how much of the build is done, 0..1, and what is going on. May raise to stop it."""


class ModelRejected(InputError):
    """TensorRT, or what is known of it, does not take the model; ``nodes`` says which and why, one line each."""

    def __init__(self, name: str, nodes: tuple[str, ...]) -> None:
        self.nodes = nodes
        more = f" (and {len(nodes) - 1} more)" if len(nodes) > 1 else ""
        super().__init__(f"{name}: TensorRT does not take it: {nodes[0]}{more}")


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How hard to try, and for what. All are part of a plan's identity.

    ``workspace_mib``: scratch memory a layer may ask for. ``optimization_level``: 0 quick to 5 thorough, 3 is TensorRT's default.
    ``dla``: number of the deep learning accelerator to build for, -1: the GPU. Layers that it cannot run go to the GPU.
    """

    workspace_mib: int = WORKSPACE_MIB
    optimization_level: int = OPTIMIZATION_LEVEL
    dla: int = NO_DLA


def lint(name: str, model: bytes) -> None:
    """Refuse what is known to be refused before any builder is asked.

    Raises:
        ModelRejected: with every finding.
    """
    found = violations(model)
    if found:
        raise ModelRejected(name, tuple(found))


def build_plan(
    trt: TensorRt, name: str, model: bytes, options: BuildOptions, tell: Tell, timing: TimingCache | None = None
) -> bytes:
    """A plan for the current device.

    Args:
        name: of the engine, for messages.
        model: the ONNX file's bytes.
        timing: measured times of earlier builds; those of this one are added.

    Raises:
        BackendUnavailable: there is no such DLA core.
        ModelRejected: the parser does not take a node.
        EngineFailed: the builder failed; what TensorRT logged is in the message.
    """
    log = make_log(trt)
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    config = builder.create_builder_config()
    if network is None or config is None:
        raise EngineFailed(f"{name}: TensorRT made no network: {log.take()}")
    if options.dla != NO_DLA and options.dla >= builder.num_DLA_cores:
        reason = f"{name}: DLA core {options.dla} was asked for, this device has {builder.num_DLA_cores}"
        raise BackendUnavailable(reason, "leave its slot out of tensorrt: dla")
    _parse(trt, name, model, network, log)
    progress = _configure(trt, config, options, tell)
    cache = timing.offer(config) if timing is not None else None
    plan = builder.build_serialized_network(network, config)
    if progress.stopped_by is not None:
        raise progress.stopped_by
    if plan is None:
        raise EngineFailed(f"{name}: TensorRT built no plan: {log.take()}")
    if timing is not None:
        timing.keep(cache)
    return bytes(memoryview(plan))


def _parse(trt: TensorRt, name: str, model: bytes, network: INetworkDefinition, log: Any) -> None:
    parser = trt.OnnxParser(network, log)
    if parser.parse(model):
        return
    errors = [parser.get_error(number) for number in range(parser.num_errors)]
    nodes = tuple(
        f"node {error.node_name() or '?'} ({error.node_operator() or '?'}): {' '.join(error.desc().split())}" for error in errors
    )
    raise ModelRejected(name, nodes or (log.take(),))


def _configure(trt: TensorRt, config: IBuilderConfig, options: BuildOptions, tell: Tell) -> Any:
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mib << 20)
    config.builder_optimization_level = options.optimization_level
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED  # so that the plan can be asked for its layers' precision
    config.clear_flag(trt.BuilderFlag.TF32)  # float32 means float32: TF32 has 10 bits of mantissa
    if options.dla != NO_DLA:
        config.default_device_type = trt.DeviceType.DLA
        config.DLA_core = options.dla
        config.set_flag(trt.BuilderFlag.GPU_FALLBACK)
    progress = make_progress(trt, tell)
    config.progress_monitor = progress
    return progress


@dataclass(slots=True)
class Phases:
    """Progress of nested phases as one fraction: a phase's step counts as a share of its parent's step."""

    running: list[list[Any]] = field(default_factory=list)  # [name, steps, done], outermost first
    told: float = 0.0

    def start(self, name: str, steps: int) -> None:
        """A phase with so many steps begins, inside the last one."""
        self.running.append([name, max(steps, 1), 0])

    def step(self, name: str, step: int) -> None:
        """Step number ``step`` (from 0) of a running phase is done."""
        for phase in self.running:
            if phase[0] == name:
                phase[2] = min(step + 1, phase[1])

    def finish(self, name: str) -> None:
        """The phase is over, and every one inside it."""
        for index, phase in enumerate(self.running):
            if phase[0] == name:
                del self.running[index:]
                return

    def fraction(self) -> float:
        """How much is done, 0..1; it never falls."""
        done, weight = 0.0, 1.0
        for _, steps, finished in self.running:
            done += weight * finished / steps
            weight /= steps
        self.told = max(self.told, min(done, 1.0))
        return self.told


def make_progress(trt: TensorRt, tell: Tell) -> Any:
    """A progress monitor that tells ``tell``; if that raises, the build is stopped and ``stopped_by`` is the error."""

    class Progress(trt.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stopped_by: BaseException | None = None
            self._phases = Phases()

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._phases.start(phase_name, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._phases.step(phase_name, step)
            if self.stopped_by is None:
                try:
                    tell(self._phases.fraction(), phase_name)
                except BaseException as error:  # an error must not pass through TensorRT's C++
                    self.stopped_by = error
            return self.stopped_by is None

        def phase_finish(self, phase_name: str) -> None:
            self._phases.finish(phase_name)

    return Progress()
