"""What may be chosen about TensorRT, by name: ``Options.extra``, ``engines.tensorrt`` of a configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from dms.errors import UsageError
from dms.inference.base import EngineSpec
from dms.inference.cuda.session import APIS, DEFAULT_API
from dms.inference.tensorrt.network import NO_DLA, OPTIMIZATION_LEVEL, WORKSPACE_MIB, BuildOptions

_MEMORY = ("auto", "pinned", "mapped")
_RANGES = {"device": (0, 63), "workspace_mib": (16, 65536), "optimization_level": (0, 5)}


@dataclass(frozen=True, slots=True)
class TensorRtOptions:
    """Choices; the defaults are right for a Jetson and for a workstation.

    ``cuda``: Python package for CUDA. ``device``: number of the GPU. ``memory``: of inputs and outputs; ``pinned`` is copied,
    ``mapped`` is used by the GPU in place, ``auto`` is mapped on GPUs that share the CPU's memory. ``graph``: launch a recorded
    CUDA graph. ``workspace_mib``, ``optimization_level``: see ``BuildOptions``. ``dla``: slot to the number of the deep learning
    accelerator that its network is built for, e.g. ``{gaze: 0}``; every other slot runs on the GPU. Experimental: nobody tried
    it on a device.
    """

    cuda: str = DEFAULT_API
    device: int = 0
    memory: str = "auto"
    graph: bool = False
    workspace_mib: int = WORKSPACE_MIB
    optimization_level: int = OPTIMIZATION_LEVEL
    dla: Mapping[str, int] = field(default_factory=dict)

    def build(self, spec: EngineSpec) -> BuildOptions:
        """The part that decides what plan of ``spec`` is built.

        Raises:
            UsageError: a float32 file is to run on a DLA.
        """
        core = self.dla.get(spec.slot, NO_DLA)
        if core != NO_DLA and spec.precision == "fp32":
            mend = f"choose precision: {spec.slot}: fp16"
            raise UsageError(f"TensorRT option dla: a DLA computes in half or int8, and {spec.slot} is float32; {mend}")
        return BuildOptions(self.workspace_mib, self.optimization_level, core)

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
            if name == "dla":
                _require_cores(value)
                continue
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


def _require_cores(value: Any) -> None:
    good = isinstance(value, Mapping) and all(isinstance(slot, str) and type(core) is int for slot, core in value.items())
    if not good or not all(0 <= core <= 1 for core in value.values()):
        raise UsageError(f"TensorRT option dla: {value!r} is not slot to core 0 or 1, as in {{gaze: 0}}")
