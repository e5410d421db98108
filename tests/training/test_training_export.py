"""From torch to a shipped engine folder, with two tiny networks."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_networks as tiny

torch = pytest.importorskip("torch", reason="exporting needs torch: pip install 'dms[train]'")

from dms.inference.base import TensorSpec  # noqa: E402
from dms.inference.definition import load_definition  # noqa: E402
from tools.training.export import ExportError, export, from_pictures, module_run, onnx_run  # noqa: E402
from tools.training.package import package  # noqa: E402

nn = torch.nn
IMAGE = (TensorSpec("image", (1, 16, 16, 1), "uint8"),)
POSE = (TensorSpec("direction", (1, 3)), TensorSpec("std", (1, 1)))
SIGNAL = (TensorSpec("signal", (1, 12)),)
ANSWER = (TensorSpec("answer", (1, 2)),)


class Eye(nn.Module):
    """Batch norms after convolutions and elsewhere, shapes worked out on the way, outputs by name."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.Hardswish())
        self.alone = nn.BatchNorm2d(8)
        self.hidden = nn.Sequential(nn.Linear(8 * 64, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.5))
        self.direction, self.std = nn.Linear(16, 3), nn.Linear(16, 1)

    def forward(self, x: "torch.Tensor") -> "dict[str, torch.Tensor]":
        x = self.first(x / 127.5 - 1)
        x = self.hidden(self.alone(x + self.second(x)).flatten(1))
        return {"std": torch.exp(self.std(x)), "direction": nn.functional.normalize(self.direction(x), dim=1)}


class Drowse(nn.Module):
    """A gated recurrent layer over twelve signals."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 8, batch_first=True)
        self.out = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.SiLU(), nn.Linear(8, 2))

    def forward(self, signal: "torch.Tensor") -> "torch.Tensor":
        return self.out(self.gru(signal.unsqueeze(2))[0][:, -1])


def lived(make: "Callable[[], torch.nn.Module]") -> "torch.nn.Module":
    """With batch norms that have seen something."""
    torch.manual_seed(1)
    module = make()
    for norm in module.modules():
        if isinstance(norm, (nn.BatchNorm1d, nn.BatchNorm2d)):
            norm.running_mean.normal_(0, 0.3)
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.uniform_(0.5, 1.5)
            norm.bias.data.normal_(0, 0.2)
    return module.eval()


def test_pictures() -> None:
    module, feeds = from_pictures(lived(Eye)), tiny.pictures(5)
    data = export(module, IMAGE, POSE, feeds)
    assert data == export(module, IMAGE, POSE, feeds[:1])
    network = onnx.load_from_string(data)
    kinds = [node.op_type for node in network.graph.node]
    assert not {"BatchNormalization", "Constant", "Shape", "Identity", "Dropout"} & set(kinds)
    assert kinds[0] == "Cast"
    assert (network.producer_name, network.producer_version, len(network.metadata_props)) == ("dms", "", 0)
    assert [(entry.domain, entry.version) for entry in network.opset_import] == [("", 17)]
    for private in (b"torch", b"inner", str(Path.cwd()).encode()):
        assert private not in data
    wanted, found = module_run(module, IMAGE, POSE)(feeds[0]), onnx_run(data)(feeds[0])
    assert np.abs(wanted["direction"] - found["direction"]).max() < 1e-5


def test_signals() -> None:
    data = export(lived(Drowse), SIGNAL, ANSWER, tiny.signals(5))
    assert "GRU" in {node.op_type for node in onnx.load_from_string(data).graph.node}


class Plain(nn.Module):
    def __init__(self, function: "Callable[[torch.Tensor], object]") -> None:
        super().__init__()
        self.function = function

    def forward(self, x: "torch.Tensor") -> object:
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: (x[:, :2], x), "gives 2 outputs, the specification names 1"),
        (lambda x: x[:, :3], r"says answer:float32\[1x2\], the network has answer:float32\[1x3\]"),
        (lambda x: x[:, :2] + torch.randn_like(x[:, :2]), r"would not take it[\s\S]*RandomNormalLike"),
    ],
)
def test_refusals(function: "Callable[[torch.Tensor], object]", message: str) -> None:
    with pytest.raises(ExportError, match=message):
        export(Plain(function), SIGNAL, ANSWER, tiny.signals(1))


def test_permuting_bytes_before_the_cast_is_refused() -> None:
    module = Plain(lambda x: x.permute(0, 3, 1, 2).float().mean((2, 3)))
    with pytest.raises(ExportError, match="cast to float first"):
        export(module, IMAGE, (TensorSpec("mean", (1, 1)),), tiny.pictures(1))


def test_packed_engine(tmp_path: Path) -> None:
    folder = tiny.engine_folder(tmp_path)
    module = from_pictures(lived(Eye))
    done = package("tiny", module, tiny.pictures(10), calibration=tiny.pictures(20, seed=5), folder=folder)
    assert [made.precision for made in done.variants] == ["fp16", "int8"]
    item = load_definition(folder)
    assert [variant.precision for variant in item.variants] == ["fp16", "int8"]
    names = {path.name for path in folder.iterdir()}
    assert names == {"engine.yaml", "parity.npz", "tiny.onnx", "tiny.fp16.onnx", "tiny.int8.onnx"}
