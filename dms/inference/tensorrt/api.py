"""The part of TensorRT's Python API that is used here, as types.

mypy holds the code to these types; a test holds these types to the real bindings of TensorRT 10.3, 10.16 and 11.4 (member names
and arguments). So nothing else may be used without being written down here first. Class names are TensorRT's own.
"""

from collections.abc import Callable
from typing import Any, Protocol, SupportsInt

ILogger = Any
IProgressMonitor = Any
"""Base classes to derive from; ``ILogger.log`` and ``IProgressMonitor.phase_start`` ... are called by TensorRT."""


class IHostMemory(Protocol):
    """A serialised plan; supports the buffer protocol."""

    nbytes: int

    def __buffer__(self, flags: int, /) -> memoryview:
        """Its bytes."""


class ITensor(Protocol):
    """An input or output of a network."""

    name: str


class INetworkDefinition(Protocol):
    """A network that is being made."""

    num_layers: int
    num_inputs: int

    def get_input(self, index: int) -> ITensor:
        """By number."""


class ParserError(Protocol):
    """Why the parser refuses a model."""

    def desc(self) -> str:
        """In words."""

    def node_name(self) -> str:
        """Name of the node in the ONNX file."""

    def node_operator(self) -> str:
        """Its operator."""


class OnnxParser(Protocol):
    """Fills a network from an ONNX file."""

    num_errors: int

    def parse(self, model: bytes) -> bool:
        """False if it is refused."""

    def get_error(self, index: int) -> ParserError:
        """By number."""


class ITimingCache(Protocol):
    """How long kernels took."""

    def serialize(self) -> IHostMemory:
        """To be kept for the next build."""


class IBuilderConfig(Protocol):
    """How to build."""

    DLA_core: int
    builder_optimization_level: int
    default_device_type: Any
    profiling_verbosity: Any
    progress_monitor: IProgressMonitor

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        """Bytes."""

    def clear_flag(self, flag: Any) -> None:
        """A ``BuilderFlag``."""

    def set_flag(self, flag: Any) -> None:
        """A ``BuilderFlag``."""

    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache | None:
        """From what an earlier build kept, or empty."""

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        """False if it is of another TensorRT or GPU."""


class Builder(Protocol):
    """Makes plans."""

    num_DLA_cores: int

    def create_network(self, flags: int) -> INetworkDefinition | None:
        """Bits of ``NetworkDefinitionCreationFlag``."""

    def create_builder_config(self) -> IBuilderConfig | None:
        """The defaults."""

    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> IHostMemory | None:
        """The plan; nothing if it failed."""


class EngineInspector(Protocol):
    """Tells what is in a plan."""

    def get_engine_information(self, format: Any) -> str:
        """All layers."""


class IExecutionContext(Protocol):
    """One run at a time of an engine."""

    def set_tensor_address(self, name: str, memory: int) -> bool:
        """False if refused."""

    def execute_async_v3(self, stream_handle: int) -> bool:
        """False if refused."""


class ICudaEngine(Protocol):
    """A plan in memory."""

    num_io_tensors: int

    def get_tensor_name(self, index: int) -> str:
        """By number."""

    def get_tensor_mode(self, name: str) -> Any:
        """A ``TensorIOMode``."""

    def get_tensor_dtype(self, name: str) -> Any:
        """A ``DataType``."""

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        """Dimensions."""

    def create_execution_context(self) -> IExecutionContext | None:
        """Nothing if there is no memory for it."""

    def create_engine_inspector(self) -> EngineInspector:
        """To look inside."""


class Runtime(Protocol):
    """Reads plans."""

    DLA_core: int
    engine_host_code_allowed: bool

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        """Nothing if it does not fit."""


class NetworkDefinitionCreationFlag(Protocol):
    """Names of an enumeration."""

    STRONGLY_TYPED: SupportsInt


class MemoryPoolType(Protocol):
    """Names of an enumeration."""

    WORKSPACE: SupportsInt


class BuilderFlag(Protocol):
    """Names of an enumeration."""

    GPU_FALLBACK: SupportsInt
    TF32: SupportsInt


class DeviceType(Protocol):
    """Names of an enumeration."""

    DLA: SupportsInt


class ProfilingVerbosity(Protocol):
    """Names of an enumeration."""

    DETAILED: SupportsInt


class LayerInformationFormat(Protocol):
    """Names of an enumeration."""

    JSON: SupportsInt


class TensorIOMode(Protocol):
    """Names of an enumeration."""

    INPUT: SupportsInt


class TensorRt(Protocol):
    """The module itself."""

    __version__: str
    ILogger: Any
    IProgressMonitor: Any
    Builder: Callable[[Any], Builder]
    OnnxParser: Callable[[INetworkDefinition, Any], OnnxParser]
    Runtime: Callable[[Any], Runtime]
    NetworkDefinitionCreationFlag: NetworkDefinitionCreationFlag
    MemoryPoolType: MemoryPoolType
    BuilderFlag: BuilderFlag
    DeviceType: DeviceType
    ProfilingVerbosity: ProfilingVerbosity
    LayerInformationFormat: LayerInformationFormat
    TensorIOMode: TensorIOMode

    def nptype(self, trt_type: Any) -> type:
        """NumPy type of a ``DataType``."""
