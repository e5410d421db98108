"""What the converter refuses, and its reading of sparse weights."""

from dataclasses import replace

import numpy as np
import pytest

from dms.errors import InputError
from dms.inference.base import TensorSpec
from dms.inference.convert import convert
from dms.inference.definition import definition


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 64, b"no model at all"])
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a TensorFlow Lite file"):
        convert(data, definition("eye_landmarks").recipe())


def test_another_picture_size_is_refused(sources: dict[str, bytes]) -> None:
    recipe = replace(definition("eye_landmarks").recipe(), image=TensorSpec("image", (1, 128, 128, 1), "uint8"))
    with pytest.raises(InputError, match=r"\[1, 64, 64, 3\]"):
        convert(sources["eye_landmarks"], recipe)


def test_an_unknown_output_is_refused(sources: dict[str, bytes]) -> None:
    recipe = replace(definition("eye_landmarks").recipe(), source_outputs={"contour": "nonsense", "iris": "output_iris"})
    with pytest.raises(InputError, match="no output nonsense"):
        convert(sources["eye_landmarks"], recipe)


def test_an_unknown_operator_is_named(sources: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    from dms.inference.convert.operators import OPERATORS

    monkeypatch.delitem(OPERATORS, "PRELU")
    with pytest.raises(InputError, match="PRELU"):
        convert(sources["eye_landmarks"], definition("eye_landmarks").recipe())


def test_a_picture_must_meet_a_convolution_first(sources: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dms.inference.convert._MAY_TAKE_PICTURE", ())
    with pytest.raises(InputError, match="must go into a convolution"):
        convert(sources["eye_landmarks"], definition("eye_landmarks").recipe())


def test_conversion_gives_the_same_bytes_again(sources: dict[str, bytes]) -> None:
    recipe = definition("face_detector").recipe()
    assert convert(sources["face_detector"], recipe) == convert(sources["face_detector"], recipe)


def test_block_sparse_weights_are_laid_out(sources: dict[str, bytes]) -> None:
    """Every stored value of the sparse detector lands once; blocks of four output channels share their zeros."""
    from dms.inference.convert.reader import SourceGraph

    graph = SourceGraph(sources["face_detector"])
    sparse = [op for op in graph.operators() if op.name == "DENSIFY"]
    assert len(sparse) > 40
    for op in sparse:
        dense = graph.constant(op.inputs[0])
        assert dense is not None
        assert dense.shape == graph.shape(op.outputs[0])
        share = np.count_nonzero(dense) / dense.size
        assert 0.05 < share < 0.6
