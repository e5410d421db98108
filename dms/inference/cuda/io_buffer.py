"""Memory of one input or output, on both sides, allocated once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import TensorSpec
from dms.inference.cuda.api import CudaApi, Memory, Stream


class IoBuffer:
    """One tensor's page-locked memory and what the device sees of it.

    Mapped: the device works in the CPU's memory, nothing is copied (for GPUs that share it, as a Jetson's). Else: a block on the
    device, and a copy in the stream each way.

    ``view`` is the CPU's side as an array of the tensor's shape and type; ``address`` is the device's.
    """

    def __init__(self, api: CudaApi, tensor: TensorSpec, mapped: bool) -> None:
        self.name = tensor.name
        self._api = api
        size = int(np.prod(tensor.shape)) * np.dtype(tensor.dtype).itemsize
        self._host = api.allocate_host(size, mapped)
        self._device: Memory | None = None
        try:
            self._device = None if mapped else api.allocate(size)
        except BaseException:
            api.free_host(self._host)
            raise
        self.view: NDArray[Any] = self._host.array.view(tensor.dtype).reshape(tensor.shape)
        self.view.fill(0)
        self.address = self._device.address if self._device is not None else self._host.address

    def send(self, stream: Stream) -> None:
        """Queue the way to the device."""
        if self._device is not None:
            self._api.copy_in(self._device, self._host, stream)

    def fetch(self, stream: Stream) -> None:
        """Queue the way back."""
        if self._device is not None:
            self._api.copy_out(self._host, self._device, stream)

    def close(self) -> None:
        """Free both sides; ``view`` is gone."""
        self.view = np.empty(0, np.uint8)
        try:
            if self._device is not None:
                self._api.free(self._device)
        finally:
            self._api.free_host(self._host)
