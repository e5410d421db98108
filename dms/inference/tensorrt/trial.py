"""Does a fresh plan compute what the network computes: stored vectors, limits in degrees and probability."""

from collections.abc import Mapping

from dms.errors import DmsError, EngineFailed
from dms.inference.base import Engine, EngineSpec
from dms.inference.definition import Definition, definition
from dms.inference.quantities import measure, refused
from dms.inference.slots import locate


def try_engine(engine: Engine) -> Mapping[str, float]:
    """Distance from the reference by quantity; nothing for an integrator's own network, for which no vectors are stored.

    Raises:
        EngineFailed: beyond a limit.
        InputError: the vectors cannot be read.
    """
    item = shipped_definition(engine.spec)
    if item is None:
        return {}
    readings = measure(item, engine, engine.spec.precision)
    wrong = refused(readings)
    if wrong:
        raise EngineFailed(f"engine {engine.spec.name}: the plan computes something else than the network: {wrong}")
    return {reading.quantity.name: reading.distance for reading in readings}


def shipped_definition(spec: EngineSpec) -> Definition | None:
    """The definition this engine's file belongs to; ``None`` for a file of somebody else."""
    item = definition(spec.slot)
    try:
        known = locate(item, spec.precision).sha256
    except DmsError:  # not built, or no such file: then it cannot be this one either
        return None
    return item if known == spec.sha256 else None
