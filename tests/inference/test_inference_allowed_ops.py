"""The operators TensorRT takes: every file we ship or convert is within them, and what is not is named."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tiny_networks as tiny
from numpy.typing import NDArray
from onnx import TensorProto

from dms.errors import InputError
from dms.inference import cache
from dms.inference.allowed_ops import ALLOWED, violations
from dms.inference.definition import definitions
from dms.resources import shipped

FLOAT, UINT8 = TensorProto.FLOAT, TensorProto.UINT8


def test_every_shipped_file() -> None:
    found = {path: violations(path) for path in sorted(shipped("engines").glob("*/*.onnx"))}
    assert not any(found.values()), found
    named = {item.folder / name for item in definitions() if item.file for name in (item.file, *(v.file for v in item.variants))}
    assert named == set(found), "files in engines/ and files named in an engine.yaml differ"


def test_every_converted_file(built: dict[str, cache.Cached]) -> None:
    for name, entry in built.items():
        for file in (f"{name}.onnx", f"{name}.cpu.onnx"):
            assert violations(entry.path(file)) == []


def test_the_list_names_real_operators() -> None:
    assert {name for name in ALLOWED if onnx.defs.has(name)} == ALLOWED


def one(
    op: str,
    flags: dict[str, Any] | None = None,
    constants: dict[str, NDArray[Any]] | None = None,
    kind: int = FLOAT,
    opset: int = 17,
) -> onnx.ModelProto:
    """``op`` on a network input 1 x 1 x 8, with a name that has to come back."""
    stored = constants or {}
    return tiny.model(
        [(op, ["x", *stored], "y", flags or {})], stored, [("x", kind, [1, 1, 8])], [("y", FLOAT, [1, 1, 8])], opset
    )  # fmt: skip


ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (one("Unique"), "node unique_0 (Unique): operator is not on the list"),
        (one("Relu", opset=18), "opset 18 is not one of 9 to 17"),
        (one("Relu", opset=8), "opset 8 is not one of 9 to 17"),
        (one("Transpose", kind=UINT8), "node transpose_0 (Transpose): takes a uint8 input of the network; only Cast may"),
        (one("Relu", kind=TensorProto.FLOAT16), "input x: type FLOAT16"),
        (one("Add", constants={"c": np.ones(1)}), "constant c: type DOUBLE"),
        (one("MaxPool", {"kernel_shape": [2]}), "node maxpool_0 (MaxPool): pooling over one dimension"),
        (one("Resize", {"mode": "cubic"}), "node resize_0 (Resize): mode cubic"),
        (
            one("DequantizeLinear", constants={"s": ONE, "z": np.zeros(1, np.int32)}, kind=TensorProto.INT32),
            "node dequantizelinear_0 (DequantizeLinear): quantised to INT32, only INT8 is taken",
        ),
        (
            one("QuantizeLinear", constants={"s": ONE, "z": np.full(1, 3, np.int8)}),
            "node quantizelinear_0 (QuantizeLinear): the zero point is not 0",
        ),
        (one("QuantizeLinear", constants={"s": ONE}), "scale and zero point must be constants"),
    ],
)
def test_what_is_refused(network: onnx.ModelProto, message: str) -> None:
    found = violations(network.SerializeToString())
    assert any(message in line for line in found), found


def test_foreign_domain_open_shape_other_file() -> None:
    network = one("Add", constants={"c": ONE})
    network.graph.node[0].domain = "com.microsoft"
    network.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    network.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    network.graph.initializer[0].data_location = TensorProto.EXTERNAL
    found = "\n".join(violations(network.SerializeToString()))
    for part in ("imports operators of domain", "(Add): operator of domain", "shape is not static", "lies in another file"):
        assert part in found


def test_not_an_onnx_file(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_text("no network")
    for file in (path, tmp_path / "missing.onnx", b"no network"):
        with pytest.raises(InputError, match="not a usable ONNX file"):
            violations(file)
