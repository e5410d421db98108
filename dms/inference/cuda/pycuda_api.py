"""CUDA through ``pycuda``: the second choice, for machines where it is there already. No graphs.

Never ``pycuda.autoinit``: the context is the primary one, current only in the thread that entered it, and popped before the end.
"""

import atexit
import re
from typing import Any

import numpy as np

from dms.errors import EngineFailed
from dms.inference.cuda.api import CudaError, Device, Event, Graph, HostMemory, Memory, Stream
from dms.inference.cuda.bindings_api import driver_text

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING; pycuda hands the number on
_NO_TIMING = 2  # CU_EVENT_DISABLE_TIMING
_CODES = {
    "out of memory": "CUDA_ERROR_OUT_OF_MEMORY",
    "no CUDA-capable device is detected": "CUDA_ERROR_NO_DEVICE",
    "invalid device context": "CUDA_ERROR_INVALID_CONTEXT",
    "context is destroyed": "CUDA_ERROR_CONTEXT_IS_DESTROYED",
    "unspecified launch failure": "CUDA_ERROR_LAUNCH_FAILED",
    "an illegal memory access was encountered": "CUDA_ERROR_ILLEGAL_ADDRESS",
    "the launch timed out and was terminated": "CUDA_ERROR_LAUNCH_TIMEOUT",
    "unknown error": "CUDA_ERROR_UNKNOWN",
}
"""The driver's sentences (cuGetErrorString): pycuda's errors carry no number."""

_RETAINED: dict[int, Any] = {}
"""Primary contexts by device, kept until the process ends: pycuda 2026.1 cannot give one back without leaving it current (its
``detach`` pushes the context and takes the pop for implicit, which it is not for primary contexts)."""


class PycudaCuda:
    """See ``CudaApi``."""

    name = "pycuda"
    graphs = False

    def __init__(self) -> None:
        import pycuda.driver

        self._driver: Any = pycuda.driver
        self._context: Any = None

    def version(self) -> str:
        """Name and version of the package."""
        import pycuda

        return f"pycuda {pycuda.VERSION_TEXT}"

    def start(self) -> int:
        """See ``CudaApi``."""
        self._call(self._driver.init)
        return int(self._call(self._driver.Device.count))

    def device(self, ordinal: int) -> Device:
        """See ``CudaApi``."""
        handle = self._call(self._driver.Device, ordinal)
        kind = self._driver.device_attribute
        major, minor = self._call(handle.compute_capability)
        processors, integrated, maps = (
            int(self._call(handle.get_attribute, item))
            for item in (kind.MULTIPROCESSOR_COUNT, kind.INTEGRATED, kind.CAN_MAP_HOST_MEMORY)
        )
        version = int(self._call(self._driver.get_driver_version))
        return Device(self._call(handle.name), f"{major}.{minor}", processors, bool(integrated), bool(maps), driver_text(version))

    def retain(self, ordinal: int) -> None:
        """See ``CudaApi``."""
        if ordinal not in _RETAINED:
            _RETAINED[ordinal] = self._call(self._call(self._driver.Device, ordinal).retain_primary_context)
            atexit.register(_RETAINED[ordinal].detach)  # its destructor would use the call for other contexts, and complain
        self._context = _RETAINED[ordinal]

    def release(self) -> None:
        """Nothing: see ``_RETAINED``."""

    def push(self) -> None:
        """See ``CudaApi``."""
        self._call(self._context.push)

    def pop(self) -> None:
        """See ``CudaApi``."""
        self._call(self._driver.Context.pop)

    def allocate(self, size: int) -> Memory:
        """See ``CudaApi``."""
        handle = self._call(self._driver.mem_alloc, size)
        return Memory(int(handle), size, handle)

    def free(self, memory: Memory) -> None:
        """See ``CudaApi``."""
        self._call(memory.handle.free)

    def allocate_host(self, size: int, mapped: bool) -> HostMemory:
        """See ``CudaApi``."""
        flags = self._driver.host_alloc_flags.DEVICEMAP if mapped else 0
        array = self._call(self._driver.pagelocked_empty, size, np.uint8, mem_flags=flags)
        handle = array.base
        if not mapped:
            return HostMemory(array, 0, handle)
        try:
            return HostMemory(array, int(self._call(handle.get_device_pointer)), handle)
        except CudaError:
            self._call(handle.free)
            raise

    def free_host(self, memory: HostMemory) -> None:
        """See ``CudaApi``."""
        self._call(memory.handle.free)

    def copy_in(self, to: Memory, source: HostMemory, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call(self._driver.memcpy_htod_async, to.address, source.array, stream.handle)

    def copy_out(self, to: HostMemory, source: Memory, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call(self._driver.memcpy_dtoh_async, to.array, source.address, stream.handle)

    def create_stream(self) -> Stream:
        """See ``CudaApi``."""
        handle = self._call(self._driver.Stream, _NON_BLOCKING)
        return Stream(int(handle.handle), handle)

    def destroy_stream(self, stream: Stream) -> None:
        """Nothing: pycuda destroys it with its last reference, which the caller drops."""

    def synchronize(self, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call(stream.handle.synchronize)

    def create_event(self) -> Event:
        """See ``CudaApi``."""
        return Event(self._call(self._driver.Event, _NO_TIMING))

    def destroy_event(self, event: Event) -> None:
        """Nothing: pycuda destroys it with its last reference, which the caller drops."""

    def record(self, event: Event, stream: Stream) -> None:
        """See ``CudaApi``."""
        self._call(event.handle.record, stream.handle)

    def reached(self, event: Event) -> bool:
        """See ``CudaApi``."""
        return bool(self._call(event.handle.query))

    def begin_capture(self, stream: Stream) -> None:
        """Refused."""
        raise EngineFailed("pycuda cannot record CUDA graphs; use cuda-bindings")

    def end_capture(self, stream: Stream) -> Graph:
        """Refused."""
        raise EngineFailed("pycuda cannot record CUDA graphs; use cuda-bindings")

    def launch(self, graph: Graph, stream: Stream) -> None:
        """Refused."""
        raise EngineFailed("pycuda cannot launch CUDA graphs; use cuda-bindings")

    def destroy_graph(self, graph: Graph) -> None:
        """Nothing: there are none."""

    def _call(self, function: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except self._driver.Error as error:
            raise _translated(str(error)) from error


def _translated(text: str) -> CudaError:
    """``cuMemAlloc failed: out of memory - further words`` as our error."""
    match = re.match(r"(\w+) failed: (.*?)(?: - (.*))?$", text, re.DOTALL)
    if match is None:
        return CudaError("call", "unknown", text)
    return CudaError(match[1], _CODES.get(match[2], match[2]), match[3] or "")
