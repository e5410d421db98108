"""From a torch module to a plain ONNX file: opset 17, standard operators, constants folded, checked, the same bytes each time.

The module takes its inputs in the order of the engine's specification and returns a tensor, a tuple in the order of its
outputs, or a dict by output name. A picture comes in as uint8: cast it before anything
else (``image.float().permute(0, 3, 1, 2)``).
"""

import io
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray

from dms.inference.allowed_ops import violations
from dms.inference.base import TensorSpec
from tools.training.graph import tidy
from tools.training.rewrite import canonical

if TYPE_CHECKING:
    import torch

OPSET = 17
IR_VERSION = 8
TOLERANCE = 1e-4
"""Largest distance between torch and ONNX Runtime, relative to the largest value of the output (or 1)."""

Feeds = Mapping[str, NDArray[Any]]
Run = Callable[[Feeds], dict[str, NDArray[np.float32]]]
"""A network as a function: inputs by name to outputs by name."""


class ExportError(RuntimeError):
    """The network cannot be shipped as it is; the message says why."""


def export(
    module: "torch.nn.Module", inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], feeds: Iterable[Feeds]
) -> bytes:
    """The module as ONNX bytes; parity is asserted on ``feeds`` (a few are enough).

    Raises:
        ExportError: a wrong shape, an operator TensorRT does not take, or ONNX Runtime disagrees with torch.
    """
    module = module.eval()
    data = finish(tidy(canonical(tidy(_traced(module, inputs, outputs)))))
    _assert_interface(data, (*inputs, *outputs))
    _assert_parity(module_run(module, inputs, outputs), onnx_run(data), feeds)
    return data


def finish(model: onnx.ModelProto) -> bytes:
    """Check a model in full and give its bytes.

    Raises:
        ExportError: the checker or the list of allowed operators refuses it.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"not a valid ONNX model: {error}") from error
    data: bytes = model.SerializeToString(deterministic=True)
    if found := violations(data):
        raise ExportError("TensorRT would not take it:\n  " + "\n  ".join(found))
    return data


def module_run(module: "torch.nn.Module", inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> Run:
    """The torch module as a function on arrays."""
    import torch

    names = [tensor.name for tensor in outputs]

    def run(feeds: Feeds) -> dict[str, NDArray[np.float32]]:
        with torch.no_grad():
            result = _in_order(module(*(torch.from_numpy(np.array(feeds[tensor.name])) for tensor in inputs)), names)
        return {name: value.numpy() for name, value in zip(names, result, strict=True)}

    return run


def samples(**arrays: NDArray[Any]) -> list[Feeds]:
    """Inputs as arrays ``[N, ...]`` to N samples of batch 1: ``samples(image=pictures)``."""
    count = {len(values) for values in arrays.values()}
    if len(count) != 1:
        raise ValueError(f"the inputs have unlike numbers of samples: {sorted(count)}")
    return [{name: values[i : i + 1] for name, values in arrays.items()} for i in range(count.pop())]


def onnx_run(data: bytes) -> Run:
    """ONNX bytes as a function, in ONNX Runtime with one thread on the CPU."""
    from dms.inference.onnxruntime_backend import import_quietly

    runtime = import_quietly()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(names, dict(feeds)), strict=True))


def from_pictures(module: "torch.nn.Module") -> "torch.nn.Module":
    """``module``, which takes pictures as float ``n x C x H x W`` of 0..255, behind the engine's own inputs.

    There a picture is uint8 ``1 x H x W x C``; float inputs go through as they are.
    """
    import torch

    class FromPictures(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, *inputs: torch.Tensor) -> Any:
            return self.inner(*(x.float().permute(0, 3, 1, 2) if x.dtype == torch.uint8 else x for x in inputs))

    return FromPictures().eval()


def _traced(module: "torch.nn.Module", inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> onnx.ModelProto:
    import torch

    names = [tensor.name for tensor in outputs]

    class Ordered(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return _in_order(self.inner(*tensors), names)

    example = tuple(torch.from_numpy(np.zeros(tensor.shape, tensor.dtype)) for tensor in inputs)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The exporter by tracing: it needs no package beside torch, and writes opset 17 itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "Constant folding")  # what the exporter leaves, ``tidy`` folds
        warnings.filterwarnings("ignore", "Exporting a model to ONNX with a batch_size other than 1")  # it is 1
        # torch's own layers compare sizes, which are fixed here
        warnings.filterwarnings("ignore", category=_tracer_warning(), module=r"torch\.")
        torch.onnx.export(
            Ordered().eval(), example, buffer,  # type: ignore[arg-type]  # a stream is taken, the annotation lags behind
            dynamo=False, opset_version=OPSET, input_names=[tensor.name for tensor in inputs], output_names=names,
        )  # fmt: skip
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = IR_VERSION
    model.graph.name = "network"
    return model


def _tracer_warning() -> type[Warning]:
    import torch

    found: type[Warning] = torch.jit.TracerWarning  # type: ignore[attr-defined]
    return found


def _in_order(result: Any, names: Sequence[str]) -> tuple[Any, ...]:
    if isinstance(result, Mapping):
        return tuple(result[name] for name in names)
    found = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    if len(found) != len(names):
        raise ExportError(f"the module gives {len(found)} outputs, the specification names {len(names)}: {', '.join(names)}")
    return found


def _assert_interface(data: bytes, wanted: Iterable[TensorSpec]) -> None:
    graph = onnx.load_from_string(data).graph
    have = {}
    for item in (*graph.input, *graph.output):
        tensor = item.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        have[item.name] = TensorSpec(item.name, tuple(d.dim_value for d in tensor.shape.dim), dtype)
    for tensor in wanted:
        if have.get(tensor.name) != tensor:
            raise ExportError(f"the specification says {tensor}, the network has {have.get(tensor.name, 'nothing of that name')}")


def _assert_parity(wanted: Run, found: Run, feeds: Iterable[Feeds]) -> None:
    for number, feed in enumerate(feeds):
        have = found(feed)
        for name, value in wanted(feed).items():
            allowed = TOLERANCE * max(1.0, float(np.abs(value).max()))
            distance = float(np.abs(have[name] - value).max())
            if not distance <= allowed:
                raise ExportError(f"ONNX Runtime disagrees with torch: output {name}, sample {number}: {distance:.2g}")
