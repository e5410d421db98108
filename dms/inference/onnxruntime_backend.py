"""ONNX Runtime on the CPU: the default back end."""

import os
from typing import Any, ClassVar

from dms.errors import BackendUnavailable, InputError
from dms.inference.base import Availability, Backend, Engine, EngineSpec, Options, Tensors

_HINT = "run: pip install 'dms[cpu]'"
_FATAL_ONLY = 4


class OnnxRuntimeEngine(Engine):
    """A network in an ONNX Runtime session."""

    def __init__(self, spec: EngineSpec, session: Any) -> None:
        super().__init__(spec)
        self._session = session
        self._names = [tensor.name for tensor in spec.outputs]

    def _infer(self, feeds: Tensors) -> Tensors:
        wanted = {tensor.name: feeds[tensor.name] for tensor in self.spec.inputs}
        return dict(zip(self._names, self._session.run(self._names, wanted), strict=True))

    def close(self) -> None:
        """Free the session."""
        super().close()
        self._session = None


class OnnxRuntimeBackend(Backend):
    """Loads the CPU variant of an engine where there is one.

    One thread inside a network (``Options.threads``) that does not spin, no memory arena: a second thread gains nothing for
    networks this small and costs much when the machine is busy.
    """

    name: ClassVar[str] = "onnxruntime"

    def probe(self) -> Availability:
        """Is the package there."""
        try:
            onnxruntime = import_quietly()
        except ImportError as error:
            return Availability(False, f"ONNX Runtime is missing ({error})", _HINT)
        return Availability(True, versions={"onnxruntime": onnxruntime.__version__})

    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """A ready engine; see ``Backend.load``."""
        if spec.path is None:
            raise InputError(f"engine {spec.name} has no file to load")
        try:
            onnxruntime = import_quietly()
        except ImportError as error:
            raise BackendUnavailable("ONNX Runtime is missing", _HINT) from error
        path = spec.cpu_path or spec.path
        try:
            session = onnxruntime.InferenceSession(
                str(path), _session_options(onnxruntime, options), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's errors have no common base of their own
            raise InputError(f"{path}: ONNX Runtime cannot load it: {' '.join(str(error).split())[:200]}") from error
        engine = OnnxRuntimeEngine(spec, session)
        engine.warmup(options.warmup)
        return engine


def _session_options(onnxruntime: Any, options: Options) -> Any:
    session = onnxruntime.SessionOptions()
    session.intra_op_num_threads = options.threads
    session.inter_op_num_threads = 1
    session.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    session.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session.enable_cpu_mem_arena = False
    session.log_severity_level = _FATAL_ONLY
    session.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return session


def import_quietly() -> Any:
    """ONNX Runtime, with its usage data switched off unless the user chose otherwise: nothing leaves this machine unasked."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime
