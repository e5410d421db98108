"""What may be chosen about TensorRT, by name: ``Options.extra``, ``engines.tensorrt`` of a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from dms.errors import UsageError
from dms.inference.cuda.session import APIS, DEFAULT_API
from dms.inference.tensorrt.network import OPTIMIZATION_LEVEL, WORKSPACE_MIB, BuildOptions

_MEMORY = ("auto", "pinned", "mapped")
_RANGES = {"device": (0, 63), "workspace_mib": (16, 65536), "optimization_level": (0, 5)}


@dataclass(frozen=True, slots=True)
class TensorRtOptions:
    """Choices; the defaults are right for a Jetson and for a workstation.

    ``cuda``: Python package for CUDA. ``device``: number of the GPU. ``memory``: of inputs and outputs; ``pinned`` is copied,
    ``mapped`` is used by the GPU in place, ``auto`` is mapped on GPUs that share the CPU's memory. ``graph``: launch a recorded
    CUDA graph. ``workspace_mib``, ``optimization_level``: see ``BuildOptions``.
    """

    cuda: str = DEFAULT_API
    device: int = 0
    memory: str = "auto"
    graph: bool = False
    workspace_mib: int = WORKSPACE_MIB
    optimization_level: int = OPTIMIZATION_LEVEL

    @property
    def build(self) -> BuildOptions:
        """The part that decides what plan is built."""
        return BuildOptions(self.workspace_mib, self.optimization_level)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "TensorRtOptions":
        """Options by name.

        Raises:
            UsageError: unknown name, wrong type, out of range.
        """
        kinds = {item.name: item.type for item in fields(cls)}
        for name, value in values.items():
            if name not in kinds:
                raise UsageError(f"TensorRT has no option {name!r}; it has: {', '.join(kinds)}")
            if type(value) is not kinds[name]:
                raise UsageError(
                    f"TensorRT option {name}: {value!r} is not of type {getattr(kinds[name], '__name__', kinds[name])}"
                )
            low, high = _RANGES.get(name, (None, None))
            if low is not None and high is not None and not low <= value <= high:
                raise UsageError(f"TensorRT option {name}: {value} is not within {low} to {high}")
        for name, known in (("cuda", tuple(APIS)), ("memory", _MEMORY)):
            if values.get(name, known[0]) not in known:
                raise UsageError(f"TensorRT option {name}: {values[name]!r} is not one of {', '.join(known)}")
        return cls(**values)
