"""One GPU's primary context, owned by one thread at a time: the inference thread.

CUDA keeps the current context per thread, and TensorRT's execution contexts may not be used by two threads at once. So the
context is current only inside a guard; a thread that comes while another one is inside is refused by name. One thread may load
the engines, another one run them, and a third one take over after a crash.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dms.errors import BackendUnavailable, EngineFailed
from dms.inference.cuda.api import CudaApi, CudaError, Device
from dms.inference.cuda.bindings_api import BindingsCuda
from dms.inference.cuda.pycuda_api import PycudaCuda

APIS: dict[str, Callable[[], CudaApi]] = {"cuda-bindings": BindingsCuda, "pycuda": PycudaCuda}
"""Implementations by name; each imports its package when it is made."""

DEFAULT_API = "cuda-bindings"

_HINTS = {
    "cuda-bindings": "run: pip install 'dms[cuda12]' (JetPack 6) or 'dms[cuda13]' (JetPack 7)",
    "pycuda": "run: pip install 'dms[pycuda]' (needs a compiler and the CUDA toolkit)",
}


def load_api(name: str) -> CudaApi:
    """The implementation ``name``, never another one in its place.

    Raises:
        BackendUnavailable: its package is missing or finds no driver.
    """
    try:
        return APIS[name]()
    except ImportError as error:
        missing = error.name is not None and error.name.split(".")[0] in ("cuda", "pycuda")
        if missing:
            raise BackendUnavailable(f"the Python package {name} is missing", _HINTS[name]) from error
        raise BackendUnavailable(f"{name} cannot be loaded ({error})", "is the NVIDIA driver installed?") from error


def count_devices(api: CudaApi) -> int:
    """How many GPUs the driver has.

    Raises:
        BackendUnavailable: no driver, or no GPU.
    """
    try:
        count = api.start()
    except CudaError as error:
        reason = f"no usable GPU ({error.call}: {error.code}{error.detail and ', '}{error.detail})"
        raise BackendUnavailable(reason, "use --backend onnxruntime, or a machine with an NVIDIA GPU and its driver") from error
    if not count:
        raise BackendUnavailable("the CUDA driver has no GPU", "is one built in, and visible in this container?")
    return count


class CudaSession:
    """The primary context while at least one engine uses it.

    Args:
        api: see ``load_api``.
        ordinal: number of the GPU.

    Raises:
        BackendUnavailable: no driver, no GPU, or not this one.
        CudaError: the GPU refuses.
    """

    def __init__(self, api: CudaApi, ordinal: int = 0) -> None:
        count = count_devices(api)
        if ordinal >= count:
            raise BackendUnavailable(f"there is no GPU {ordinal}", f"the driver has {count}, counted from 0")
        self.api = api
        self.device: Device = api.device(ordinal)
        api.retain(ordinal)
        self._busy = threading.Lock()
        self._user: threading.Thread | None = None
        self._users = 0
        self._open = True
        self._lost = ""

    @property
    def open(self) -> bool:
        """Not closed yet, and the GPU not lost."""
        return self._open and not self._lost

    @property
    def lost(self) -> bool:
        """The GPU is lost to this process."""
        return bool(self._lost)

    @contextmanager
    def guard(self, who: str) -> Iterator[None]:
        """Around everything that touches the GPU: makes the context current, keeps other threads out, remembers a lost GPU.

        Raises:
            EngineFailed: another thread is inside, the session is closed, or the GPU is lost; besides what the body raises.
        """
        if self._lost:
            raise EngineFailed(f"{who}: {self._lost}")
        if not self._open:
            raise EngineFailed(f"{who}: it is closed")
        try:
            if self._user is threading.current_thread():
                yield
            else:
                with self._own(who):
                    yield
        except CudaError as error:
            if error.lost:
                self._lost = str(error)
            raise

    @contextmanager
    def _own(self, who: str) -> Iterator[None]:
        here, user = threading.current_thread(), self._user
        if not self._busy.acquire(blocking=False):
            other = user.name if user is not None else "another one"
            raise EngineFailed(f"{who}: thread {here.name} used the GPU while thread {other} did; one at a time may")
        try:
            self._user = here
            self.api.push()
            try:
                yield
            except BaseException:
                with suppress(CudaError):  # a lost GPU refuses this too, and what failed in the body says more
                    self.api.pop()
                raise
            self.api.pop()
        finally:
            self._user = None
            self._busy.release()

    def join(self) -> None:
        """One user more."""
        self._users += 1

    def depart(self) -> None:
        """One user less; the last one closes the session."""
        self._users -= 1
        if self._users <= 0:
            self.close()

    def close(self) -> None:
        """Give the context back. May be called twice."""
        if self._open:
            self._open = False
            with suppress(CudaError):  # nothing can be mended here, and a lost GPU refuses this too
                self.api.release()
