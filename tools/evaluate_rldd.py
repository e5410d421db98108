"""Three levels of sleepiness from blinks of real people (UTA-RLDD features): a small classifier, and the shipped network's order.

    python tools/evaluate_rldd.py FOLDER [--fold 1 2]

FOLDER holds ``blinks_foldN.npy`` [n, 30, 4] (frequency, amplitude, duration, reopening velocity of 30 blinks, in standard
deviations from the person's own alert blinks) and ``labels_foldN.npy`` (0 alert, 5 low vigilant, 10 drowsy). The folds hold
different people.

The classifier is trained on one fold and tested on the other, both ways: it exists for this figure alone and is shipped nowhere.
The network was trained on simulated drives only; here it is asked how it orders the sequences, beside plain measures.
Sequences overlap and come from about three videos a person, so intervals are bootstrapped over people.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dms.assessment.lid_history import BIN_ROWS, BINS, BLINK_ROWS, BLINKS
from tools.training.answer import answered, needs

Array = NDArray[np.float64]
CLASSES = 3
PENALTY = 0.03
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
VARIATION = {"duration": 0.35, "velocity": 0.4}
"""Spread over mean of alert blinks: turns plain standard scores into those of the logarithm, which the network is given.
The frequency is left out: its scores reach +-100 (an average over the video so far), which is nothing an interval could be."""
SECONDS_A_BLINK = 4.0
"""Ages are not in the data: 15 blinks a minute."""


@dataclass(frozen=True)
class Fold:
    """Sequences, levels 0..2, and which video and person each comes from (read off where the label changes)."""

    name: str
    blinks: Array
    level: NDArray[np.intp]
    video: NDArray[np.intp]
    person: NDArray[np.intp]


def read_fold(folder: Path, number: int) -> Fold:
    blinks = np.load(folder / f"blinks_fold{number}.npy").astype(np.float64)
    level = np.rint(np.load(folder / f"labels_fold{number}.npy").ravel() / 5.0).astype(np.intp)
    change = np.diff(level) != 0
    video = np.concatenate([[0], np.cumsum(change)])
    person = np.concatenate([[0], np.cumsum(change & (level[1:] == 0))])
    return Fold(f"fold{number}", blinks, level, video, person)


def squeezed(blinks: Array) -> Array:
    """Heavy tails tamed, sign kept."""
    return np.sign(blinks) * np.log1p(np.abs(blinks))


def summary(blinks: Array) -> Array:
    """Mean and spread of the four features with squares (alert is near 0, either side may be sleepy), and deciles."""
    z = squeezed(blinks)
    mean, spread = z.mean(1), np.log(z.std(1) + 0.05)
    both = np.concatenate([mean, spread], axis=1)
    deciles = [np.quantile(z, q, axis=1) for q in (0.1, 0.5, 0.9)]
    return np.concatenate([both, both**2, np.abs(mean), *deciles], axis=1)


def without_frequency(blinks: Array) -> Array:
    """The same; the frequency's closeness to the own alert videos may be made by the normalisation, so it is also left out."""
    return summary(np.concatenate([np.zeros_like(blinks[..., :1]), blinks[..., 1:]], axis=2))


def means_only(blinks: Array) -> Array:
    return squeezed(blinks).mean(1)


def fit(x: Array, level: NDArray[np.intp], weight: Array, penalty: float) -> Array:
    """Multinomial logistic regression with an L2 penalty; [1 + features, classes]."""
    from scipy.optimize import minimize

    n, width = x.shape
    classes = int(level.max()) + 1
    target, share = np.eye(classes)[level], weight / weight.sum()

    def loss(flat: Array) -> tuple[float, Array]:
        beta = flat.reshape(width + 1, classes)
        p = softmax(x @ beta[1:] + beta[0])
        value = -(share * np.log(p[np.arange(n), level] + 1e-12)).sum() + penalty * (beta[1:] ** 2).sum() / 2
        slope = (p - target) * share[:, None]
        return value, np.concatenate([slope.sum(0)[None], x.T @ slope + penalty * beta[1:]]).ravel()

    start = np.zeros((width + 1) * classes)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x).reshape(-1, classes)


def softmax(score: Array) -> Array:
    e = np.exp(score - score.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True))


def classify(
    train: Fold, blinks: Array, penalty: float, features: Any = summary, by_video: bool = True, ordered: bool = True
) -> NDArray[np.intp]:
    """Levels of unseen people.

    ``by_video``: every video weighs the same, however many sequences it gave. ``ordered``: two cuts (above alert, above low
    vigilant), each a logistic regression, instead of three unordered classes.
    """
    x = features(train.blinks)
    middle, spread = x.mean(0), x.std(0) + 1e-9
    weight = 1.0 / np.bincount(train.video)[train.video] if by_video else np.ones(len(x))
    x, unseen = (x - middle) / spread, (features(blinks) - middle) / spread
    if not ordered:
        beta = fit(x, train.level, weight, penalty)
        return np.asarray((unseen @ beta[1:] + beta[0]).argmax(1))
    above = []
    for cut in (1, 2):
        beta = fit(x, (train.level >= cut).astype(np.intp), weight, penalty)
        above.append(softmax(unseen @ beta[1:] + beta[0])[:, 1])
    return np.asarray(np.stack([1.0 - above[0], np.maximum(0.0, above[0] - above[1]), above[1]], axis=1).argmax(1))


def inside(fold: Fold, penalty: float, parts: int = 4) -> float:
    """Accuracy within one fold, people left out in turn: what a penalty may be chosen by."""
    right = 0
    for part in range(parts):
        out = fold.person % parts == part
        kept = Fold(
            fold.name, fold.blinks[~out], fold.level[~out], np.unique(fold.video[~out], return_inverse=True)[1], fold.person
        )
        right += int((classify(kept, fold.blinks[out], penalty) == fold.level[out]).sum())
    return right / len(fold.level)


def interval(right: NDArray[np.bool_], person: NDArray[np.intp]) -> list[float]:
    """95 % of the accuracy when the people are drawn again."""
    rng = np.random.default_rng(0)
    people = [right[person == p] for p in np.unique(person)]
    drawn = [np.concatenate([people[i] for i in rng.integers(0, len(people), len(people))]).mean() for _ in range(1000)]
    return [round(float(x), 3) for x in np.percentile(drawn, (2.5, 97.5))]


def both_ways(one: Fold, other: Fold, penalty: float, **how: Any) -> list[float]:
    ways = ((one, other), (other, one))
    return [float((classify(a, b.blinks, penalty, **how) == b.level).mean()) for a, b in ways]


def classifier_figures(one: Fold, other: Fold) -> dict[str, Any]:
    found = {}
    for train, test in ((one, other), (other, one)):
        right = classify(train, test.blinks, PENALTY) == test.level
        recall = [float(right[test.level == c].mean()) for c in range(CLASSES)]
        found[f"{train.name} to {test.name}"] = {
            "n": len(right), "people": len(np.unique(test.person)), "accuracy": round(float(right.mean()), 3),
            "interval_over_people": interval(right, test.person), "balanced": round(float(np.mean(recall)), 3),
            "recall": [round(r, 3) for r in recall], "largest_class": round(float(np.bincount(test.level).max() / len(right)), 3),
        }  # fmt: skip
    ways = both_ways(one, other, PENALTY)
    penalties = {
        str(p): {
            "accuracy": [round(a, 3) for a in both_ways(one, other, p)],
            "people_left_out_inside_the_training_fold": [round(inside(f, p), 3) for f in (one, other)],
        }
        for p in PENALTIES
    }
    return {
        **found, "mean": round(float(np.mean(ways)), 3), "half_spread": round(abs(ways[0] - ways[1]) / 2, 3),
        "penalties": penalties,
        "means_only": [round(a, 3) for a in both_ways(one, other, PENALTY, features=means_only)],
        "without_frequency": [round(a, 3) for a in both_ways(one, other, PENALTY, features=without_frequency)],
        "three_unordered_classes": {str(p): [round(a, 3) for a in both_ways(one, other, p, ordered=False)] for p in PENALTIES},
        "every_sequence_the_same_weight": [round(a, 3) for a in both_ways(one, other, PENALTY, by_video=False)],
    }  # fmt: skip


def network_inputs(sequence: Array) -> dict[str, NDArray[np.float32]]:
    """One sequence as the network's input: what the data do not hold stays 0, as in a car without it."""
    blinks = np.zeros((1, BLINK_ROWS, BLINKS), np.float32)
    real = sequence[np.abs(sequence).sum(1) > 0]
    if len(real):
        _, amplitude, duration, velocity = real.T
        age = np.arange(len(real))[::-1] * SECONDS_A_BLINK / 300.0
        rows = (
            np.ones(len(real)), of_logarithm(duration, VARIATION["duration"]), amplitude, np.zeros(len(real)),
            of_logarithm(velocity, VARIATION["velocity"]), np.zeros(len(real)), age,
        )  # fmt: skip
        for n, row in enumerate(rows):
            blinks[0, n, -len(real) :] = np.clip(row, -5.0, 5.0)
    return {"blinks": blinks, "bins": np.zeros((1, BIN_ROWS, BINS), np.float32), "known": np.ones((1, 1), np.float32)}


def of_logarithm(z: Array, variation: float) -> Array:
    """Standard score of the logarithm from a plain one."""
    return np.log(np.maximum(0.05, 1.0 + variation * z)) / variation


def network_kss(fold: Fold) -> Array:
    from dms.inference.engine_set import EngineSet

    with EngineSet(("drowsiness",)) as engines:
        return np.array([float(engines["drowsiness"].run(network_inputs(s))["kss"][0, 0]) for s in fold.blinks])


def order_figures(fold: Fold) -> dict[str, Any]:
    """Spearman's rho with the level: over all sequences, and the mean over people (each against the own videos)."""
    from scipy.stats import spearmanr

    scores = {
        "network": network_kss(fold),
        "mean_duration": squeezed(fold.blinks)[..., 2].mean(1),
        "long_blinks (like PERCLOS)": (fold.blinks[..., 2] > 3.0).mean(1),
        "slow_reopening": -squeezed(fold.blinks)[..., 3].mean(1),
        "duration and slow reopening": squeezed(fold.blinks)[..., 2].mean(1) - squeezed(fold.blinks)[..., 3].mean(1),
    }
    found = {}
    for name, score in scores.items():
        people = (fold.person == p for p in np.unique(fold.person))
        own = [float(spearmanr(score[m], fold.level[m])[0]) for m in people if np.ptp(score[m]) > 0]
        found[name] = {
            "all": round(float(spearmanr(score, fold.level)[0]), 3), "mean_over_people": round(float(np.mean(own)), 3),
            "spread_over_people": round(float(np.std(own)), 3), "right_order": f"{sum(r > 0 for r in own)} of {len(own)} people",
        }  # fmt: skip
    return found


def worst_people(folds: tuple[Fold, Fold], most: int) -> list[dict[str, Any]]:
    """The people whose levels the network orders worst: rho with the level, and at each level its mean KSS and the blinks' mean
    duration in the person's own standard deviations."""
    from scipy.stats import spearmanr

    found: list[dict[str, Any]] = []
    for fold in folds:
        kss, duration = network_kss(fold), squeezed(fold.blinks)[..., 2].mean(1)
        for number, person in enumerate(np.unique(fold.person), 1):
            there = fold.person == person
            means = {
                name: [round(float(v[there & (fold.level == k)].mean()), 2) for k in np.unique(fold.level[there])]
                for name, v in (("kss", kss), ("duration", duration))
            }
            rho = float(spearmanr(kss[there], fold.level[there])[0])
            found.append({"person": f"{fold.name} {number}", "rho": round(rho, 2), "n": int(there.sum())} | means)
    return sorted(found, key=lambda row: float(row["rho"]))[:most]


def main() -> int:
    """Prints the figures as JSON."""
    needs("scipy", "onnxruntime")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fold", type=int, nargs=2, default=(1, 2))
    parser.add_argument("--no-network", action="store_true", help="only the classifier")
    parser.add_argument("--worst", type=int, metavar="N", help="only: the N people whose levels are ordered worst")
    args = parser.parse_args()
    one, other = (read_fold(args.folder, n) for n in args.fold)
    if args.worst:
        print("\n".join(map(json.dumps, worst_people((one, other), args.worst))))
        return 0
    result: dict[str, Any] = {"classifier": classifier_figures(one, other)}
    if not args.no_network:
        result["order"] = {fold.name: order_figures(fold) for fold in (one, other)}
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
