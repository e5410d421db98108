"""Every network, in every precision, through TensorRT-RTX's parser and optimizer on the CPU, by the product's own builder code.

TensorRT-RTX is TensorRT's sibling for desktop GPUs; it builds ahead of time without a GPU. What it accepts is no proof for a
Jetson, what it refuses is a warning. Part of ``make test-tensorrt``: here a missing package fails.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tiny_networks as tiny
from onnx import TensorProto

from dms.inference.definition import Definition, definitions
from dms.inference.parity import cases
from dms.inference.slots import locate
from dms.inference.tensorrt.network import BuildOptions, ModelRejected, build_plan, lint
from tools.training.export import ExportError, finish
from tools.training.graph import tidy
from tools.training.variants import fp16, int8

pytestmark = pytest.mark.tensorrt

FILES = [(item, precision) for item in definitions() for precision in ("fp32", "fp16", "int8")]
NO_HALF = {"face_mesh": "a constant is too large for half"}
"""Networks the project's own half-precision tool refuses, and why; they run in float32."""


@pytest.fixture(scope="session")
def trt() -> Any:
    """The package; that it is missing is a failure here."""
    import tensorrt_rtx

    return tensorrt_rtx


def network(item: Definition, precision: str) -> bytes:
    """The shipped file, or, where the engine ships none of this precision, one made by the tool that makes them."""
    if precision == "fp32" or item.variants:
        path = locate(item, precision).path
        assert path is not None
        return path.read_bytes()
    path = locate(item).path
    assert path is not None
    plain = path.read_bytes()
    return fp16(plain) if precision == "fp16" else int8(plain, [dict(case.feeds) for case in cases(item)])


def plan_of(trt: Any, name: str, model: bytes, tell: Callable[[float, str], None] = lambda done, text: None) -> bytes:
    lint(name, model)
    return build_plan(trt, name, model, BuildOptions(), tell)


@pytest.mark.parametrize(("item", "precision"), FILES, ids=[f"{item.name}-{precision}" for item, precision in FILES])
def test_every_network_is_parsed_and_built(item: Definition, precision: str, trt: Any, built: object) -> None:
    if precision == "fp16" and item.name in NO_HALF:
        with pytest.raises(ExportError, match=NO_HALF[item.name]):
            network(item, precision)
        return
    assert len(plan_of(trt, item.name, network(item, precision))) > 100_000


def test_progress_is_told_and_never_falls(trt: Any) -> None:
    told: list[float] = []
    plan_of(trt, "tiny", tiny.convolutions().SerializeToString(), lambda done, text: told.append(done))
    assert len(told) > 3 and told == sorted(told) and 0 <= told[0] <= told[-1] <= 1


def test_a_build_can_be_stopped(trt: Any) -> None:
    def stop(done: float, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plan_of(trt, "tiny", tiny.convolutions().SerializeToString(), stop)


def bad(kind: str) -> onnx.ModelProto:
    """Networks that TensorRT cannot take."""
    if kind == "Unique":
        floats, longs = ("x", TensorProto.FLOAT, [1, 12]), ("y", TensorProto.FLOAT, ["n"])
        return tiny.model([("Unique", ["x"], "y", {"axis": 1})], {}, [floats], [longs])
    if kind == "DeformConv":
        model = tiny.model(
            [("DeformConv", ["x", "w", "o"], "y", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})],
            {"w": np.ones((2, 1, 3, 3), np.float32), "o": np.zeros((1, 18, 8, 8), np.float32)},
            [("x", TensorProto.FLOAT, [1, 1, 8, 8])], [("y", TensorProto.FLOAT, [1, 2, 8, 8])], opset=19,
        )  # fmt: skip
        return model
    return int32_bias()


def int32_bias() -> onnx.ModelProto:
    """What a quantiser makes by default: the bias as int32 behind a DequantizeLinear."""
    model = tiny.model(
        [
            ("QuantizeLinear", ["x", "s", "z"], "q", {}),
            ("DequantizeLinear", ["q", "s", "z"], "d", {}),
            ("DequantizeLinear", ["wq", "s", "z"], "w", {}),
            ("DequantizeLinear", ["bq", "s", "z32"], "b", {}),
            ("Conv", ["d", "w", "b"], "y", {"pads": [1, 1, 1, 1]}),
        ],
        {
            "s": np.float32(0.02), "z": np.int8(0), "z32": np.int32(0), "wq": np.ones((4, 1, 3, 3), np.int8),
            "bq": np.ones(4, np.int32),
        },
        [("x", TensorProto.FLOAT, [1, 1, 8, 8])], [("y", TensorProto.FLOAT, [1, 4, 8, 8])],
    )  # fmt: skip
    onnx.checker.check_model(model)
    return model


@pytest.mark.parametrize(
    ("kind", "node", "operator"),
    [
        ("Unique", "unique_0", "Unique"),
        ("DeformConv", "deformconv_0", "DeformConv"),
        ("int32 bias", "dequantizelinear_3", "DequantizeLinear"),
    ],
)
def test_a_network_tensorrt_cannot_take_is_refused_by_name(kind: str, node: str, operator: str, trt: Any) -> None:
    """Planted faults. The parser refuses them itself, with the node; and the lint does before it is asked."""
    model = bad(kind).SerializeToString()
    with pytest.raises(ModelRejected) as parser:
        build_plan(trt, "planted", model, BuildOptions(), lambda done, text: None)
    assert any(f"node {node} ({operator})" in line for line in parser.value.nodes), parser.value.nodes
    with pytest.raises(ModelRejected) as linter:
        lint("planted", model)
    assert any(node in line for line in linter.value.nodes), linter.value.nodes
    assert str(linter.value).startswith("planted: TensorRT does not take it: ") and linter.value.exit_code == 3


def test_our_quantiser_leaves_biases_alone(trt: Any, tmp_path: Path) -> None:
    """ONNX Runtime's own default makes int32 biases, which the parser refuses; the project's tool does not."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(tiny.pictures(4))

        def get_next(self) -> Any:
            return next(self.left, None)

    plain = finish(tidy(tiny.convolutions()))
    quantize_static(
        onnx.load_from_string(plain), tmp_path / "q.onnx", Reader(), quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, extra_options={"ActivationSymmetric": True},
    )  # fmt: skip
    with pytest.raises(ModelRejected, match=r"\(DequantizeLinear\)"):
        build_plan(trt, "theirs", (tmp_path / "q.onnx").read_bytes(), BuildOptions(), lambda done, text: None)
    assert plan_of(trt, "ours", int8(plain, tiny.pictures(4)))


def test_garbage_is_refused(trt: Any) -> None:
    with pytest.raises(ModelRejected):
        build_plan(trt, "garbage", b"no network at all", BuildOptions(), lambda done, text: None)
