"""Augmentation keeps pictures pictures and repeats itself; recipes say what the programs do; training resumes where it was."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from dms.perception.eye_patch import GAZE_SIZE, HEIGHT, WIDTH
from tools.training import augment
from tools.training.covers import cover
from tools.training.lashes import draw_lashes

ROOT = Path(__file__).resolve().parents[2]
SET_SEEDS = {"faces": 4001, "eyes": 4002, "hands": 4003, "people": 4007, "heads": 4011}


def face(seed: int = 0) -> np.ndarray:
    return augment.background(np.random.default_rng(seed), 96, 96)


@pytest.mark.parametrize(
    "change", [augment.relight, augment.sensor, augment.shade, augment.strands, lambda r, p: augment.occlude(r, p)[0]]
)
@pytest.mark.parametrize("seed", range(6))
def test_augmentation_is_a_picture_and_repeats(change: Any, seed: int) -> None:
    once, twice = (change(np.random.default_rng(seed), face()) for _ in range(2))
    assert once.dtype == np.uint8 and once.shape == (96, 96)
    assert np.array_equal(once, twice)


def test_what_is_put_behind_stays_behind() -> None:
    driver = np.zeros((96, 96), bool)
    driver[:, 30:66] = True
    mixed = augment.put_behind(np.random.default_rng(0), np.full((96, 96), 200, np.uint8), driver, np.zeros((96, 96), np.uint8))
    assert mixed[:, 40:56].min() >= 198 and mixed[:, :20].max() == 0


def test_a_thing_in_the_way_covers_what_it_says() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        picture = np.full((HEIGHT, WIDTH), 90, np.uint8)
        changed, hidden = augment.occlude(rng, picture)
        assert np.array_equal(changed[~_grown(hidden)], picture[~_grown(hidden)])


def _grown(mask: np.ndarray) -> np.ndarray:
    out = mask.copy()
    for _ in range(5):
        out[1:] |= out[:-1].copy()
        out[:-1] |= out[1:].copy()
        out[:, 1:] |= out[:, :-1].copy()
        out[:, :-1] |= out[:, 1:].copy()
    return out


def lids(gap: float) -> tuple[np.ndarray, np.ndarray]:
    x = np.linspace(12, 36, 24)
    arch = np.sin(np.linspace(0, np.pi, 24))
    return np.stack([x, 17 - gap * arch], 1), np.stack([x[::2], 17 + 0.2 * gap * arch[::2]], 1)


@pytest.mark.parametrize("seed", range(8))
def test_a_cover_hides_what_it_says(seed: int) -> None:
    """Cloth, hands and hair lie where the mask says, mostly all over, and are drawn again from the same seed."""
    patch = augment.background(np.random.default_rng(seed), HEIGHT, WIDTH)
    changed, hidden = cover(np.random.default_rng(seed), patch)
    again, _ = cover(np.random.default_rng(seed), patch)
    assert changed.dtype == np.uint8 and changed.shape == patch.shape and np.array_equal(changed, again)
    assert hidden.any() and np.array_equal(changed[~_grown(hidden)], patch[~_grown(hidden)])


def test_lashes_darken_the_margin_and_repeat() -> None:
    skin = np.full((HEIGHT, WIDTH), 120, np.uint8)
    drawn = [draw_lashes(np.random.default_rng(seed), skin, *lids(0.5), 0.0) for seed in range(40)]
    assert np.array_equal(drawn[3], draw_lashes(np.random.default_rng(3), skin, *lids(0.5), 0.0))
    margin = np.mean([d[15:20, 16:32].mean() for d in drawn])
    assert margin < 112  # darker at the margin
    assert abs(np.mean([d[28:, :].mean() for d in drawn]) - 120) < 8  # the cheek is left alone


def test_lashes_are_drawn_in_the_same_place_on_the_larger_patch() -> None:
    width, height = GAZE_SIZE
    large = [draw_lashes(np.random.default_rng(s), np.full((height, width), 120, np.uint8), *lids(0.5), 0.0) for s in range(40)]
    small = [draw_lashes(np.random.default_rng(s), np.full((HEIGHT, WIDTH), 120, np.uint8), *lids(0.5), 0.0) for s in range(40)]
    darkest = [np.mean(drawn, axis=0).mean(axis=1).argmin() for drawn in (large, small)]
    assert (darkest[0] - height / 2) / width == pytest.approx((darkest[1] - HEIGHT / 2) / WIDTH, abs=1.5 / WIDTH)


def test_corners_of_the_lids_move_and_the_iris_stays() -> None:
    """Marks go where the picture went; the middle of the patch, where the iris is, hardly moves."""
    sys.path.insert(0, str(ROOT / "engines" / "gaze"))
    from eyes import CORNER_AT_MM, MARKS, PIXELS_A_MM, other_corners

    width, height = GAZE_SIZE
    far = CORNER_AT_MM * PIXELS_A_MM
    marks = np.zeros((2, MARKS), np.float32)
    marks[:, 3], marks[:, 5] = far, -far
    moved = []
    for seed in range(20):
        patch = np.zeros((height, width), np.uint8)
        for x in (-far, 0, far):
            cv2.circle(patch, (round(width / 2 + x), height // 2), 2, 255, -1)
        drawn, said = other_corners(np.random.default_rng(seed), {"left": patch, "right": patch}, marks)
        middle, outer = _centre(drawn["left"][:, 24:40]), _centre(drawn["left"][:, 40:])
        assert abs(middle[1] - height / 2) < 0.8
        assert outer[1] - height / 2 == pytest.approx(said[0, 4], abs=0.7)
        moved.append(said[0, 4])
    assert np.std(moved) > 0.5


def test_a_head_fit_that_is_off_is_still_a_head() -> None:
    """Forward and up stay ten long and square to each other; they turn by about what the fit is off on real faces."""
    sys.path.insert(0, str(ROOT / "engines" / "gaze"))
    from eyes import FIT_OFF_DEG, fit_off

    straight = np.tile(np.array([0, 0, -10, 0, -10, 0], np.float32), (400, 1))
    forward, up = np.split(fit_off(np.random.default_rng(2), straight), 2, axis=1)
    assert np.allclose(np.linalg.norm(forward, axis=1), 10, atol=1e-3) and np.abs((forward * up).sum(axis=1)).max() < 1e-2
    turned = np.degrees(np.arccos(np.clip(-forward[:, 2] / 10, -1, 1)))
    assert np.sqrt((turned**2).mean() / 2) == pytest.approx(FIT_OFF_DEG, rel=0.1)


def _centre(part: np.ndarray) -> np.ndarray:
    y, x = np.nonzero(part > 60)
    return np.array([x.mean(), y.mean()])


@pytest.mark.parametrize("engine", ["head_pose", "eye_state", "gaze", "hand_detector"])
def test_recipes_say_what_the_programs_do(engine: str) -> None:
    recipe = yaml.safe_load((ROOT / "engines" / engine / "recipe.yaml").read_text())
    source = (ROOT / "engines" / engine / "train.py").read_text()
    training = recipe["training"]
    assert f"--steps {training['steps']}" in training["command"]
    for key in ("steps", "batch", "seed"):
        assert training[key] == _constant(source, key.upper()), key
    assert recipe["pictures"]["seed"] == SET_SEEDS[recipe["pictures"]["set"]]
    assert f'"{recipe["pictures"]["set"]}": Recipe(' in (ROOT / "tools/training/render.py").read_text()
    assert str(recipe["pictures"]["seed"]) in (ROOT / "tools/training/render.py").read_text()


def _constant(source: str, name: str) -> int:
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return int(ast.literal_eval(node.value))
            if isinstance(target, ast.Tuple):
                for item, value in zip(target.elts, ast.literal_eval(node.value), strict=True):
                    if isinstance(item, ast.Name) and item.id == name:
                        return int(value)
    raise AssertionError(f"no {name}")


@pytest.mark.parametrize(
    ("engine", "functions"), [("head_pose", {"cut_head", "head_roi"}), ("eye_state", {"cut_eye", "eye_roi"})]
)
def test_training_cuts_with_the_running_chains_functions(engine: str, functions: set[str]) -> None:
    """No second pre-processing: what the networks are trained on is cut by the functions that the chain calls."""
    tree = ast.parse((ROOT / "engines" / engine / "train.py").read_text())
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dms.perception")
        for alias in node.names
    }
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert functions <= taken & called
    running = (ROOT / "dms/perception/pipeline.py").read_text() + (ROOT / "dms/perception/head_net.py").read_text()
    running += (ROOT / "dms/perception/eye_state.py").read_text()
    assert all(f"{name}(" in running for name in functions)


def test_training_goes_on_where_it_was(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="training needs the train extra")
    from tools.training.loop import Schedule, train

    def batches(done: int) -> Any:
        while True:
            rng = np.random.default_rng(done)
            x = torch.from_numpy(rng.standard_normal((8, 3))).float()
            yield x, x.sum(1, keepdim=True)
            done += 1

    def loss(module: Any, batch: Any) -> dict[str, Any]:
        return {"off": (module(batch[0]) - batch[1]).abs().mean()}

    def fresh() -> Any:
        torch.manual_seed(1)
        return torch.nn.Linear(3, 1)

    def schedule(steps: int) -> Schedule:
        return Schedule(20, {"": 0.05}, warm_up=2, log_every=5, save_every=steps)

    whole = train(fresh(), batches, loss, schedule(20), tmp_path / "whole")

    class Broken(Exception):
        pass

    def stops(done: int) -> Any:
        for number, batch in enumerate(batches(done)):
            if done + number == 13:
                raise Broken
            yield batch

    with pytest.raises(Broken):
        train(fresh(), stops, loss, schedule(10), tmp_path / "parts")
    resumed = train(fresh(), batches, loss, schedule(10), tmp_path / "parts")
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)
    assert (tmp_path / "parts" / "log.csv").read_text().count("\n") >= 4


@pytest.mark.parametrize("program", ["tools.training.meshes", "tools.training.evaluate"])
def test_a_missing_set_is_one_line(program: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", program, str(tmp_path / "none")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1 and "manifest.json: cannot be read" in done.stderr
    assert "tools.training.render" in done.stderr


def run_without(package: str, file: str) -> tuple[int, str]:
    """Exit code and stderr of a program where ``package`` is not installed."""
    path = str(ROOT / file)
    program = f"import runpy, sys; sys.modules[{package!r}] = None; sys.argv = [{path!r}]; "
    program += f"runpy.run_path({path!r}, run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("engine", ["head_pose", "eye_state", "gaze", "drowsiness", "gesture", "gesture_motion", "hand_detector"])
def test_training_without_torch_is_one_line(engine: str) -> None:
    said = "error: torch not installed; this program needs: pip install -e '.[train]'\n"
    assert run_without("torch", f"engines/{engine}/train.py") == (4, said)


@pytest.mark.parametrize("tool", ["measure_heads", "measure_real", "measure_clutter", "measure_turning", "time_engines"])
def test_measuring_without_onnx_runtime_is_one_line(tool: str) -> None:
    said = "error: onnxruntime not installed; this program needs: pip install -e '.[cpu]'\n"
    assert run_without("onnxruntime", f"tools/{tool}.py") == (4, said)
