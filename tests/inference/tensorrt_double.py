"""Stands in for the module ``tensorrt``: the calls the product makes, with TensorRT's names and return values.

A "plan" is the ONNX file with a head line. Its execution context queues a host function in the given stream of the fake CUDA
driver, which reads the inputs at the device addresses, computes with ONNX Runtime and writes the outputs. So it is asynchronous
and in stream order, like the real one; the arithmetic is ONNX Runtime's.

``faults`` makes it refuse like the real one does: with False or nothing, and the reason in the log.
"""

import ctypes
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
from fake_cuda import FakeCuda
from numpy.typing import NDArray

from dms.inference.base import Options
from dms.inference.onnxruntime_backend import _session_options, import_quietly

__version__ = "10.3.0"
HEAD = b"plan of the double\n"

driver: FakeCuda | None = None
"""Set by the test."""

faults: set[str] = set()
"""Of: no network, refused, not built, not loaded, full, no context, address, enqueue, enqueue in capture, wrong."""

slow: dict[str, float] = {}
"""Output to seconds that its network takes."""

built: list[str] = []
"""What was built, in order: the names of the outputs."""

dla: list[tuple[str, int]] = []
"""What was built for a DLA or loaded on one (``build``, ``load``), and the core's number."""

timed: list[bytes] = []
"""The measured times each build was given."""


class ILogger:
    ERROR, WARNING, INFO = 1, 2, 3

    def log(self, severity: Any, message: str) -> None:
        raise NotImplementedError


class IProgressMonitor:
    pass


BuilderFlag = SimpleNamespace(TF32=7, GPU_FALLBACK=3)
DeviceType = SimpleNamespace(GPU=0, DLA=1)
MemoryPoolType = SimpleNamespace(WORKSPACE=0)
NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
ProfilingVerbosity = SimpleNamespace(DETAILED=2)
LayerInformationFormat = SimpleNamespace(JSON=1)
TensorIOMode = SimpleNamespace(INPUT=1, OUTPUT=2)


def nptype(trt_type: Any) -> type:
    return np.dtype(trt_type).type


class ParserError:
    def desc(self) -> str:
        return "the double refuses"

    def node_name(self) -> str:
        return "node_7"

    def node_operator(self) -> str:
        return "Odd"


class INetworkDefinition:
    def __init__(self) -> None:
        self.model = b""


class OnnxParser:
    def __init__(self, network: INetworkDefinition, logger: ILogger) -> None:
        self._network = network
        self.num_errors = 0

    def parse(self, model: bytes) -> bool:
        if "refused" in faults:
            self.num_errors = 2
            return False
        onnx.load_from_string(model)
        self._network.model = bytes(model)
        return True

    def get_error(self, index: int) -> ParserError:
        return ParserError()


class ITimingCache:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def serialize(self) -> bytes:
        return self.data


class IBuilderConfig:
    builder_optimization_level = 3
    profiling_verbosity: Any = None
    progress_monitor: Any = None
    default_device_type = DeviceType.GPU
    DLA_core = -1

    def __init__(self) -> None:
        self.flags = {BuilderFlag.TF32}
        self.times: ITimingCache | None = None

    def set_flag(self, flag: Any) -> None:
        self.flags.add(flag)

    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache:
        return ITimingCache(bytes(serialized_timing_cache))

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        if ignore_mismatch or cache.data.startswith(b"other"):
            return False
        self.times = cache
        return True

    def set_memory_pool_limit(self, pool: Any, pool_size: int) -> None:
        assert pool == MemoryPoolType.WORKSPACE and pool_size > 0

    def clear_flag(self, flag: Any) -> None:
        self.flags.discard(flag)


class Builder:
    num_DLA_cores = 2

    def __init__(self, logger: ILogger) -> None:
        assert isinstance(logger, ILogger)
        self._logger = logger

    def create_network(self, flags: int) -> INetworkDefinition | None:
        assert flags == 1 << NetworkDefinitionCreationFlag.STRONGLY_TYPED
        return None if "no network" in faults else INetworkDefinition()

    def create_builder_config(self) -> IBuilderConfig:
        return IBuilderConfig()

    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> bytes | None:
        on_dla = config.default_device_type == DeviceType.DLA
        assert config.flags == ({BuilderFlag.GPU_FALLBACK} if on_dla else set()), "TF32 is on, or no layer may go to the GPU"
        if on_dla:
            dla.append(("build", config.DLA_core))
        if config.times is not None:
            timed.append(config.times.data)
            config.times.data += b"measured "
        config.progress_monitor.phase_start("Building", None, 4)
        for step in range(4):
            if not config.progress_monitor.step_complete("Building", step):
                return None
        config.progress_monitor.phase_finish("Building")
        if "not built" in faults:
            self._logger.log(ILogger.ERROR, "no tactic\nis left")
            return None
        built.append(",".join(output.name for output in onnx.load_from_string(network.model).graph.output))
        return HEAD + network.model


class Runtime:
    engine_host_code_allowed = True
    DLA_core = -1

    def __init__(self, logger: ILogger) -> None:
        self._logger = logger

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> "ICudaEngine | None":
        assert not self.engine_host_code_allowed, "code in a plan would be run"
        if self.DLA_core >= 0:
            dla.append(("load", self.DLA_core))
        if "full" in faults:
            self._logger.log(ILogger.ERROR, "Error Code 2: OutOfMemory (Requested size was 16384 bytes.)")
            return None
        if "not loaded" in faults or not bytes(serialized_engine).startswith(HEAD):
            self._logger.log(ILogger.ERROR, "Serialization assertion failed: version tag does not match")
            return None
        return ICudaEngine(bytes(serialized_engine)[len(HEAD) :], self._logger)


class EngineInspector:
    def get_engine_information(self, format: Any) -> str:
        return '{"Layers": []}'


class ICudaEngine:
    def __init__(self, model: bytes, logger: ILogger) -> None:
        self._model, self._logger = model, logger
        graph = onnx.load_from_string(model).graph
        constants = {item.name for item in graph.initializer}
        self._modes = {item.name: TensorIOMode.INPUT for item in graph.input if item.name not in constants}
        self._modes |= {item.name: TensorIOMode.OUTPUT for item in graph.output}
        self._tensors = {item.name: item.type.tensor_type for item in (*graph.input, *graph.output)}
        self.num_io_tensors = len(self._modes)

    def get_tensor_name(self, index: int) -> str:
        return list(self._modes)[index]

    def get_tensor_mode(self, name: str) -> Any:
        return self._modes[name]

    def get_tensor_dtype(self, name: str) -> Any:
        return onnx.helper.tensor_dtype_to_np_dtype(self._tensors[name].elem_type)

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(d.dim_value for d in self._tensors[name].shape.dim)

    def create_execution_context(self) -> "IExecutionContext | None":
        if "no context" in faults:
            self._logger.log(ILogger.ERROR, "no memory for the activations")
            return None
        return IExecutionContext(self, self._model, self._logger)

    def create_engine_inspector(self) -> EngineInspector:
        return EngineInspector()


_callbacks: list[Any] = []
"""Kept alive: the driver may still call one after the engine of a lost device was thrown away."""

HOST_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class IExecutionContext:
    def __init__(self, engine: ICudaEngine, model: bytes, logger: ILogger) -> None:
        self._engine, self._logger = engine, logger
        runtime = import_quietly()
        self._session = runtime.InferenceSession(model, _session_options(runtime, Options()), providers=["CPUExecutionProvider"])
        self._addresses: dict[str, int] = {}
        self._work = HOST_FUNCTION(self._compute)
        _callbacks.append(self._work)
        self.runs = 0

    def set_tensor_address(self, name: str, memory: int) -> bool:
        if "address" in faults:
            self._logger.log(ILogger.ERROR, "the address is not aligned")
            return False
        assert memory, "a null pointer"
        self._addresses[name] = memory
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        assert driver is not None
        self.runs += 1
        if "enqueue" in faults or ("enqueue in capture" in faults and self.runs > 1):
            self._logger.log(ILogger.ERROR, "the kernels were not launched")
            return False
        assert self._addresses.keys() == self._engine._modes.keys(), "an address was not set"
        return bool(driver.launch_host(stream_handle, ctypes.cast(self._work, ctypes.c_void_p), None) == 0)

    def _compute(self, data: Any) -> None:
        modes = self._engine._modes
        names = [name for name, mode in modes.items() if mode == TensorIOMode.OUTPUT]
        time.sleep(max(slow.get(name, 0.0) for name in names))
        feeds = {name: self._tensor(name).copy() for name, mode in modes.items() if mode == TensorIOMode.INPUT}
        for name, value in zip(names, self._session.run(names, feeds), strict=True):
            self._tensor(name)[...] = value + np.float32(1) if "wrong" in faults else value

    def _tensor(self, name: str) -> NDArray[Any]:
        """The array at the tensor's device address."""
        shape, kind = self._engine.get_tensor_shape(name), np.dtype(self._engine.get_tensor_dtype(name))
        size = int(np.prod(shape)) * kind.itemsize
        block = (ctypes.c_uint8 * size).from_address(self._addresses[name])
        return np.frombuffer(block, kind).reshape(shape)
