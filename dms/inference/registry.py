"""Back ends by name; each module is imported only when it is asked for."""

from importlib import import_module
from typing import Any

from dms.errors import BackendUnavailable, UsageError
from dms.inference.base import Backend

BACKENDS: dict[str, str] = {
    "onnxruntime": "dms.inference.onnxruntime_backend:OnnxRuntimeBackend",
    "tensorrt": "dms.inference.tensorrt_backend:TensorRtBackend",
    "replay": "dms.inference.replay_backend:ReplayBackend",
    "fake": "dms.inference.fake_backend:FakeBackend",
}
DEFAULT = "onnxruntime"


def load_backend(name: str = DEFAULT, **settings: Any) -> Backend:
    """The back end ``name``, never another one in its place; ``settings`` go to its constructor (a recording, a script).

    Raises:
        UsageError: no such back end.
        BackendUnavailable: it is not part of this installation.
    """
    if name not in BACKENDS:
        raise UsageError(f"there is no back end {name!r}; known: {', '.join(BACKENDS)}")
    module_name, _, class_name = BACKENDS[name].partition(":")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name:
            reason = f"the {name} back end is not part of this installation"
            raise BackendUnavailable(reason, f"choose another one: {', '.join(n for n in BACKENDS if n != name)}") from error
        raise BackendUnavailable(
            f"the {name} back end needs the package {error.name}", "install it, or see: dms doctor"
        ) from error
    backend: Backend = getattr(module, class_name)(**settings)
    return backend
