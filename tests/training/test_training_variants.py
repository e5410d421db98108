"""Half and int8 files: types inside, the border unchanged, distance to float32."""

import numpy as np
import onnx
import pytest
import tiny_networks as tiny
from onnx import TensorProto, numpy_helper

from dms.inference.allowed_ops import violations
from tools.training.export import ExportError, finish, onnx_run, samples
from tools.training.graph import body, last_layers, tidy
from tools.training.variants import fp16, int8, measured, quantised_layers

PICTURES, SIGNALS = tiny.pictures(30), tiny.signals(30)


@pytest.fixture(scope="module")
def picture_file() -> bytes:
    return finish(tidy(tiny.convolutions()))


@pytest.fixture(scope="module")
def signal_file() -> bytes:
    return finish(tidy(tiny.layers()))


def border(data: bytes) -> list[bytes]:
    graph = onnx.load_from_string(data).graph
    return [item.SerializeToString() for item in (*graph.input, *graph.output)]


def kinds(data: bytes) -> dict[str, int]:
    """Element type of every tensor."""
    graph = onnx.shape_inference.infer_shapes(onnx.load_from_string(data), strict_mode=True).graph
    found = {item.name: item.type.tensor_type.elem_type for item in (*graph.input, *graph.output, *graph.value_info)}
    return found | {item.name: item.data_type for item in graph.initializer}


def nodes(data: bytes, kind: str) -> list[onnx.NodeProto]:
    return [node for node in onnx.load_from_string(data).graph.node if node.op_type == kind]


def test_body_and_heads(picture_file: bytes) -> None:
    network = onnx.load_from_string(picture_file)
    inside = [node.op_type for node in body(network)]
    assert inside == ["Conv", "Relu", "Conv", "HardSwish", "Add", "GlobalAveragePool", "Flatten", "Gemm", "Gemm"]
    assert last_layers(network) == {node.name for node in network.graph.node if node.op_type == "Gemm"}


def test_half_inside_float_at_the_border(picture_file: bytes) -> None:
    half = fp16(picture_file)
    assert border(half) == border(picture_file)
    assert half == fp16(picture_file)
    assert not violations(half)
    assert len(half) < 0.75 * len(picture_file)
    kind = kinds(half)
    for op in ("Conv", "Relu", "HardSwish", "Add", "GlobalAveragePool", "Gemm"):
        for node in nodes(half, op):
            assert {kind[name] for name in (*node.input, *node.output)} == {TensorProto.FLOAT16}, node.name
    for op in ("Div", "Exp", "LpNormalization"):
        assert all(kind[name] == TensorProto.FLOAT for node in nodes(half, op) for name in node.output)


def test_half_is_close(picture_file: bytes, signal_file: bytes) -> None:
    for data, feeds in ((picture_file, PICTURES), (signal_file, SIGNALS)):
        for found in measured(data, fp16(data), feeds).values():
            assert 0 < found.mean <= found.worst < 0.005


def test_half_keeps_sums_and_powers_in_float() -> None:
    constants = {"w": np.ones((4, 4), np.float32), "two": np.float32(2) * np.ones(1, np.float32)}
    network = tiny.model(
        [("MatMul", ["x", "w"], "a", {}), ("Pow", ["a", "two"], "b", {}), ("MatMul", ["b", "w"], "c", {})],
        constants, [("x", TensorProto.FLOAT, [1, 4])], [("c", TensorProto.FLOAT, [1, 4])],
    )  # fmt: skip
    data = finish(tidy(network))
    half = fp16(data)
    (power,) = nodes(half, "Pow")
    assert kinds(half)[power.output[0]] == TensorProto.FLOAT
    feed = {"x": np.array([[1, 2, 3, 4]], np.float32)}
    assert onnx_run(half)(feed)["c"] == pytest.approx(400)


def test_half_where_a_tensor_is_an_output_and_goes_on() -> None:
    network = tiny.model(
        [("MatMul", ["x", "w"], "a", {}), ("MatMul", ["a", "w"], "b", {})],
        {"w": np.eye(4, dtype=np.float32)}, [("x", TensorProto.FLOAT, [1, 4])],
        [("a", TensorProto.FLOAT, [1, 4]), ("b", TensorProto.FLOAT, [1, 4])],
    )  # fmt: skip
    feed = {"x": np.array([[1, 2, 3, 4]], np.float32)}
    found = onnx_run(fp16(finish(tidy(network))))(feed)
    assert found["a"].tolist() == found["b"].tolist() == feed["x"].tolist()


def test_too_large_for_half() -> None:
    network = tiny.layers()
    weight = numpy_helper.to_array(network.graph.initializer[0]).copy()
    weight[0, 0] = 1e6
    network.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight, network.graph.initializer[0].name))
    with pytest.raises(ExportError, match="too large for half"):
        fp16(finish(tidy(network)))


def test_int8_is_what_tensorrt_takes(picture_file: bytes) -> None:
    quantised = int8(picture_file, PICTURES)
    assert border(quantised) == border(picture_file)
    assert quantised == int8(picture_file, PICTURES)
    assert not violations(quantised)
    network = onnx.load_from_string(quantised)
    made_by = {name: node for node in network.graph.node for name in node.output}
    stored = {item.name: numpy_helper.to_array(item) for item in network.graph.initializer}
    for conv in nodes(quantised, "Conv"):
        assert [made_by[name].op_type for name in conv.input[:2]] == ["DequantizeLinear"] * 2
        assert stored[made_by[conv.input[1]].input[1]].shape == (8,), "one scale a channel"
        assert stored[conv.input[2]].dtype == np.float32, "the bias stays float"
    for head in nodes(quantised, "Gemm"):
        assert head.input[1] in stored
        assert stored[head.input[1]].dtype == np.float32
    for step in nodes(quantised, "QuantizeLinear"):
        assert made_by[step.input[0]].op_type not in ("Conv", "Gemm"), "between a layer and its activation"
    for found in measured(picture_file, quantised, tiny.pictures(20, seed=9)).values():
        assert 0 < found.mean < 0.05


def test_int8_leaves_the_layer_at_a_float_input_and_the_kept_ones(picture_file: bytes, signal_file: bytes) -> None:
    chosen = quantised_layers(onnx.load_from_string(signal_file))
    assert [node.name for node in chosen] == ["gemm_2"]
    assert int8(signal_file, SIGNALS) != signal_file
    first, second = quantised_layers(onnx.load_from_string(picture_file))
    assert quantised_layers(onnx.load_from_string(picture_file), keep=[first.name]) == [second]
    with pytest.raises(ExportError, match="no layer is left"):
        int8(picture_file, PICTURES, keep=[first.name, second.name])


def test_samples_are_cut_to_batch_one() -> None:
    found = samples(a=np.zeros((3, 5), np.float32), b=np.zeros((3, 2, 2, 1), np.uint8))
    assert [{name: value.shape for name, value in feed.items()} for feed in found] == [{"a": (1, 5), "b": (1, 2, 2, 1)}] * 3
    with pytest.raises(ValueError, match="unlike numbers"):
        samples(a=np.zeros((3, 5)), b=np.zeros((2, 5)))
