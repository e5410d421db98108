"""From a slot to an engine: built, shipped, an integrator's own, and every refusal."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dms.errors import BackendUnavailable, InputError, UsageError
from dms.inference import cache, slots
from dms.inference.base import Options
from dms.inference.definition import definition, definitions, load_definition
from dms.inference.engine_set import EngineSet
from dms.inference.slots import contract, find_engine

EYE_IN = ("image", TensorProto.UINT8, [1, 64, 64, 1])
EYE_OUT = [("contour", TensorProto.FLOAT, [1, 71, 3]), ("iris", TensorProto.FLOAT, [1, 5, 3])]
Tensor = tuple[str, int, Sequence[int | str]]


def own_network(path: Path, inputs: Sequence[Tensor] = (EYE_IN,), outputs: Sequence[Tensor] = tuple(EYE_OUT)) -> Path:
    """An ONNX file that answers with constants of the given shapes."""
    nodes = []
    for name, kind, shape in outputs:
        sizes = [n if isinstance(n, int) else 1 for n in shape]
        value = np.ones(sizes, helper.tensor_dtype_to_np_dtype(kind))
        nodes.append(helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(value)))
    infos = [[helper.make_tensor_value_info(*t) for t in side] for side in (inputs, outputs)]
    graph = helper.make_graph(nodes, "own", *infos)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_built_engine_is_found_with_its_hash(built: object) -> None:
    spec = find_engine("face_mesh")
    assert spec.path is not None
    assert spec.cpu_path is not None
    assert spec.sha256 == cache.sha256(spec.path)
    assert (spec.licence, spec.slot) == ("Apache-2.0", "face_mesh")
    assert [str(t) for t in spec.inputs] == ["image:uint8[1x192x192x1]"]


def test_unknown_slot_lists_the_known() -> None:
    for name in ("nonsense", "../face_mesh", ""):
        with pytest.raises(UsageError, match="face_mesh"):
            find_engine(name)


def test_not_built_says_what_to_run(own_cache: Path) -> None:
    with pytest.raises(BackendUnavailable, match="engines are not built; run: dms engines build"):
        find_engine("face_mesh")
    assert contract("face_mesh").path is None


def test_an_integrators_network_is_taken(tmp_path: Path) -> None:
    path = own_network(tmp_path / "own.onnx", outputs=(*EYE_OUT, ("surplus", TensorProto.FLOAT, [3])))
    with EngineSet(["eye_landmarks"], overrides={"eye_landmarks": path}) as engines:
        outputs = engines["eye_landmarks"].run({"image": np.zeros((1, 64, 64, 1), np.uint8)})
        assert set(outputs) == {"contour", "iris"}
        assert engines.hashes == {"eye_landmarks": cache.sha256(path)}


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (
            [("picture", TensorProto.UINT8, [1, 64, 64, 1])],
            EYE_OUT,
            r"expected input image:uint8\[1x64x64x1\], found picture:uint8",
        ),
        ([("image", TensorProto.FLOAT, [1, 64, 64, 1])], EYE_OUT, r"found image:float32\[1x64x64x1\]"),
        ([("image", TensorProto.UINT8, [1, 64, 64, 3])], EYE_OUT, r"found image:uint8\[1x64x64x3\]"),
        ([("image", TensorProto.UINT8, ["batch", 64, 64, 1])], EYE_OUT, r"found image:uint8\[\?x64x64x1\]"),
        ([EYE_IN, ("other", TensorProto.FLOAT, [1])], EYE_OUT, "more inputs: other"),
        ([EYE_IN], EYE_OUT[:1], r"expected output iris:float32\[1x5x3\], found contour:float32\[1x71x3\]"),
        ([EYE_IN], [EYE_OUT[0], ("iris", TensorProto.FLOAT, [1, 5, 2])], r"found iris:float32\[1x5x2\]"),
        ([EYE_IN], [EYE_OUT[0], ("iris", TensorProto.DOUBLE, [1, 5, 3])], r"found iris:float64\[1x5x3\]"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(
    tmp_path: Path, inputs: list[Tensor], outputs: list[Tensor], message: str
) -> None:
    path = own_network(tmp_path / "own.onnx", inputs, outputs)
    with pytest.raises(InputError, match=message) as caught:
        find_engine("eye_landmarks", path)
    assert "eye_landmarks" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"no network", b"\x08\x08" + b"\xff" * 40])
def test_a_broken_file_is_one_line(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a usable ONNX file") as caught:
        find_engine("face_mesh", path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such engine file"):
        find_engine("face_mesh", tmp_path / "missing.onnx")


def test_a_network_the_runtime_cannot_load_is_an_input_error(tmp_path: Path) -> None:
    from dms.inference.onnxruntime_backend import OnnxRuntimeBackend

    path = own_network(tmp_path / "own.onnx")
    spec = find_engine("eye_landmarks", path)
    path.write_bytes(b"gone bad meanwhile")
    with pytest.raises(InputError, match="ONNX Runtime cannot load it"):
        OnnxRuntimeBackend().load(spec, Options())


def test_every_definition_is_complete() -> None:
    for item in definitions():
        assert item.name == item.folder.name
        assert item.licence
        assert item.provenance
        assert (item.folder / "card.md").is_file(), item.name
        if item.source:
            assert len(item.source.sha256) == 64
            assert item.limits is not None
            assert item.limits.keys() == {t.name for t in item.outputs}


SHIPPED = """
schema: dms.engine/1
name: own
slot: own
title: t
licence: Apache-2.0
provenance: p
file: own.onnx
sha256: {sha256}
input: {{name: image, shape: [1, 64, 64, 1], dtype: uint8}}
outputs: [{{name: iris, shape: [1, 5, 3]}}]
"""


@pytest.mark.requirement("FS-10", "R171-13")
def test_an_engine_shipped_as_onnx_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = own_network(tmp_path / "own.onnx")
    (tmp_path / "engine.yaml").write_text(SHIPPED.format(sha256=cache.sha256(path)))
    monkeypatch.setattr(slots, "definition", lambda name: load_definition(tmp_path))
    assert find_engine("own").path == path
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(InputError, match="changed or is damaged"):
        find_engine("own")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a usable engine specification"),
        ("", "not a usable engine specification"),
        ("schema: dms.engine/9", "schema is 'dms.engine/9'"),
        ("schema: dms.engine/1\nfile: a\nsource: {}", "exactly one of source and file"),
        ("schema: dms.engine/1\nfile: a", "'outputs' is missing"),
    ],
)
def test_a_wrong_specification_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "engine.yaml").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        load_definition(tmp_path)
    assert "\n" not in str(caught.value)


def test_recipe_of_a_shipped_engine_is_refused(tmp_path: Path) -> None:
    (tmp_path / "engine.yaml").write_text(SHIPPED.format(sha256=""))
    with pytest.raises(UsageError, match="nothing to convert"):
        load_definition(tmp_path).recipe()
    assert definition("face_mesh").recipe().source_range == "unit"
