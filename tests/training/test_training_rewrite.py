"""Rewrites for speed: found where they apply, left alone where not, the same answers."""

import numpy as np
import onnx
import pytest
import tiny_networks as tiny
from numpy.typing import NDArray
from onnx import TensorProto

from tools.training.export import finish, onnx_run
from tools.training.graph import tidy
from tools.training.rewrite import canonical, for_cpu

RNG = np.random.default_rng(2)
X = {"x": RNG.normal(0, 1, (1, 2, 6, 6)).astype(np.float32)}


def network(*nodes: tiny.Node, **constants: NDArray) -> onnx.ModelProto:
    """``x`` 1 x 2 x 6 x 6 to ``y``, with a 3 x 3 convolution's weights ``w`` at hand."""
    stored = {"w": RNG.normal(0, 1, (2, 2, 3, 3)).astype(np.float32), **constants}
    made = tiny.model(nodes, stored, [("x", TensorProto.FLOAT, [1, 2, 6, 6])], [("y", TensorProto.FLOAT, [1, 2, 1, 1])])
    return tidy(made)  # states the shape of y


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def same(before: bytes, after: onnx.ModelProto) -> None:
    wanted, found = onnx_run(before)(X)["y"], onnx_run(finish(tidy(after)))(X)["y"]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)


PAD: tiny.Node = ("Pad", ["x", "sizes"], "p", {})


@pytest.mark.parametrize("own", [[], [1, 0, 0, 2]])
def test_a_border_of_zeros_goes_into_the_convolution(own: list[int]) -> None:
    flags = {"pads": own} if own else {}
    model = network(PAD, ("Conv", ["p", "w"], "y", flags), sizes=np.array([0, 0, 0, 1, 0, 0, 2, 3]))
    before = finish(model)
    assert kinds(canonical(model)) == ["Conv"]
    same(before, model)


@pytest.mark.parametrize(
    ("pad", "sizes"),
    [
        (PAD, [0, 0, 0, 1, 0, 0, 2, -1]),
        (("Pad", ["x", "sizes"], "p", {"mode": "reflect"}), [0, 0, 1, 1, 0, 0, 1, 1]),
        (("Pad", ["x", "sizes", "fill"], "p", {}), [0, 0, 1, 1, 0, 0, 1, 1]),
    ],
)
def test_other_borders_stay(pad: tiny.Node, sizes: list[int]) -> None:
    constants = {"sizes": np.array(sizes)} | ({"fill": np.float32(1) * np.ones((), np.float32)} if len(pad[1]) > 2 else {})
    assert kinds(canonical(network(pad, ("Conv", ["p", "w"], "y", {}), **constants))) == ["Pad", "Conv"]


def test_a_border_that_is_read_twice_stays() -> None:
    model = network(
        PAD, ("Conv", ["p", "w"], "a", {}), ("Conv", ["p", "w"], "b", {}), ("Add", ["a", "b"], "y", {}),
        sizes=np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    )  # fmt: skip
    assert "Pad" in kinds(canonical(model))


def leaky(slope: str = "a", source: str = "x") -> list[tiny.Node]:
    return [
        ("Relu", ["x"], "above", {}),
        ("Neg", [source], "minus", {}),
        ("Relu", ["minus"], "below", {}),
        ("Mul", [slope, "below"], "scaled", {}),
        ("Sub", ["above", "scaled"], "y", {}),
    ]


def test_prelu_is_found_and_split_for_the_cpu() -> None:
    model = network(*leaky(), a=np.array([0.3, -0.2], np.float32).reshape(1, 2, 1, 1))
    before = finish(model)
    model = tidy(canonical(model))
    assert kinds(model) == ["PRelu"]
    same(before, model)
    assert kinds(for_cpu(model)) == ["Relu", "Conv", "Conv", "Add"]
    same(before, model)


def test_what_only_looks_like_prelu_stays() -> None:
    slope = np.full((1, 2, 1, 1), 0.3, np.float32)
    squared: tiny.Node = ("Mul", ["x", "x"], "other", {})
    assert "PRelu" not in kinds(canonical(network(squared, *leaky(source="other"), a=slope)))
    assert "PRelu" not in kinds(canonical(network(*leaky(), a=np.full((1, 2, 6, 6), 0.3, np.float32))))
