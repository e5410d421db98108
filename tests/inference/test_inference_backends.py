"""Back ends behind one interface: ONNX Runtime, fake, replay; the registry and the set."""

import sys
from pathlib import Path

import numpy as np
import pytest

from dms.errors import BackendUnavailable, EngineFailed, InputError, UsageError
from dms.inference.base import Options
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.parity import noise
from dms.inference.registry import BACKENDS, load_backend
from dms.inference.replay_backend import Recorder, Recording, ReplayBackend, input_digest
from dms.inference.slots import contract, find_engine

IMAGE = np.zeros((1, 64, 64, 1), np.uint8)
PICTURES = [noise(seed, (1, 64, 64, 1)) for seed in range(3)]


def test_registry_loads_late_and_names_what_it_knows() -> None:
    assert load_backend("onnxruntime").name == "onnxruntime"
    assert load_backend("fake").name == "fake"
    with pytest.raises(UsageError, match="onnxruntime, tensorrt, replay, fake"):
        load_backend("openvino")


def test_a_missing_back_end_is_refused_and_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "tensorrt", "dms.inference.not_there:Backend")
    with pytest.raises(BackendUnavailable, match="the tensorrt back end is not part of this installation"):
        load_backend("tensorrt")


def test_a_back_end_that_lacks_its_package_says_which(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "needy_backend.py").write_text("import package_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(BACKENDS, "tensorrt", "needy_backend:Backend")
    with pytest.raises(BackendUnavailable, match="needs the package package_nobody_has"):
        load_backend("tensorrt")


def test_onnxruntime_missing_is_said(monkeypatch: pytest.MonkeyPatch, built: object) -> None:
    spec = find_engine("eye_landmarks")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    state = OnnxRuntimeBackend().probe()
    assert not state.ok
    assert "pip install" in state.hint
    with pytest.raises(BackendUnavailable, match="ONNX Runtime is missing"):
        OnnxRuntimeBackend().load(spec, Options())


def test_onnxruntime_runs_warm_and_counts(built: object) -> None:
    with OnnxRuntimeBackend().load(find_engine("eye_landmarks"), Options(warmup=3)) as engine:
        assert engine.stats().runs == 3
        first = engine.run({"image": PICTURES[0]})
        engine.submit({"image": PICTURES[0]})
        np.testing.assert_array_equal(engine.collect()["iris"], first["iris"])
        assert engine.stats().runs == 5
        assert 0 < engine.stats().p50_ms <= engine.stats().p99_ms
        with pytest.raises(EngineFailed, match="nothing was submitted"):
            engine.collect()


@pytest.mark.parametrize("feeds", [{}, {"image": IMAGE.astype(np.float32)}, {"image": IMAGE[:, :32]}])
def test_wrong_inputs_are_refused_by_every_engine(feeds: dict[str, np.ndarray], built: object) -> None:
    for backend in (OnnxRuntimeBackend(), FakeBackend({"eye_landmarks": zeros(contract("eye_landmarks"))})):
        with backend.load(find_engine("eye_landmarks"), Options()) as engine, pytest.raises(EngineFailed, match="image"):
            engine.run(feeds)


def test_a_closed_engine_fails_cleanly(built: object) -> None:
    engine = OnnxRuntimeBackend().load(find_engine("eye_landmarks"), Options())
    engine.close()
    with pytest.raises(EngineFailed):
        engine.run({"image": IMAGE})


def test_fake_answers_with_constants_and_functions() -> None:
    outputs = zeros(contract("eye_landmarks"))
    bright = lambda feeds: {**outputs, "iris": np.full((1, 5, 3), feeds["image"].mean(), np.float32)}  # noqa: E731
    for script, wanted in ((outputs, 0.0), (bright, 7.0)):
        engine = FakeBackend({"eye_landmarks": script}).load(contract("eye_landmarks"), Options())
        assert engine.run({"image": IMAGE + 7})["iris"].max() == wanted
        assert engine.stats().runs == 1


def test_fake_refuses_outputs_that_break_the_contract() -> None:
    outputs = zeros(contract("eye_landmarks"))
    for wrong in ({}, {**outputs, "iris": np.zeros((1, 5, 2), np.float32)}, {**outputs, "iris": np.zeros((1, 5, 3))}):
        engine = FakeBackend({"eye_landmarks": wrong}).load(contract("eye_landmarks"), Options())
        with pytest.raises(EngineFailed, match="the script gave"):
            engine.run({"image": IMAGE})
    with pytest.raises(UsageError, match="no script for slot face_mesh"):
        FakeBackend({"eye_landmarks": outputs}).load(contract("face_mesh"), Options())


def test_a_script_that_raises_is_an_engine_failure() -> None:
    def fail(feeds: object) -> dict[str, np.ndarray]:
        raise RuntimeError("the accelerator is gone")

    engine = FakeBackend({"eye_landmarks": fail}).load(contract("eye_landmarks"), Options())
    with pytest.raises(EngineFailed, match="the accelerator is gone"):
        engine.run({"image": IMAGE})


@pytest.fixture
def recording(built: object) -> Recording:
    kept = Recording()
    with Recorder(OnnxRuntimeBackend().load(find_engine("eye_landmarks"), Options()), kept) as engine:
        engine.warmup(2)
        for picture in PICTURES:
            engine.run({"image": picture})
    return kept


def test_replay_gives_the_same_bits_again(recording: Recording, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    recording.save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.npz"]
    real = OnnxRuntimeBackend().load(find_engine("eye_landmarks"), Options())
    again = load_backend("replay", recording=path).load(contract("eye_landmarks"), Options())
    again.warmup(5)
    for picture in PICTURES:
        wanted, have = real.run({"image": picture}), again.run({"image": picture})
        for name in wanted:
            np.testing.assert_array_equal(have[name], wanted[name])
    with pytest.raises(EngineFailed, match="over after 3 runs"):
        again.run({"image": PICTURES[0]})


def test_replay_notices_another_input(recording: Recording) -> None:
    engine = ReplayBackend(recording).load(contract("eye_landmarks"), Options())
    with pytest.raises(EngineFailed, match="run 0 was recorded for another input"):
        engine.run({"image": PICTURES[1]})
    engine.run({"image": PICTURES[0]})
    loose = ReplayBackend(recording, check_inputs=False).load(contract("eye_landmarks"), Options())
    loose.run({"image": PICTURES[2]})


def test_replay_refuses_what_does_not_fit(recording: Recording, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds nothing for slot face_mesh"):
        ReplayBackend(recording).load(contract("face_mesh"), Options())
    columns = recording.slots()["eye_landmarks"]
    wrong = Recording({"eye_landmarks": {**columns, "iris": columns["iris"][..., :2]}})
    with pytest.raises(InputError, match=r"expected iris:float32\[1x5x3\], found float32\[1, 5, 2\]"):
        ReplayBackend(wrong).load(contract("eye_landmarks"), Options())
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK nothing")
    for path in (bad, tmp_path / "missing.npz"):
        with pytest.raises(InputError, match="not a usable engine recording"):
            ReplayBackend(path)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InputError, match="no input digests"):
        ReplayBackend(tmp_path / "other.npz")


def test_digest_depends_on_content_and_shape() -> None:
    base = input_digest({"image": IMAGE})
    assert base == input_digest({"image": IMAGE.copy()})
    assert len({base, input_digest({"image": IMAGE + 1}), input_digest({"image": IMAGE.reshape(1, 1, 64, 64)})}) == 3


def test_engine_set_opens_and_closes_together(built: object) -> None:
    with EngineSet(["face_mesh", "eye_landmarks"], options=Options(warmup=1)) as engines:
        assert list(engines) == ["face_mesh", "eye_landmarks"]
        engines.warmup(1)
        assert {slot: row["runs"] for slot, row in engines.stats().items()} == {"face_mesh": 2, "eye_landmarks": 2}
        assert all(len(value) == 64 for value in engines.hashes.values())
    assert len(engines) == 0
    engines.close()


def test_engine_set_closes_what_is_open_when_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr("dms.inference.fake_backend.FakeEngine.close", lambda self: closed.append(self.spec.slot))
    with pytest.raises(UsageError, match="no script for slot face_mesh"):
        EngineSet(["eye_landmarks", "face_mesh"], FakeBackend({"eye_landmarks": {}}))
    assert closed == ["eye_landmarks"]


def test_fake_set_needs_no_built_engines(own_cache: Path) -> None:
    scripts = {slot: zeros(contract(slot)) for slot in ("face_detector", "face_mesh")}
    with EngineSet(scripts, load_backend("fake", scripts=scripts)) as engines:
        assert engines["face_mesh"].run({"image": np.zeros((1, 192, 192, 1), np.uint8)})["mesh"].shape == (1, 468, 3)
        assert engines.hashes == {"face_detector": "", "face_mesh": ""}
