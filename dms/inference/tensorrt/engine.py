"""A plan at work: buffers and stream made once at load, per run only copies, one enqueue and one event.

One run at a time. ``submit`` returns at once; ``collect`` waits. A result that nobody waited for any longer is not lost track of:
until the device is done with it the engine refuses the next input, because its memory is still being read and written.
"""

import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from dms.errors import EngineFailed
from dms.inference.base import Engine, EngineSpec, Tensors, TensorSpec
from dms.inference.cuda.api import CudaError, Event, Graph, Stream
from dms.inference.cuda.io_buffer import IoBuffer
from dms.inference.cuda.session import CudaSession
from dms.inference.tensorrt.api import ICudaEngine, IExecutionContext, Runtime, TensorRt

LIMIT_S = 2.0
"""A run that takes longer has hung: the largest network here is thought to need milliseconds. Not a frame's deadline."""

_POLL_S = 0.0001
_EAGER_POLLS = 50  # asked without a pause first: most networks here are done in well under a millisecond


@dataclass(frozen=True, slots=True)
class LoadedPlan:
    """A plan in memory, the runtime that must outlive it, and the logger both write to."""

    engine: ICudaEngine
    runtime: Runtime
    log: Any


def interface_of(trt: TensorRt, engine: ICudaEngine) -> tuple[list[TensorSpec], list[TensorSpec]]:
    """Inputs and outputs of a plan."""
    inputs: list[TensorSpec] = []
    outputs: list[TensorSpec] = []
    for number in range(engine.num_io_tensors):
        name = engine.get_tensor_name(number)
        kind = np.dtype(trt.nptype(engine.get_tensor_dtype(name))).name
        tensor = TensorSpec(name, tuple(int(n) for n in engine.get_tensor_shape(name)), kind)
        (inputs if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT else outputs).append(tensor)
    return inputs, outputs


class TensorRtEngine(Engine):
    """A loaded plan.

    Args:
        spec: the slot's contract; the plan must have exactly these tensors (see ``interface_of``).
        plan: the plan in memory.
        session: the GPU; the engine counts as one of its users until it is closed.
        mapped: see ``IoBuffer``.
        graph: record the run once as a CUDA graph and launch that.

    Raises:
        EngineFailed: no memory, or TensorRT refuses; nothing stays allocated.
    """

    exact: ClassVar[bool] = False

    def __init__(self, spec: EngineSpec, plan: LoadedPlan, session: CudaSession, mapped: bool, graph: bool = False) -> None:
        super().__init__(spec)
        self._session, self._log = session, plan.log
        self._flying = False
        self._pause = threading.Event()
        self._plan: LoadedPlan | None = plan
        self._context: IExecutionContext | None = None
        self._stream: Stream | None = None
        self._event: Event | None = None
        self._graph: Graph | None = None
        self._in: list[IoBuffer] = []
        self._out: list[IoBuffer] = []
        self._undo = ExitStack()
        session.join()
        try:
            with session.guard(self._who), self._undo:
                self._allocate(mapped)
                if graph:
                    self._record_graph()
                self._undo = self._undo.pop_all()
        except BaseException:
            self._forget()
            session.depart()
            raise

    def _allocate(self, mapped: bool) -> None:
        api, undo = self._session.api, self._undo
        assert self._plan is not None
        self._context = self._plan.engine.create_execution_context()
        if self._context is None:
            raise EngineFailed(f"{self._who}: TensorRT made no execution context: {self._log.take()}")
        self._stream = api.create_stream()
        undo.callback(api.destroy_stream, self._stream)
        self._event = api.create_event()
        undo.callback(api.destroy_event, self._event)
        self._in = [self._buffer(tensor, mapped) for tensor in self.spec.inputs]
        self._out = [self._buffer(tensor, mapped) for tensor in self.spec.outputs]
        for buffer in (*self._in, *self._out):
            if not self._context.set_tensor_address(buffer.name, buffer.address):
                raise EngineFailed(f"{self._who}: TensorRT refused the memory of {buffer.name}: {self._log.take()}")

    def _buffer(self, tensor: TensorSpec, mapped: bool) -> IoBuffer:
        buffer = IoBuffer(self._session.api, tensor, mapped)
        self._undo.callback(buffer.close)
        return buffer

    def _record_graph(self) -> None:
        """One real run first: the first enqueue does set-up work that may not be recorded (NVIDIA/TensorRT issue 2603)."""
        api, stream = self._session.api, self._stream
        assert stream is not None
        self._undo.callback(api.synchronize, stream)  # should this fail half-way: no memory is freed under a running copy
        self._enqueue()
        api.synchronize(stream)
        api.begin_capture(stream)
        try:
            self._enqueue()
        except BaseException:
            with suppress(CudaError):  # what was recorded is not whole
                api.destroy_graph(api.end_capture(stream))
            raise
        self._graph = api.end_capture(stream)
        self._undo.callback(api.destroy_graph, self._graph)

    def _enqueue(self) -> None:
        assert self._context is not None
        assert self._stream is not None
        for buffer in self._in:
            buffer.send(self._stream)
        if not self._context.execute_async_v3(self._stream.address):
            raise EngineFailed(f"{self._who}: TensorRT did not start: {self._log.take()}")
        for buffer in self._out:
            buffer.fetch(self._stream)

    def submit(self, feeds: Tensors, slot: int = 0) -> None:
        """Start a run.

        Raises:
            EngineFailed: wrong inputs, wrong thread, the last run is not over, or CUDA or TensorRT failed.
        """
        self._check(feeds)
        self._only(slot)
        self._begin()
        self._start(feeds)

    def collect(self, slot: int = 0, timeout: float | None = None) -> Tensors:
        """The result, as arrays of the caller's own.

        Raises:
            EngineFailed: nothing was submitted, the time is over (the run goes on, see ``ready``), or it failed on the device.
        """
        self._only(slot)
        if not self._flying:
            raise EngineFailed(f"{self._who}: nothing was submitted on slot {slot}")
        outputs = self._finish(LIMIT_S if timeout is None else timeout)
        self._end()
        return outputs

    def ready(self, slot: int = 0) -> bool:
        """Is the device done with the last run."""
        if not self._flying:
            return True
        assert self._event is not None
        with self._session.guard(self._who):
            return self._session.api.reached(self._event)

    def _infer(self, feeds: Tensors) -> Tensors:
        self._start(feeds)
        return self._finish(LIMIT_S)

    def _start(self, feeds: Tensors) -> None:
        with self._session.guard(self._who):
            if self._context is None or self._stream is None or self._event is None:
                raise EngineFailed(f"{self._who}: it is closed")
            if self._flying and not self._session.api.reached(self._event):
                raise EngineFailed(f"{self._who}: still at work on an earlier input")
            self._flying = False
            for buffer in self._in:
                np.copyto(buffer.view, feeds[buffer.name])
            if self._graph is not None:
                self._session.api.launch(self._graph, self._stream)
            else:
                self._enqueue()
            self._session.api.record(self._event, self._stream)
            self._flying = True

    def _finish(self, timeout: float) -> Tensors:
        assert self._event is not None
        with self._session.guard(self._who):
            if not self._wait(self._event, timeout):
                raise EngineFailed(f"{self._who}: no answer within {timeout:g} s")
            self._flying = False
            return {buffer.name: np.array(buffer.view) for buffer in self._out}

    def _wait(self, event: Event, timeout: float) -> bool:
        """Ask until the event is reached; CUDA has no wait with a time limit."""
        reached = self._session.api.reached
        for _ in range(_EAGER_POLLS):
            if reached(event):
                return True
        begun = self._elapsed()
        while not (there := reached(event)) and self._elapsed() - begun < timeout:
            self._pause.wait(_POLL_S)
        return there

    def _only(self, slot: int) -> None:
        if slot != 0:
            raise EngineFailed(f"{self._who}: it runs one input at a time, slot 0; slot {slot} was asked for")

    @property
    def _who(self) -> str:
        return f"engine {self.spec.name}"

    def close(self) -> None:
        """Wait for the device, free everything. May be called twice.

        Raises:
            EngineFailed: another thread is using the GPU; then it stays open.
        """
        super().close()
        if self._plan is None:
            return
        try:
            if self._session.lost:  # nothing can be freed any more; the driver does it when the process ends
                self._undo.pop_all()
                self._forget()
            else:
                with self._session.guard(self._who):
                    self._free()
        except CudaError as error:
            if not error.lost:
                raise
        finally:
            if self._plan is None:
                self._session.depart()

    def _free(self) -> None:
        try:
            if self._stream is not None:
                self._session.api.synchronize(self._stream)
        finally:
            undo = self._undo.pop_all()
            self._forget()
            undo.close()

    def _forget(self) -> None:
        """Drop what TensorRT and pycuda free with the last reference."""
        self._context = self._plan = None
        self._stream = self._event = self._graph = None
        self._in, self._out = [], []
        self._flying = False
