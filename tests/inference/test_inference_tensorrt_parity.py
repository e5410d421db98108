"""How far each network may be from its reference in degrees, probability, millimetres and pixels, in every precision."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from dms.errors import EngineFailed, InputError
from dms.inference.base import Engine, EngineSpec, Options, Tensors
from dms.inference.definition import Definition, definitions
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.quantities import FILE, Quantity, Reading, load_quantities, measure, quantities_of, refused
from dms.inference.slots import locate
from dms.inference.tensorrt.trial import try_engine
from tools.training.variants import fp16

SHIPPED = [(item, precision) for item in definitions() for precision in ("fp32", *(v.precision for v in item.variants))]
MADE = [item for item in definitions() if not item.variants and item.name != "face_mesh"]
"""Engines without a half file, for which the project's tool makes one (face_mesh holds a constant that is too large)."""


def names(item: object) -> str:
    return item.name if isinstance(item, Definition) else str(item)


def run(item: Definition, spec: EngineSpec) -> list[Reading]:
    with OnnxRuntimeBackend().load(replace(spec, cpu_path=None), Options(warmup=0)) as engine:
        return measure(item, engine, spec.precision)


@pytest.mark.parametrize(("item", "precision"), SHIPPED, ids=names)
def test_every_shipped_file_keeps_its_limits(item: Definition, precision: str, built: object) -> None:
    readings = run(item, locate(item, precision))
    assert readings and not refused(readings), refused(readings)
    if precision != "int8":  # arithmetic in ONNX Runtime is near the reference: the limits are not won by luck
        assert all(reading.distance < 0.7 * reading.limit for reading in readings), [str(r) for r in readings]


@pytest.mark.parametrize("item", MADE, ids=names)
def test_half_keeps_its_limits_where_it_is_made_here(item: Definition, built: object, tmp_path: Path) -> None:
    spec = locate(item)
    assert spec.path is not None
    path = tmp_path / "half.onnx"
    path.write_bytes(fp16(spec.path.read_bytes()))
    readings = run(item, replace(spec, path=path, precision="fp16"))
    assert readings and not refused(readings), refused(readings)


@pytest.mark.parametrize("item", definitions(), ids=names)
def test_every_output_of_every_engine_has_a_limit(item: Definition) -> None:
    stated = quantities_of(item)
    for tensor in item.outputs:
        mine = [quantity for quantity in stated if quantity.output == tensor.name]
        elements = {i for quantity in mine for i in (quantity.at or range(int(np.prod(tensor.shape))))}
        assert elements == set(range(int(np.prod(tensor.shape)))), f"{item.name}: {tensor.name}"
    for quantity in stated:
        assert {"fp32", *(v.precision for v in item.variants)} <= quantity.limit.keys()
        order = [quantity.limit[p] for p in ("fp32", "fp16", "int8") if p in quantity.limit]
        assert order == sorted(order)


@pytest.mark.parametrize(
    ("kind", "found", "wanted", "distance"),
    [
        ("direct", [1.0, 2.0], [1.0, 2.5], 0.5),
        ("logit", [0.0], [np.log(3.0)], 0.25),
        ("logit", [900.0], [-900.0], 1.0),
        ("log", [0.0], [np.log(1.5)], 0.5),
        ("rotation", [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 1, 0], 0.0),
        ("rotation", [5, 0, 0, 1, 2, 0], [0, 1, 0, -1, 0, 0], 90.0),
        ("rotation", [1, 0, 0, 0, 1, 0], [-1, 0, 0, 0, -1, 0], 180.0),
        ("rotation", [1, 0, 0, 0, 1, 0], [1, 1e-4, 0, -1e-4, 1, 0], np.degrees(1e-4)),
    ],
)
def test_distances(kind: str, found: list[float], wanted: list[float], distance: float) -> None:
    quantity = Quantity("q", "out", kind, "deg", {})
    assert quantity.distance(np.array(found), np.array(wanted)) == pytest.approx(distance, abs=1e-9)


def test_some_elements_and_a_scale() -> None:
    quantity = Quantity("q", "out", "direct", "mm", {}, at=(1, 2), scale=1000)
    assert quantity.distance(np.array([[9.0, 0.0, 0.0]]), np.array([[0.0, 0.001, -0.002]])) == pytest.approx(2.0)


@pytest.mark.parametrize("value", [0.011, np.nan, np.inf])
def test_beyond_the_limit_is_refused(value: float) -> None:
    quantity = Quantity("gaze", "angles", "direct", "deg", {"fp32": 0.01})
    assert not refused([Reading(quantity, 0.01, "fp32")])
    assert refused([Reading(quantity, value, "fp32")]).startswith("gaze ")
    assert refused([Reading(quantity, 0.001, "fp16")]), "a precision without a limit is not allowed"


class Off(Engine):
    """Another engine, with one output a little off."""

    def __init__(self, engine: Engine, output: str, by: float) -> None:
        super().__init__(engine.spec)
        self._engine, self._output, self._by = engine, output, by

    def _infer(self, feeds: Tensors) -> Tensors:
        outputs = dict(self._engine.run(feeds))
        return outputs | {self._output: outputs[self._output] + np.float32(self._by)}


def test_a_plan_that_is_off_fails_its_trial(built: object) -> None:
    """Planted fault: a gaze one degree off."""
    spec = locate(next(item for item in definitions() if item.name == "gaze"))
    with OnnxRuntimeBackend().load(spec, Options()) as engine:
        assert try_engine(engine)["gaze"] < 0.001
        assert try_engine(Off(engine, "angles", 0.01))["gaze"] == pytest.approx(0.01, rel=0.01)
        with pytest.raises(EngineFailed, match=r"computes something else than the network: gaze 1 deg off, allowed 0\.02"):
            try_engine(Off(engine, "angles", 1.0))
        with pytest.raises(EngineFailed, match="gaze nan deg off"):
            try_engine(Off(engine, "angles", np.nan))
        engine.spec = replace(spec, sha256="of somebody else")
        assert try_engine(engine) == {}


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("dms.quantities/1", "dms.quantities/2", "schema is"),
        ("kind: log,", "kind: square,", "unknown kind"),
        ("unit: deg", "unit: furlongs", "unknown kind, unit"),
        ("fp32: 0.02", "fp32: -1", "not within 0 to 100"),
        ("limit: {", "limits: {", "limit' is missing"),
        ("slots:", "slots: [", "not usable"),
    ],
)
def test_unusable_limits(before: str, after: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "quantities.yaml"
    file.write_text(FILE.read_text().replace(before, after))
    with pytest.raises(InputError, match=complaint):
        load_quantities("gaze", file)


def test_the_shipped_file_names_only_slots_there_are() -> None:
    assert yaml.safe_load(FILE.read_text())["slots"].keys() <= {item.slot for item in definitions()}


def test_a_slot_that_is_not_named_is_held_to_its_own_limits(monkeypatch: pytest.MonkeyPatch, built: object) -> None:
    item = next(item for item in definitions() if item.name == "gaze")
    monkeypatch.setattr("dms.inference.quantities.load_quantities", lambda slot: ())
    assert {quantity.output: quantity.limit["fp32"] for quantity in quantities_of(item)} == item.limits
    assert quantities_of(item)[0].limit["int8"] == item.variant("int8").loss["angles"].limit
    readings = run(item, locate(item))
    assert not refused(readings) and refused([replace(readings[0], distance=0.1)])
