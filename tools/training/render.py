"""Renders the picture sets the networks are trained on. Resumable: the same command goes on where it was broken off.

python -m tools.training.render faces OUT --count 9792
python -m tools.training.render heads OUT --count 3904
python -m tools.training.render eyes  OUT --count 20000 --workers 2
python -m tools.training.render people OUT --count 9600 --workers 2
python -m tools.training.render hands OUT --count 2816
python -m tools.training.render portraits OUT --count 576

``faces``: 256 x 256, about 300 mm wide, 48 shots a driver; for head pose. ``heads``: the same, 8 shots a driver, turned and
nodding more. ``eyes``: 224 x 112, 160 mm, both eyes; for eye state. ``people``: 448 x 448, 300 mm, as fine as a car's camera
shows a face, nearly all with open eyes; for gaze. ``portraits``: the same, test drivers only; to measure the whole chain.
``hands``: 256 x 256, 300 to 1500 mm wide, for the hand detector, with the 21 points of each hand and which pixels are bare hand
or arm. Half of the cameras stand where cars have them, half anywhere before the face (``roaming``). The column ``driver`` says
which pixels belong to the driver, so that training can put any background behind them.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from dms.records import Frame
from hil.driver.behaviour.scenario import Scenario, ShotsSetup, load_scenario
from hil.driver.hand_shots import HandShots
from hil.driver.ids import Id
from hil.driver.shots import Shots
from hil.driver.split import test_seed
from hil.driver.truth.crops import Kind
from hil.driver.truth.jobs import asset_hash
from hil.driver.truth.labels import Truth
from hil.driver.truth.training_store import Plan, fill
from tools.training.answer import answered

NOT_DRIVER = (Id.BACKGROUND, Id.CABIN, Id.PASSENGER, Id.WHEEL)
SHOTS_A_DRIVER = 48
HAND_SHOTS_A_DRIVER = 64
"""A hand differs less from person to person than a face does, and a new driver costs as much as thirty pictures."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One set: picture size, seed, how the shots are drawn."""

    region: Kind
    size: tuple[int, int]
    seed: int
    setup: ShotsSetup
    shots: int = SHOTS_A_DRIVER
    test_only: bool = False

    def scenario(self) -> Scenario:
        """The shipped ``shots`` scenario, drawn this way."""
        plain = load_scenario("shots")
        return msgspec.structs.replace(plain, duration_s=self.shots, shots=self.setup)


RECIPES = {
    "faces": Recipe("face", (256, 256), 4001, ShotsSetup(hands=0.25, close=0.4, roaming=0.5)),
    "heads": Recipe("face", (256, 256), 4011, ShotsSetup(hands=0.25, close=0.15, roaming=0.5, nods=0.4), shots=8),
    "eyes": Recipe("eyes", (224, 112), 4002, ShotsSetup(yaw_deg=75, hands=0.4, close=0.4, shut=0.25, roaming=0.5)),
    "people": Recipe("face", (448, 448), 4007, ShotsSetup(yaw_deg=65, hands=0.1, close=0.5, shut=0.03, roaming=0.5), shots=32),
    "portraits": Recipe("face", (448, 448), 4006, ShotsSetup(yaw_deg=70, hands=0.15, close=0.3, roaming=0.3), test_only=True),
    "hands": Recipe("hand", (256, 256), 4003, ShotsSetup(yaw_deg=70, close=0.2, roaming=0.7), HAND_SHOTS_A_DRIVER),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One driver's shots; picklable, for workers."""

    recipe: Recipe

    def __call__(self, seed: int) -> Generator[tuple[Frame, Truth, dict[str, Any]], None, None]:
        recipe = self.recipe
        if recipe.test_only:
            seed = test_seed(seed)
        scenario = recipe.scenario()
        hands = recipe.region == "hand"
        made = (
            HandShots(scenario, size=recipe.size, seed=seed)
            if hands
            else Shots(scenario, size=recipe.size, seed=seed, region=recipe.region)
        )
        with made as shots:
            for frame, truth in shots.frames():
                driver = ~np.isin(shots.ids, NOT_DRIVER)
                own = {"driver": np.packbits(driver, axis=1)}
                yield frame, truth, own | (hand_columns(truth, shots.ids) if hands else {})


def hand_columns(truth: Truth, ids: Any) -> dict[str, Any]:
    """Points (2 x 21 x 2 px, right hand first, NaN without one), how much of each is seen, and bare skin of hands and arms."""
    points, visible = np.full((2, 21, 2), np.nan, np.float32), np.zeros(2, np.float32)
    for hand in truth.hands:
        row = ("right", "left").index(hand.side)
        points[row], visible[row] = hand.points_px, hand.visible
    return {"hands": points, "hands_visible": visible, "skin": np.packbits(ids == Id.HAND, axis=1)}


def plan_of(recipe: Recipe, count: int) -> Plan:
    """What the training store is asked for."""
    scenario = recipe.scenario()
    return Plan(
        scenario=scenario.name,
        scenario_sha256=hashlib.sha256(msgspec.json.encode(scenario)).hexdigest(),
        seed=recipe.seed,
        crop="full",
        width=recipe.size[0],
        height=recipe.size[1],
        count=count,
        per_shard=4 * recipe.shots,
        picture=recipe.size,
        asset_sha256=asset_hash(),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sorted(RECIPES))
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    recipe, start = RECIPES[args.set], time.monotonic()

    def tell(manifest: Any) -> None:
        print(f"{manifest.rows} of {args.count} in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)

    fill(args.out, plan_of(recipe, args.count), Run(recipe), args.workers, "tools.training.render", tell)
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
