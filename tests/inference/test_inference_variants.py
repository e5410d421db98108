"""Shipped engines with variants: found by precision, listed, checked, refused when changed. Needs no torch."""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import tiny_networks as tiny

from dms import manifest
from dms.cli import engines
from dms.errors import InputError, UsageError
from dms.inference.base import EngineSpec, Options
from dms.inference.definition import LISTED, load_definition
from dms.inference.engine_set import EngineSet
from dms.inference.parity import cases
from dms.inference.slots import find_engine
from tools.training.export import ExportError, Feeds, Run, finish, onnx_run
from tools.training.graph import tidy
from tools.training.package import Packaged, pack, package, parity_cases, round_up
from tools.training.repack import repack
from tools.training.variants import quantised_layers

HELD_OUT, TRAINING = tiny.pictures(12), tiny.pictures(20, seed=5)


def score(run: Run) -> dict[str, float]:
    return {"mean_std": float(np.mean([run(feed)["std"] for feed in HELD_OUT]))}


def packed(folder: Path, reference: Run | None = None, precisions: tuple[str, ...] = ("fp16", "int8")) -> Packaged:
    """The network of convolutions put into ``folder``; ``reference`` stands for torch."""
    item = load_definition(folder)
    data = finish(tidy(tiny.convolutions()))
    vectors: dict[str, Feeds] = parity_cases(item, HELD_OUT, 3)
    told = reference or onnx_run(data)
    return pack(item, data, told, vectors, HELD_OUT, calibration=TRAINING, precisions=precisions, figures=score)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.engine_folder(tmp_path_factory.mktemp("template"))
    packed(folder)
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packed engine that is the only one of this installation."""
    target = tiny.engine_folder(tmp_path)
    for path in template.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    manifest.write(target.parent, LISTED)
    monkeypatch.setattr("dms.inference.definition.shipped", lambda *parts: tmp_path.joinpath(*parts))
    return target


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    engines.add_arguments(parser)
    return engines.run(parser.parse_args(words))


def run(spec: EngineSpec) -> np.ndarray:
    with EngineSet([spec.slot], options=Options(precision={spec.slot: spec.precision})) as found:
        return found[spec.slot].run(HELD_OUT[0])["direction"].copy()


def test_found_by_precision(folder: Path) -> None:
    specs = {precision: find_engine("tiny", precision=precision) for precision in ("fp32", "fp16", "int8")}
    assert [spec.path and spec.path.name for spec in specs.values()] == ["tiny.onnx", "tiny.fp16.onnx", "tiny.int8.onnx"]
    assert [spec.precision for spec in specs.values()] == list(specs)
    assert len({spec.sha256 for spec in specs.values()}) == 3
    answers = {precision: run(spec) for precision, spec in specs.items()}
    assert 0 < np.abs(answers["fp16"] - answers["fp32"]).max() < np.abs(answers["int8"] - answers["fp32"]).max() < 0.1
    with EngineSet(["tiny"]) as plain, EngineSet(["tiny"], options=Options(precision={"tiny": "fp16"})) as half:
        assert plain.bundle_hash != half.bundle_hash


def test_a_precision_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no precision 'bf16'; known: fp32, fp16, int8"):
        find_engine("tiny", precision="bf16")
    packed(folder, precisions=("fp16",))
    assert not (folder / "tiny.int8.onnx").exists()
    with pytest.raises(UsageError, match="engine tiny has no int8 file; it has: fp32, fp16"):
        EngineSet(["tiny"], options=Options(precision={"tiny": "int8"}))
    with pytest.raises(UsageError, match="cannot be asked for as fp16"):
        find_engine("tiny", tmp_path / "own.onnx", precision="fp16")


def test_specification_keeps_its_comments_and_states_the_loss(folder: Path) -> None:
    text = (folder / "engine.yaml").read_text()
    assert text.startswith(tiny.ENGINE.partition("file:")[0])
    for comment in ("# Specification of an engine made by a test.", "file: tiny.onnx  # ours", "# grey", "# length 1"):
        assert comment in text
    item = load_definition(folder)
    assert item.file_sha256 == find_engine("tiny").sha256
    for variant in item.variants:
        assert variant.samples == len(HELD_OUT)
        assert variant.figures["mean_std"].fp32 == pytest.approx(variant.figures["mean_std"].here, abs=0.05)
        for loss in variant.loss.values():
            assert 0 < loss.mean <= loss.worst
            assert loss.limit >= max(1e-4, 0.99 * loss.worst)
    half, quantised = (variant.loss["direction"] for variant in item.variants)
    assert half.worst < quantised.worst


def test_packing_again_gives_the_same_bytes(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    packed(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_lower_precisions_are_made_anew_without_the_checkpoint(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    repack("tiny", HELD_OUT, calibration=TRAINING, figures=score, folder=folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    layers = [node.name for node in quantised_layers(onnx.load(folder / "tiny.onnx"))]
    done = repack("tiny", HELD_OUT, calibration=TRAINING, keep=layers[:1], figures=score, folder=folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"tiny.int8.onnx", "engine.yaml"}
    assert load_definition(folder).variant("int8").loss["std"].mean == pytest.approx(done.variants[1].loss["std"].mean, rel=0.1)


def test_hash_and_variants_go_where_they_were(folder: Path) -> None:
    path = folder / "engine.yaml"
    text = path.read_text().replace("sha256:", 'sha256: "" #', 1) + "# the end\nabout: kept\n"
    path.write_text(text.replace('sha256: "" #', 'sha256: ""  # ours\nnote:', 1))
    packed(folder)
    lines = path.read_text().splitlines()
    assert sum(line.startswith("variants:") for line in lines) == 1
    assert "about: kept" in lines
    assert any(line.startswith("sha256: ") and line.endswith("  # ours") and len(line) > 70 for line in lines)
    load_definition(folder)


def test_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["engines"]
    assert row["state"] == "built"
    assert [variant["precision"] for variant in row["variants"]] == ["fp16", "int8"]
    assert all(variant["state"] == "built" and len(variant["sha256"]) == 64 for variant in row["variants"])
    assert row["variants"][0]["loss"]["std"].keys() == {"mean", "worst", "limit"}
    (folder / "tiny.int8.onnx").write_bytes(b"damaged")
    assert call("list") == 0
    out = capsys.readouterr().out
    assert "  fp16     0.0 MB, mean_std" in out
    assert "  int8     damaged:" in out


def test_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    rows = {(row["precision"], row["output"]): row for row in report["engines"]["tiny"]}
    assert rows.keys() == {(p, o) for p in ("fp32", "fp16", "int8") for o in ("direction", "std")}
    assert rows["fp32", "std"]["limit"] == 1e-4
    assert 0 < rows["int8", "std"]["worst"] < rows["int8", "std"]["limit"]
    assert report["violations"] == {}
    assert call("check") == 0
    assert "int8 direction" in capsys.readouterr().out


def test_check_holds_a_variant_to_its_own_limit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "engine.yaml"
    limit = load_definition(folder).variant("int8").loss["std"].limit
    path.write_text(path.read_text().replace(f"limit: {limit:.2g}}}", "limit: 0.00001}"))
    manifest.write(folder.parent, LISTED)
    assert call("check") == 1
    assert "FAILED" in capsys.readouterr().out


def test_check_sees_a_changed_file_and_a_refused_operator(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dms.inference.allowed_ops.ALLOWED", frozenset({"Conv"}))
    assert call("check") == 1
    assert "FAILED tiny.fp16.onnx: node cast_0 (Cast): operator is not on the list" in capsys.readouterr().out
    monkeypatch.undo()
    monkeypatch.setattr("dms.inference.definition.shipped", lambda *parts: folder.parents[1].joinpath(*parts))
    (folder / "tiny.fp16.onnx").write_bytes((folder / "tiny.onnx").read_bytes())
    with pytest.raises(InputError, match=r"tiny\.fp16\.onnx: the file was changed"):
        call("check")


def test_nothing_is_changed_when_the_reference_disagrees(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = finish(tidy(tiny.convolutions()))

    def wrong(feeds: Feeds) -> dict[str, np.ndarray]:
        return {name: value + np.float32(0.01) for name, value in onnx_run(other)(feeds).items()}

    with pytest.raises(ExportError, match=r"fp32 direction: 0\.01, allowed 0\.0001"):
        packed(folder, wrong)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_stored_cases(folder: Path) -> None:
    found = {case.name: case for case in cases(load_definition(folder))}
    assert set(found) == {"noise1", "sample0", "sample1", "sample2"}
    assert (found["sample2"].image == HELD_OUT[-1]["image"]).all()
    with np.load(folder / "parity.npz") as file:
        arrays = dict(file)
    del arrays["sample1/in/image"]
    np.savez(folder / "parity.npz", **arrays)
    with pytest.raises(InputError, match="the parity vectors lack 'sample1/in/image'"):
        list(cases(load_definition(folder)))


@pytest.mark.parametrize(
    ("line", "other", "message"),
    [
        ("precision: fp16", "precision: bf16", "expected fp16 or int8"),
        ("      std: {", "      spread: {", r"states the loss of \['direction', 'spread'\]"),
        ("samples: 12", "samples: many", "engine.yaml: not a usable"),
    ],
)
def test_unusable_specifications(folder: Path, line: str, other: str, message: str) -> None:
    path = folder / "engine.yaml"
    path.write_text(path.read_text().replace(line, other, 1))
    with pytest.raises(InputError, match=message):
        load_definition(folder)


def test_packing_refuses_what_cannot_be_packed(folder: Path) -> None:
    item = load_definition(folder)
    with pytest.raises(ExportError, match="no held-out samples"):
        parity_cases(item, [], 3)
    with pytest.raises(ExportError, match="int8 needs calibration"):
        pack(item, b"", lambda feeds: {}, {}, HELD_OUT)
    with pytest.raises(ExportError, match="must name other"):
        package("other", None, HELD_OUT, folder=folder)  # type: ignore[arg-type]


def test_limits_are_rounded_upwards() -> None:
    assert [round_up(value) for value in (0.0, 0.00123, 0.00121, 1.0, 99.1)] == [0.0, 0.0013, 0.0013, 1.0, 100.0]
