"""Converted networks say what the reference runtimes say."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from dms.errors import InputError
from dms.inference.base import EngineSpec, Options, TensorSpec
from dms.inference.convert import convert
from dms.inference.definition import Definition, definition, definitions
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.parity import cases, compare, noise
from dms.inference.slots import find_engine

CONVERTED = [item.name for item in definitions() if item.source]
LITERT = [name for name in CONVERTED if name != "face_mesh"]  # its custom operators exist in MediaPipe's runtime only


def run(spec: EngineSpec, image: np.ndarray) -> dict[str, np.ndarray]:
    with OnnxRuntimeBackend().load(spec, Options(warmup=0)) as engine:
        return dict(engine.run({"image": image}))


def reference(item: Definition, source: bytes, image: np.ndarray) -> dict[str, np.ndarray]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=source)
    interpreter.allocate_tensors()
    values = np.repeat(image, 4 - image.shape[3], axis=3)[..., :3].astype(np.float32)
    assert item.source is not None
    assert item.source_outputs is not None
    values = values / 127.5 - 1 if item.source.input_range == "symmetric" else values / 255
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values.astype(np.float32))
    interpreter.invoke()
    found = {detail["name"]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}
    return {ours: found[theirs] for ours, theirs in item.source_outputs.items()}


def portrait(name: str) -> np.ndarray:
    return next(case.image for case in cases(definition(name)) if case.name == "portrait")


@pytest.mark.parametrize("name", CONVERTED)
def test_stored_vectors_are_reproduced(name: str, built: object) -> None:
    differences = compare(definition(name), find_engine(name), OnnxRuntimeBackend())
    assert {d.output for d in differences} == {t.name for t in definition(name).outputs}
    assert all(d.ok for d in differences), differences
    assert any(d.worst > 0 for d in differences), "identical to the bit: nothing was compared"


@pytest.mark.parametrize("name", LITERT)
def test_fresh_pictures_against_the_reference_runtime(name: str, sources: dict[str, bytes]) -> None:
    item, spec = definition(name), find_engine(name)
    for image in (noise(99, item.inputs[0].shape), portrait(name), np.zeros(item.inputs[0].shape, np.uint8)):
        wanted = reference(item, sources[name], image)
        for variant in (spec, replace(spec, cpu_path=None)):
            for output, value in run(variant, image).items():
                # a black picture sums the same rounding everywhere: 1e-5 of box coordinates near 170
                np.testing.assert_allclose(value.ravel(), wanted[output].ravel(), rtol=1e-5, atol=1e-3, err_msg=output)


@pytest.mark.parametrize("name", CONVERTED)
def test_both_files_agree(name: str, built: object) -> None:
    spec = find_engine(name)
    for seed in range(3, 6):
        image = noise(seed, spec.inputs[0].shape)
        plain, cpu = run(replace(spec, cpu_path=None), image), run(spec, image)
        for output, value in plain.items():
            np.testing.assert_allclose(cpu[output], value, rtol=0, atol=5e-4)


def test_cpu_file_has_no_prelu_and_the_other_keeps_it(built: object) -> None:
    spec = find_engine("face_mesh")
    kinds = [{node.op_type for node in onnx.load(path).graph.node} for path in (spec.path, spec.cpu_path)]
    assert "PRelu" in kinds[0]
    assert "PRelu" not in kinds[1]
    assert "GridSample" in kinds[0] & kinds[1]


@pytest.mark.parametrize("name", ["face_detector", "face_mesh"])
def test_grey_input_equals_three_equal_channels(name: str, sources: dict[str, bytes], tmp_path: Path) -> None:
    grey = definition(name)
    _, height, width, _ = grey.inputs[0].shape
    colour = TensorSpec("image", (1, height, width, 3), "uint8")
    path = find_engine(name).path
    assert path is not None
    file = tmp_path / "colour.onnx"
    file.write_bytes(convert(sources[name], replace(grey.recipe(), image=colour)))
    image = noise(5, grey.inputs[0].shape)
    wanted = run(EngineSpec("colour", name, (colour,), grey.outputs, file), np.repeat(image, 3, axis=3))
    for output, value in run(replace(find_engine(name), cpu_path=None), image).items():
        np.testing.assert_allclose(value, wanted[output], rtol=0, atol=1e-3)


def test_sides_are_the_drivers_own(built: object) -> None:
    """In an unmirrored picture of a face the driver's right eye is on the left; mesh 33 and 133 are its corners."""
    found = run(find_engine("face_mesh"), portrait("face_mesh"))
    mesh = found["mesh"][0, :, :2]
    middle = {name: found[name][0].mean(axis=0) for name in ("right_eye", "left_eye", "right_iris", "left_iris")}
    assert found["presence"].item() > 5
    assert middle["right_eye"][0] < middle["left_eye"][0]
    for side, corners in (("right", (33, 133)), ("left", (362, 263))):
        low, high = sorted(mesh[list(corners), 0])
        assert low < middle[f"{side}_iris"][0] < high
        assert np.linalg.norm(found[f"{side}_eye"][0, 0] - mesh[corners[0] if side == "right" else corners[1]]) < 2
    assert run(find_engine("face_mesh"), noise(1, (1, 192, 192, 1)))["presence"].item() < 0


def test_half_precision_weights_stay_half(built: object) -> None:
    path = find_engine("hand_landmarks").path
    assert path is not None
    kinds = {t.data_type for t in onnx.load(path).graph.initializer if np.prod(t.dims) > 1000 and len(t.dims) == 4}
    # the first convolution carries the folded scale and is float32
    assert kinds == {onnx.TensorProto.FLOAT16} or kinds == {onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT}
    assert path.stat().st_size < 5.6e6


@pytest.mark.requirement("FS-02")
def test_a_changed_weight_is_noticed(built: object, tmp_path: Path) -> None:
    spec = find_engine("eye_landmarks")
    model = onnx.load(spec.path)
    weight = max(model.graph.initializer, key=lambda t: np.prod(t.dims))
    values = numpy_helper.to_array(weight).copy()
    values.ravel()[0] += 1
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    path = tmp_path / "changed.onnx"
    onnx.save(model, path)
    changed = replace(spec, path=path, cpu_path=None)
    assert not all(d.ok for d in compare(definition("eye_landmarks"), changed, OnnxRuntimeBackend()))


def test_missing_vectors_are_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="parity vectors"):
        list(cases(replace(definition("face_mesh"), folder=tmp_path)))
