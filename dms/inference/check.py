"""Everything that can be checked about an engine on this machine: hashes, TensorRT's operators, parity, for each file."""

from dataclasses import dataclass

from dms.inference import parity
from dms.inference.allowed_ops import violations
from dms.inference.base import Backend
from dms.inference.definition import Definition
from dms.inference.slots import locate


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found for one engine: distances of every file's outputs, and what stands against a file in TensorRT."""

    differences: tuple[parity.Difference, ...]
    violations: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing stands against it."""
        return not self.violations and all(row.ok for row in self.differences)


def check(item: Definition, backend: Backend) -> Verdict:
    """Check the float32 file and every variant of ``item``.

    Raises:
        BackendUnavailable: not built yet, or a package is missing.
        InputError: a file is missing or was changed, or there are no parity vectors.
    """
    differences: list[parity.Difference] = []
    against: list[str] = []
    for precision in ("fp32", *(variant.precision for variant in item.variants)):
        spec = locate(item, precision)
        differences += parity.compare(item, spec, backend)
        if spec.path is not None:
            against += [f"{spec.path.name}: {line}" for line in violations(spec.path)]
    return Verdict(tuple(differences), tuple(against))
