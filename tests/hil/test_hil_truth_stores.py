"""Training sets and drive logs made from labelled pictures: what goes in comes out, and nothing half-done stays."""

import json
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dms.drivelog.format import TRUTH, VEHICLE, LogHeader
from dms.drivelog.reader import LogReader
from dms.errors import InputError, UsageError
from dms.records import Frame
from hil.driver.behaviour.scenario import CameraSetup, Scenario
from hil.driver.split import split_of
from hil.driver.truth.atomic import finished_file, finished_folder
from hil.driver.truth.columns import WORDS, word
from hil.driver.truth.crops import SIZES, Kind, cuts
from hil.driver.truth.fake import FakeStudio
from hil.driver.truth.geometry import pinhole
from hil.driver.truth.labels import Truth, decode_truth
from hil.driver.truth.log_store import LogOptions, write_log
from hil.driver.truth.training_reader import TrainingSet, map_npz
from hil.driver.truth.training_store import MANIFEST, Plan, fill, make_shard, run_seed

SCENARIO = Scenario(name="fake", about="A fake.", duration_s=2.0, fps=8.0, camera=CameraSetup(size=(192, 128)))


@dataclass(frozen=True)
class Runs:
    """A module-level class, so that worker processes can have it, too."""

    scenario: Scenario = SCENARIO

    def __call__(self, seed: int) -> Generator[tuple[Frame, Truth], None, None]:
        with FakeStudio(self.scenario, seed=seed) as studio:
            yield from studio.frames()


def broken(seed: int) -> Generator[tuple[Frame, Truth], None, None]:
    """Ends in the middle of a run."""
    for number, pair in enumerate(Runs()(seed)):
        if number == 5:
            raise RuntimeError("lamp gone")
        yield pair


def plan(crop: Kind = "full", count: int = 10, per_shard: int = 4, seed: int = 3) -> Plan:
    width, height = SIZES[crop]
    return Plan(
        scenario="fake", scenario_sha256="0", seed=seed, crop=crop, width=width, height=height, count=count, per_shard=per_shard
    )


def test_a_set_comes_back_as_it_went_in(tmp_path: Path) -> None:
    manifest = fill(tmp_path / "set", plan(), Runs())
    assert manifest.complete and [s.rows for s in manifest.shards] == [4, 4, 2] and manifest.rows == 10
    made = TrainingSet(tmp_path / "set")
    assert len(made) == 10 and made.manifest == manifest
    (shard, *_) = made.manifest.shards
    data = made.shard(shard)
    frame, truth = next(Runs()(shard.seeds[0]))
    (cut,) = cuts(truth, "full", *SIZES["full"], (frame.width, frame.height))
    assert data["picture"].shape == (4, 240, 320) and (data["picture"][0] == cut.take(frame.grey, 320, 240)).all()
    assert truth.gaze is not None and truth.eyes is not None
    assert data["gaze_direction"][0] == pytest.approx(truth.gaze.direction_camera, abs=1e-6)
    assert data["visual_axis"][0, 1] == pytest.approx(truth.eyes["right"].direction_visual_camera, abs=1e-6)
    assert data["zone"][0] == word("zone", "road") and data["run"][0] == shard.seeds[0] and data["person"][0] == shard.seeds[0]
    assert shard.splits[split_of(shard.seeds[0])] == 4 and data["split"][0] == word("split", split_of(shard.seeds[0]))
    assert shard.landmarks == [m.name for m in truth.landmarks] and data["landmarks"].shape == (4, 5, 3)


@pytest.mark.parametrize("crop", ["eyes", "face", "full"])
def test_labels_of_a_cut_out_lie_on_its_pixels(crop: Kind) -> None:
    """The dark pupil of the fake is where the columns say, in pixels of the cut-out."""
    scenario = msgspec.structs.replace(SCENARIO, camera=CameraSetup(size=(640, 400)))
    frame, truth = list(Runs(scenario)(1))[4]
    width, height = (640, 400) if crop == "full" else SIZES[crop]
    for cut in cuts(truth, crop, width, height, (frame.width, frame.height)):
        picture = cut.take(frame.grey, width, height)
        assert truth.eyes is not None
        for side, eye in truth.eyes.items():
            if cut.eye in (None, side):
                assert eye.pupil is not None
                x, y, a, b, _ = cut.ellipse(eye.pupil)
                assert picture[round(y), round(x)] < 80, (crop, side)
                assert picture[round(y), round(x + 3.2 * a)] > 80 and b <= a


def test_eye_cut_outs_are_level_and_of_one_size() -> None:
    scenario = msgspec.structs.replace(SCENARIO, camera=CameraSetup(size=(640, 400)))
    _, truth = list(Runs(scenario)(1))[4]
    assert truth.head is not None and truth.eyes is not None and abs(truth.head.roll_deg) > 5
    between = pinhole(truth.camera, np.array([truth.eyes["right"].centre_camera_mm, truth.eyes["left"].centre_camera_mm]))
    found = {cut.eye: cut for cut in cuts(truth, "eyes", 96, 64, (640, 400))}
    assert set(found) == {"left", "right"}
    for side, cut in found.items():
        assert side is not None
        eye = truth.eyes[side]
        right, left = cut.points(between)
        assert right[1] == pytest.approx(left[1], abs=1e-6) and right[0] < left[0]
        assert cut.scale == pytest.approx(96 * eye.centre_camera_mm[2] / (48.0 * truth.camera.fx), rel=1e-6)
        assert abs(cut.ellipse(eye.iris)[0] - 47.5) < 12  # type: ignore[arg-type]


def test_hand_cut_outs_need_a_hand(tmp_path: Path) -> None:
    fill(tmp_path / "hands", plan("hand", count=3), Runs())
    data = TrainingSet(tmp_path / "hands").shard(TrainingSet(tmp_path / "hands").manifest.shards[0])
    assert (data["side"] == word("side", "right")).all() and np.isfinite(data["hand_points"]).all()
    assert (data["t"] >= 1.0).all() and (data["activity"] == word("activity", "phone_hand")).all()
    no_phone = msgspec.structs.replace(SCENARIO, duration_s=1e-3, fps=2000.0)  # its two pictures come before the phone
    with pytest.raises(UsageError, match="--crop hand"):
        fill(tmp_path / "none", plan("hand"), lambda seed: (p for p in Runs(no_phone)(seed) if not p[1].hands))
    assert [p.name for p in (tmp_path / "none").iterdir()] == [MANIFEST]


def test_unknown_is_nan_and_255() -> None:
    assert word("zone", None) == 255 and word("gesture", "made_up") == 255 and word("split", "train") == 0
    assert all(len(words) < 255 and len(set(words)) == len(words) for words in WORDS.values())


def test_workers_give_the_same_bytes(tmp_path: Path) -> None:
    alone = fill(tmp_path / "alone", plan(count=12), Runs())
    together = fill(tmp_path / "together", plan(count=12), Runs(), workers=2)
    assert [s.sha256 for s in alone.shards] == [s.sha256 for s in together.shards] and together.complete
    assert len({s for shard in alone.shards for s in shard.seeds}) == len(alone.shards)


def test_a_broken_job_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    with pytest.raises(RuntimeError, match="lamp"):
        fill(folder, plan(per_shard=7, count=14), broken)
    assert [p.name for p in folder.iterdir()] == [MANIFEST] and not TrainingSet(folder).manifest.complete
    made: list[int] = []

    def counted(seed: int) -> Generator[tuple[Frame, Truth], None, None]:
        made.append(seed)
        yield from Runs()(seed)

    first = make_shard(folder, plan(per_shard=7, count=14), 0, Runs())
    manifest = TrainingSet(folder).manifest
    (folder / MANIFEST).write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, shards=[first])))
    done = fill(folder, plan(per_shard=7, count=14), counted)
    assert done.complete and made == [run_seed(3, 1, 0)] and done.shards[0] == first
    fill(folder, plan(per_shard=7, count=14), broken)  # nothing is missing, so nothing is made


def test_another_set_in_the_folder_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "set", plan(count=1), Runs())
    with pytest.raises(UsageError, match=r"another training set \(seed, count differ\)"):
        fill(tmp_path / "set", plan(count=2, seed=4), Runs())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "diary.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        fill(tmp_path / "other", plan(count=1), Runs())


@pytest.mark.parametrize("text", ["", "{", '{"plan": {}}', '{"schema": "dms.training/9", "plan": 1}'])
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InputError, match=MANIFEST):
        TrainingSet(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        TrainingSet(tmp_path / "none")


def test_batches_cover_the_set_once(tmp_path: Path) -> None:
    made = TrainingSet(tmp_path) if fill(tmp_path, plan(count=11), Runs()) else None
    assert made is not None
    straight = list(made.batches(3, ("t", "run")))
    assert [len(b["t"]) for b in straight] == [3, 3, 3, 2] and set(straight[0]) == {"t", "run"}
    mixed = list(made.batches(3, ("t", "run"), shuffle=1))
    again = list(made.batches(3, ("t", "run"), shuffle=1))
    assert all((a["t"] == b["t"]).all() for a, b in zip(mixed, again, strict=True))
    rows = [
        sorted(zip(np.concatenate([b["t"] for b in x]), np.concatenate([b["run"] for b in x]), strict=True))
        for x in (straight, mixed)
    ]
    assert rows[0] == rows[1] and any((a["t"] != b["t"]).any() for a, b in zip(straight, mixed, strict=True))
    assert made.rows("train") + made.rows("test") == 11
    for split in ("train", "test"):
        assert sum(len(b["t"]) for b in made.batches(4, ("t",), split)) == made.rows(split)  # type: ignore[arg-type]


def test_columns_are_mapped_not_loaded(tmp_path: Path) -> None:
    manifest = fill(tmp_path, plan(count=2), Runs())
    data = map_npz(tmp_path / manifest.shards[0].file, ("picture",))
    assert isinstance(data["picture"], np.memmap) and not data["picture"].flags.writeable
    with pytest.raises(InputError, match="no column"):
        map_npz(tmp_path / manifest.shards[0].file, ("colour",))
    path = tmp_path / manifest.shards[0].file
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="damaged"):
        map_npz(path)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
        st.tuples(st.sampled_from(["u1", "<f4", "<f8", "<i8", "?"]), st.lists(st.integers(0, 4), min_size=0, max_size=3)),
        min_size=1,
        max_size=5,
    )
)
def test_any_shard_is_mapped_as_numpy_loads_it(tmp_path: Path, columns: dict[str, tuple[str, list[int]]]) -> None:
    rng = np.random.default_rng(0)
    arrays = {name: (rng.uniform(0, 200, shape)).astype(kind) for name, (kind, shape) in columns.items()}
    np.savez(tmp_path / "any.npz", **arrays)  # type: ignore[arg-type]
    mapped = map_npz(tmp_path / "any.npz")
    with np.load(tmp_path / "any.npz") as loaded:
        assert set(mapped) == set(loaded.files)
        for name in loaded.files:
            assert mapped[name].dtype == loaded[name].dtype and mapped[name].shape == loaded[name].shape
            assert (np.asarray(mapped[name]) == loaded[name]).all()


@pytest.mark.parametrize("codec", ["jpeg", "h264", "png"])
def test_log_holds_pictures_labels_vehicle_and_can(tmp_path: Path, codec: str) -> None:
    studio = FakeStudio(SCENARIO)
    header = LogHeader(camera=studio.camera, vehicle="example_lhd")
    pairs = list(studio.frames())
    count = write_log(tmp_path / "drive.mcap", iter(pairs), header, LogOptions(codec=codec, fps=8.0))  # type: ignore[arg-type]
    assert count == 16 and [p.name for p in tmp_path.iterdir()] == ["drive.mcap"]
    with LogReader(tmp_path / "drive.mcap") as log:
        assert log.header is not None and log.header.camera == studio.camera and log.header.vehicle == "example_lhd"
        frames = list(log.frames())
        labels = [decode_truth(m.data) for m in log.messages((TRUTH,))]
        vehicles = [m.json() for m in log.messages((VEHICLE,))]
        traffic = list(log.can())
    assert labels == [truth for _, truth in pairs] and [f.t for f in frames] == [f.t for f, _ in pairs]
    assert len(vehicles) == 16 and vehicles[3]["speed_kmh"] == 90.0
    assert abs(frames[5].grey.astype(int) - pairs[5][0].grey).mean() < 4
    ids = {record.id for _, record in traffic}
    assert len(ids) == 4 and sum(record.id == min(ids) for _, record in traffic) > 10  # HOC_Request and the car's three


def test_takeover_request_is_on_the_bus(tmp_path: Path) -> None:
    from dms.bus.layout import load

    layout = load()["HOC_Request"]
    pairs = []
    for frame, truth in FakeStudio(SCENARIO).frames():
        state = "takeover_request" if 0.5 <= frame.t < 1.0 else "active"
        pairs.append((frame, msgspec.structs.replace(truth, vehicle=msgspec.structs.replace(truth.vehicle, l3_state=state))))
    write_log(tmp_path / "drive.mcap", pairs, LogHeader())
    with LogReader(tmp_path / "drive.mcap") as log:
        sent = [(t, layout.unpack(record.data)) for t, record in log.can() if record.id == layout.can_id]
    asked = [t for t, codes in sent if layout.signals["Hoc_TorPhase"].label(codes["Hoc_TorPhase"]) == "Imminent"]
    assert asked and 0.5 <= min(asked) < 0.52 and 0.97 < max(asked) < 1.0


def test_a_log_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "drive.mcap").write_text("old")
    with pytest.raises(RuntimeError, match="lamp"):
        write_log(tmp_path / "drive.mcap", broken(1), LogHeader())
    assert (tmp_path / "drive.mcap").read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(InputError, match="no folder"):
        write_log(tmp_path / "none" / "drive.mcap", Runs()(1), LogHeader())
    with pytest.raises(InputError, match="is a folder"):
        write_log(tmp_path, Runs()(1), LogHeader())


def interrupted(make: Callable[[Path], AbstractContextManager[Path]], path: Path) -> None:
    with make(path) as part:
        (part / "a" if part.is_dir() else part).touch()
        raise KeyboardInterrupt


def test_finished_names(tmp_path: Path) -> None:
    with finished_folder(tmp_path / "new") as part:
        (part / "a.json").write_text(json.dumps(1))
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "new" / "a.json").exists()
    with pytest.raises(UsageError, match="not empty"), finished_folder(tmp_path / "new"):
        pass
    for name, make in (("second", finished_folder), ("file", finished_file)):
        with pytest.raises(KeyboardInterrupt):
            interrupted(make, tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["new"]
    (tmp_path / "empty").mkdir()
    with finished_folder(tmp_path / "empty") as part:
        (part / "b").touch()
    assert (tmp_path / "empty" / "b").exists()
