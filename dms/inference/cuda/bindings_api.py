"""CUDA through NVIDIA's ``cuda-bindings``: the default. Only ``cuda.bindings.driver`` is used, which 12.x and 13.x share."""

import ctypes
from typing import Any

import numpy as np

from dms.inference.cuda.api import CudaError, Device, Event, Graph, HostMemory, Memory, Stream

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING
_NO_TIMING = 2  # CU_EVENT_DISABLE_TIMING
_MAPPED = 2  # CU_MEMHOSTALLOC_DEVICEMAP
_NOT_READY = "CUDA_ERROR_NOT_READY"


class BindingsCuda:
    """See ``CudaApi``."""

    name = "cuda-bindings"
    graphs = True

    def __init__(self) -> None:
        from cuda.bindings import driver

        self._driver: Any = driver
        self._ordinal = 0
        self._context: Any = None

    def version(self) -> str:
        """Name and version of the package."""
        from cuda import bindings

        return f"cuda-bindings {bindings.__version__}"

    def start(self) -> int:
        """See ``CudaApi``."""
        try:
            self._call("cuInit", 0)
        except CudaError:
            raise
        except Exception as error:  # the package finds no driver library; its error types differ between versions
            raise CudaError("cuInit", "no driver", "libcuda.so.1 is not on this machine") from error
        return int(self._call("cuDeviceGetCount"))

    def device(self, ordinal: int) -> Device:
        """See ``CudaApi``."""
        handle = self._call("cuDeviceGet", ordinal)
        kind = self._driver.CUdevice_attribute
        values = [
            int(self._call("cuDeviceGetAttribute", getattr(kind, f"CU_DEVICE_ATTRIBUTE_{name}"), handle))
            for name in (
                "COMPUTE_CAPABILITY_MAJOR", "COMPUTE_CAPABILITY_MINOR", "MULTIPROCESSOR_COUNT", "INTEGRATED",
                "CAN_MAP_HOST_MEMORY",
            )
        ]  # fmt: skip
        name = self._call("cuDeviceGetName", 256, handle).split(b"\0")[0].decode(errors="replace").strip()
        version = int(self._call("cuDriverGetVersion"))
        return Device(name, f"{values[0]}.{values[1]}", values[2], bool(values[3]), bool(values[4]), driver_text(version))

    def retain(self, ordinal: int) -> None:
        """See ``CudaApi``."""
        self._context = self._call("cuDevicePrimaryCtxRetain", ordinal)
        self._ordinal = ordinal

    def release(self) -> None:
        """See ``CudaApi``."""
        self._context = None
        self._call("cuDevicePrimaryCtxRelease", self._ordinal)

    def push(self) -> None:
        """See ``CudaApi``."""
        self._call("cuCtxPushCurrent", self._context)

    def pop(self) -> None:
        """See ``CudaApi``."""
        self._call("cuCtxPopCurrent")

    def allocate(self, size: int) -> Memory:
        """See ``CudaApi``."""
        handle = self._call("cuMemAlloc", size)
        return Memory(int(handle), size, handle)

    def free(self, memory: Memory) -> None:
        """See ``CudaApi``."""
        self._call("cuMemFree", memory.handle)

    def allocate_host(self, size: int, mapped: bool) -> HostMemory:
        """See ``CudaApi``."""
        handle = self._call("cuMemHostAlloc", size, _MAPPED if mapped else 0)
        address = 0
        if mapped:
            try:
                address = int(self._call("cuMemHostGetDevicePointer", handle, 0))
            except CudaError:
                self._call("cuMemFreeHost", handle)
                raise
        array = np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(int(handle)))
        return HostMemory(array, address, handle)

    def free_host(self, memory: HostMemory) -> None:
        """See ``CudaApi``."""
        self._call("cuMemFreeHost", memory.handle)

    def copy_in(self, to: Memory, source: HostMemory, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuMemcpyHtoDAsync", to.handle, source.handle, to.size, stream.handle)

    def copy_out(self, to: HostMemory, source: Memory, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuMemcpyDtoHAsync", to.handle, source.handle, source.size, stream.handle)

    def create_stream(self) -> Stream:
        """See ``CudaApi``."""
        handle = self._call("cuStreamCreate", _NON_BLOCKING)
        return Stream(int(handle), handle)

    def destroy_stream(self, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuStreamDestroy", stream.handle)

    def synchronize(self, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuStreamSynchronize", stream.handle)

    def create_event(self) -> Event:
        """See ``CudaApi``."""
        return Event(self._call("cuEventCreate", _NO_TIMING))

    def destroy_event(self, event: Event) -> None:
        """See ``CudaApi``."""
        self._call("cuEventDestroy", event.handle)

    def record(self, event: Event, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuEventRecord", event.handle, stream.handle)

    def reached(self, event: Event) -> bool:
        """See ``CudaApi``."""
        try:
            self._call("cuEventQuery", event.handle)
        except CudaError as error:
            if error.code == _NOT_READY:
                return False
            raise
        return True

    def begin_capture(self, stream: Stream) -> None:
        """See ``CudaApi``."""
        mode = self._driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self._call("cuStreamBeginCapture", stream.handle, mode)

    def end_capture(self, stream: Stream) -> Graph:
        """See ``CudaApi``."""
        recorded = self._call("cuStreamEndCapture", stream.handle)
        try:
            return Graph(self._call("cuGraphInstantiate", recorded, 0))
        finally:
            self._call("cuGraphDestroy", recorded)

    def launch(self, graph: Graph, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call("cuGraphLaunch", graph.handle, stream.handle)

    def destroy_graph(self, graph: Graph) -> None:
        """See ``CudaApi``."""
        self._call("cuGraphExecDestroy", graph.handle)

    def _call(self, name: str, *arguments: Any) -> Any:
        """The driver's answer without its return code; ``None`` if there is nothing else."""
        code, *rest = getattr(self._driver, name)(*arguments)
        if int(code) != 0:
            raise CudaError(name, code.name)
        return rest[0] if rest else None


def driver_text(version: int) -> str:
    """``13000`` to ``13.0``."""
    return f"{version // 1000}.{version % 1000 // 10}"
