"""What a plan depends on. TensorRT loads no plan of another version or another GPU, and does not always say so in time."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass, fields
from typing import Any

from dms.inference.base import EngineSpec
from dms.inference.cuda.api import Device
from dms.inference.tensorrt.module import l4t_release
from dms.inference.tensorrt.network import BuildOptions

SCHEMA = 1
"""Raised whenever ``network.build_plan`` makes another plan of the same things."""


@dataclass(frozen=True, slots=True)
class PlanKey:
    """Everything a plan depends on; another value anywhere is another plan.

    ``onnx`` is the SHA-256 of the file (so shapes and precision are in it; ``precision`` is for people), ``driver`` the driver's
    CUDA version, ``sm`` the compute capability, ``processors`` the number of multiprocessors, ``l4t`` the Jetson release.
    """

    onnx: str
    precision: str
    tensorrt: str
    driver: str
    gpu: str
    sm: str
    processors: int
    integrated: bool
    l4t: str
    machine: str
    workspace_mib: int
    optimization_level: int
    dla: int = -1
    schema: int = SCHEMA

    @property
    def digest(self) -> str:
        """Name of the plan's folder, 32 hex digits."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "PlanKey":
        """What ``asdict`` gave.

        Raises:
            ValueError: a field is missing, unknown or of another type.
        """
        wanted = {item.name: item.type for item in fields(cls)}
        if data.keys() != wanted.keys():
            raise ValueError(f"the key has the fields {sorted(data)}")
        for name, kind in wanted.items():
            if type(data[name]) is not kind:
                raise ValueError(f"{name} is {data[name]!r}")
        return cls(**data)


def plan_key(spec: EngineSpec, tensorrt: str, device: Device, options: BuildOptions) -> PlanKey:
    """The key of ``spec``'s plan on this machine."""
    return PlanKey(
        onnx=spec.sha256,
        precision=spec.precision,
        tensorrt=tensorrt,
        driver=device.driver,
        gpu=device.name,
        sm=device.sm,
        processors=device.processors,
        integrated=device.integrated,
        l4t=l4t_release(),
        machine=platform.machine(),
        workspace_mib=options.workspace_mib,
        optimization_level=options.optimization_level,
        dla=options.dla,
    )
