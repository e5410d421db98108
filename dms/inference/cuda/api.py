"""What the rest of the code may ask of CUDA, and the errors it may get.

Written on the *driver* API: ``cuda.bindings.driver`` and ``pycuda`` offer it, it works on the primary context, which TensorRT
uses too, and a test can put another driver under it. Every call checks its return code; a failure is a ``CudaError``.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dms.errors import EngineFailed

LOST = frozenset(
    {
        "CUDA_ERROR_CONTEXT_IS_DESTROYED", "CUDA_ERROR_DEINITIALIZED", "CUDA_ERROR_DEVICE_UNAVAILABLE",
        "CUDA_ERROR_ECC_UNCORRECTABLE", "CUDA_ERROR_HARDWARE_STACK_ERROR", "CUDA_ERROR_ILLEGAL_ADDRESS",
        "CUDA_ERROR_ILLEGAL_INSTRUCTION", "CUDA_ERROR_LAUNCH_FAILED", "CUDA_ERROR_LAUNCH_TIMEOUT",
        "CUDA_ERROR_MISALIGNED_ADDRESS", "CUDA_ERROR_UNKNOWN",
    }
)  # fmt: skip
"""After one of these every further call fails: "the process must be terminated and relaunched" (CUDA driver API, CUresult)."""

_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY"


class CudaError(EngineFailed):
    """A CUDA call failed. ``call`` and ``code`` are the driver's own names."""

    def __init__(self, call: str, code: str, detail: str = "") -> None:
        self.call, self.code, self.detail = call, code, detail
        reason = f"CUDA {call} failed: {code}" + (f" ({detail})" if detail else "")
        super().__init__(f"{reason}; {self._remedy()}" if self._remedy() else reason)

    @property
    def lost(self) -> bool:
        """The context is gone for good; nothing can be run or freed any more."""
        return self.code in LOST

    def _remedy(self) -> str:
        if self.code == _MEMORY:
            return "the GPU's memory is full: end other programs that use it"
        return "the GPU is lost to this process: restart it" if self.lost else ""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU: what decides whether a plan fits it, and how its memory is best used.

    ``sm`` is the compute capability, ``processors`` the number of streaming multiprocessors (boards of one name differ in it).
    ``integrated``: shares the memory of the CPU. ``maps``: can read the CPU's page-locked memory in place.
    """

    name: str
    sm: str
    processors: int
    integrated: bool
    maps: bool
    driver: str

    def __str__(self) -> str:
        return f"{self.name} (SM {self.sm}, {self.processors} processors)"


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory on the device; ``address`` is what TensorRT gets."""

    address: int
    size: int
    handle: Any


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Page-locked memory of the CPU as bytes; ``address`` is the device's view of it if it is mapped, else 0."""

    array: NDArray[np.uint8]
    address: int
    handle: Any


@dataclass(frozen=True, slots=True)
class Stream:
    """A queue of work on the device; ``address`` is what TensorRT gets."""

    address: int
    handle: Any


@dataclass(frozen=True, slots=True)
class Event:
    """A mark in a stream."""

    handle: Any


@dataclass(frozen=True, slots=True)
class Graph:
    """Work recorded once and launched as a whole."""

    handle: Any


class CudaApi(Protocol):
    """The calls. All raise ``CudaError``; all from ``allocate`` on need the context that ``push`` made current."""

    name: str
    graphs: bool
    """Can it record graphs."""

    def version(self) -> str:
        """Name and version of the package behind it."""

    def start(self) -> int:
        """Initialise the driver; the number of devices."""

    def device(self, ordinal: int) -> Device:
        """Facts about a device."""

    def retain(self, ordinal: int) -> None:
        """Take the device's primary context, once."""

    def release(self) -> None:
        """The opposite of ``retain``."""

    def push(self) -> None:
        """Make the context current in this thread."""

    def pop(self) -> None:
        """The opposite of ``push``, in the same thread."""

    def allocate(self, size: int) -> Memory:
        """Device memory, bytes."""

    def free(self, memory: Memory) -> None:
        """Give device memory back."""

    def allocate_host(self, size: int, mapped: bool) -> HostMemory:
        """Page-locked memory; mapped: the device reads and writes it in place."""

    def free_host(self, memory: HostMemory) -> None:
        """Give page-locked memory back; its array must not be used any more."""

    def copy_in(self, to: Memory, source: HostMemory, stream: Stream) -> None:
        """Queue a copy of the whole block to the device."""

    def copy_out(self, to: HostMemory, source: Memory, stream: Stream) -> None:
        """Queue a copy of the whole block from the device."""

    def create_stream(self) -> Stream:
        """A stream that does not wait for the default stream."""

    def destroy_stream(self, stream: Stream) -> None:
        """Give a stream back."""

    def synchronize(self, stream: Stream) -> None:
        """Wait until the stream has nothing to do; reports what failed in it."""

    def create_event(self) -> Event:
        """An event without timing."""

    def destroy_event(self, event: Event) -> None:
        """Give an event back."""

    def record(self, event: Event, stream: Stream) -> None:
        """Put the event at the end of the stream."""

    def reached(self, event: Event) -> bool:
        """Has the stream come to the event; reports what failed before it."""

    def begin_capture(self, stream: Stream) -> None:
        """From now on the stream records instead of working (thread-local: other threads may go on)."""

    def end_capture(self, stream: Stream) -> Graph:
        """What was recorded, ready to launch."""

    def launch(self, graph: Graph, stream: Stream) -> None:
        """Queue a graph."""

    def destroy_graph(self, graph: Graph) -> None:
        """Give a graph back."""
