"""Simulated drives of many different people, and the windows the drowsiness network learns from.

A drive is a course of the Karolinska level; blinks, slow closures, microsleeps, nods, glances and a faulty sensor follow from it
as ``recipe.yaml`` says. Every drive goes through the product's own ``Blinks`` and ``LidHistory``, picture by picture.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from dms.assessment.blinks import Blinks
from dms.assessment.eyes import UNSEEN, Lids
from dms.assessment.lid_history import LidHistory, Sample
from dms.assessment.windows import Tick
from dms.profiles import load_profile

Array = NDArray[np.float64]
RULES = load_profile("l3_default").rules
HERE = Path(__file__).resolve().parent
AHEAD_S = 60.0
"""Events are foretold so far ahead."""
EVENTS = ("microsleep", "sleep", "nod")
CLOSING_S, SHUT_S, OPENING_S = 0.070, 0.029, 0.155
"""hil/driver/behaviour/blinks.py (Evinger et al.)."""


def recipe() -> dict[str, Any]:
    """``recipe.yaml``."""
    with (HERE / "recipe.yaml").open(encoding="utf-8") as file:
        loaded: dict[str, Any] = yaml.safe_load(file)
    return loaded


def draw(rng: np.random.Generator, value: Any) -> float:
    """One person's value of a recipe entry."""
    if isinstance(value, dict):
        median, spread = value["log"]
        return float(np.clip(median * np.exp(spread * rng.standard_normal()), *value["clip"]))
    return float(rng.uniform(*value)) if isinstance(value, list) else float(value)


@dataclass(frozen=True)
class Drive:
    """One simulated drive, sample by sample; ``opening`` is NaN where the eyes are not seen. Event times in seconds."""

    t: Array
    opening: Array
    pitch: Array
    yaw: Array
    gaze: Array
    has_head: bool
    has_gaze: bool
    kss_t: Array
    kss: Array
    events: dict[str, list[float]]
    shut: Array
    """True share shut, for the plain measures."""

    def kss_at(self, t: float) -> float:
        """True Karolinska level."""
        return float(np.interp(t, self.kss_t, self.kss))


def ease(x: Array) -> Array:
    """Minimum-jerk course from 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)


def wobble(rng: np.random.Generator, t: Array, low_hz: float, high_hz: float) -> Array:
    """Slow aimless course with standard deviation 1."""
    speeds = low_hz * (high_hz / low_hz) ** rng.random(4)
    phases = rng.uniform(0, 2 * np.pi, 4)
    return np.sin(2 * np.pi * speeds[:, None] * t[None] + phases[:, None]).sum(axis=0) / np.sqrt(2.0)


class Simulator:
    """Draws a person and a drive."""

    def __init__(self, rng: np.random.Generator, plan: dict[str, Any]) -> None:
        self.rng, self.plan = rng, plan
        self.own = {
            f"{part}.{key}": draw(rng, value)
            for part in ("blinks", "closures", "look", "sensor")
            for key, value in plan[part].items()
        }
        self.events: dict[str, list[float]] = {name: [] for name in EVENTS}

    def drive(self) -> Drive:
        """The drive of this person."""
        rng, plan, own = self.rng, self.plan, self.own
        seconds, fps = float(plan["seconds"]), float(rng.choice(plan["fps"]))
        t = np.arange(int(seconds * fps)) / fps
        t = np.sort(np.maximum(0.0, t + plan["time_jitter"] / fps * np.clip(rng.standard_normal(t.size), -2, 2)))
        kss_t, kss = self._sleepiness(seconds)
        level = np.interp(t, kss_t, kss)
        pitch = own["look.head_wander_deg"] * wobble(rng, t, 0.02, 0.4)
        yaw = own["look.head_wander_deg"] * wobble(rng, t, 0.02, 0.4)
        closed, busy = self._closures(t, level, pitch)
        droop = own["closures.droop_at_9"] * np.clip((level - 5.5) / 3.5, 0.0, 1.0) * (1.0 + 0.3 * wobble(rng, t, 0.02, 0.2))
        blink = self._blinks(t, level, busy)
        shut = 1.0 - (1.0 - np.clip(droop, 0.0, 0.9)) * (1.0 - closed) * (1.0 - blink)
        scale, gaze_pitch, gaze_yaw = self._looks(t, level, pitch, yaw)
        opening = self._sensor(t, shut, scale)
        has_head = rng.random() > plan["sensor"]["no_head_share"]
        has_gaze = has_head and rng.random() > plan["sensor"]["no_gaze_share"]
        gaze = np.stack([gaze_pitch, gaze_yaw], axis=1)
        return Drive(t, opening, pitch, yaw, gaze, bool(has_head), bool(has_gaze), kss_t, kss, self.events, shut)

    def _sleepiness(self, seconds: float) -> tuple[Array, Array]:
        plan, rng = self.plan["sleepiness"], self.rng
        sleepy = rng.random() < plan["sleepy_start_share"]
        start, end = draw(rng, plan["sleepy_start" if sleepy else "start"]), draw(rng, plan["end"])
        t = np.arange(0.0, seconds + 5.0, 5.0)
        turn, width = rng.uniform(0.3, 0.8) * seconds, rng.uniform(0.05, 0.3) * seconds
        course = start + (end - start) / (1.0 + np.exp(-(t - turn) / width))
        return t, np.clip(course + plan["wander"] * wobble(rng, t, 0.001, 0.01), 1.0, 9.0)

    def _closures(self, t: Array, level: Array, pitch: Array) -> tuple[Array, list[tuple[float, float]]]:
        """Share shut by slow closures, microsleeps and sleep; when the eyes are busy with them. Nods go into ``pitch``."""
        own, rng, plan = self.own, self.rng, self.plan["closures"]
        shut, busy, now = np.zeros_like(t), [], 5.0
        while now < t[-1] - 15.0:
            now += 0.5
            kss = float(np.interp(now, t, level))
            kind = None
            for name, key in (("sleep", "sleep"), ("microsleep", "microsleep"), ("slow", "slow")):
                rate = own["closures.factor"] * plan[f"{key}_per_min_per_level"] * max(0.0, kss - plan[f"{key}_above"])
                if rng.random() < rate * 0.5 / 60.0:
                    kind = name
                    break
            if kind is None:
                continue
            stay = draw(rng, plan[f"{kind}_s"])
            closing, opening = {"slow": (0.5, 0.55), "microsleep": (0.35, 0.3), "sleep": (1.2, 0.3)}[kind]
            deep = rng.uniform(0.84, 1.0) if kind == "slow" else 1.0
            part = deep * ease((t - now) / closing) * (1.0 - ease((t - now - closing - stay) / opening))
            shut = np.maximum(shut, np.where(t >= now, part, 0.0))
            end = now + closing + stay + opening
            busy.append((now, end))
            if kind != "slow":
                self.events[kind].append(now + closing)
            self._nod(t, pitch, now, end, kind)
            now = end + 1.5
        return shut, busy

    def _nod(self, t: Array, pitch: Array, start: float, end: float, kind: str) -> None:
        rng = self.rng
        if kind == "slow" and rng.random() > self.plan["closures"]["nod_share"]:
            return
        depth = {"slow": (8, 18), "microsleep": (5, 12), "sleep": (12, 24)}[kind]
        sink = ease((t - start) / max(0.8, end - start)) * (1.0 - ease((t - end) / 0.35))
        pitch -= float(rng.uniform(*depth)) * np.where(t >= start, sink, 0.0)
        if kind == "slow":
            self.events["nod"].append(end)

    def _blinks(self, t: Array, level: Array, busy: list[tuple[float, float]]) -> Array:
        own, rng = self.own, self.rng
        shut, now = np.zeros_like(t), float(rng.uniform(0.5, 4.0))
        often, long = (np.exp(own[f"blinks.{name}_wander"] * wobble(rng, t, 0.001, 0.02)) for name in ("rate", "duration"))
        while now < t[-1] - 2.0:
            kss = float(np.interp(now, t, level))
            if not any(a - 0.5 < now < b + 0.3 for a, b in busy[-400:]):
                self._one_blink(t, shut, now, kss, float(np.interp(now, t, long)))
            rate = own["blinks.rate_per_min"] * (1.0 + own["blinks.rate_growth"] * (kss - 5.0) / 8.0)
            rate *= float(np.interp(now, t, often))
            spread = own["blinks.interval_spread"]
            pause = 60.0 / rate * np.exp(spread * rng.standard_normal() - spread * spread / 2.0)
            now += float(rng.uniform(0.35, 1.0) if rng.random() < own["blinks.bursts"] else max(0.4, pause))
        return shut

    def _one_blink(self, t: Array, shut: Array, start: float, kss: float, longer: float) -> None:
        own, rng = self.own, self.rng
        growth = 1.0 + own["blinks.growth_per_level"] * (kss - 1.0)
        slow = own["blinks.duration"] * longer * growth * np.exp(own["blinks.duration_spread"] * rng.standard_normal())
        if rng.random() < own["blinks.long_share_per_level"] * max(0.0, kss - 6.0):
            slow *= rng.uniform(1.5, 2.5)
        whole = rng.random() > own["blinks.incomplete_share"]
        depth = 1.0 if whole else draw(rng, self.plan["blinks"]["incomplete_depth"])
        down, stay = CLOSING_S * slow, (SHUT_S if whole else 0.012) * slow * rng.uniform(0.6, 1.4)
        up = OPENING_S * slow * (1.0 + own["blinks.reopening_growth_per_level"] * (kss - 1.0))
        a, b = np.searchsorted(t, (start, start + down + stay + up))
        x = t[a:b] - start
        rise = 1.0 - ease(np.clip((x - down - stay) / up, 0.0, 1.0) ** 0.6)
        shut[a:b] = np.maximum(shut[a:b], depth * np.where(x < down, ease(x / down), rise))

    def _looks(self, t: Array, level: Array, pitch: Array, yaw: Array) -> tuple[Array, Array, Array]:
        """Scale of the opening by looks down and turned heads, and the gaze; head movements go into ``pitch`` and ``yaw``."""
        own, rng, plan = self.own, self.rng, self.plan["look"]
        scale = np.ones_like(t)
        narrow = own["look.gaze_spread_deg"] * (1.0 - own["look.gaze_narrows"] * (level - 1.0) / 8.0)
        gaze_pitch, gaze_yaw = (narrow * wobble(rng, t, 0.1, 1.5) for _ in range(2))
        for start in self._times(t[-1], own["look.down_per_min"]):
            window = _window(t, start, draw(rng, plan["down_s"]), 0.12)
            scale *= 1.0 - (1.0 - draw(rng, plan["down_opening"])) * window
            gaze_pitch -= rng.uniform(10, 30) * window
            pitch -= rng.uniform(0, 8) * window
        for start in self._times(t[-1], own["look.turn_per_min"]):
            window = _window(t, start, rng.uniform(0.6, 2.5), rng.uniform(0.25, 0.6))
            turn = draw(rng, plan["turn_deg"]) * rng.choice([-1.0, 1.0])
            yaw += turn * window
            gaze_yaw += turn * window
            scale *= 1.0 - (1.0 - np.cos(np.radians(turn))) * window * rng.uniform(0.0, 1.0)
        return scale, gaze_pitch + 0.3 * pitch, gaze_yaw

    def _times(self, last: float, per_min: float) -> Array:
        return np.sort(self.rng.uniform(0.0, last, self.rng.poisson(per_min * last / 60.0)))

    def _sensor(self, t: Array, shut: Array, scale: Array) -> Array:
        own, rng = self.own, self.rng
        residue = own["sensor.shut_reads"]
        opening = (residue + (1.0 - residue) * (1.0 - shut)) * scale
        dt = float(np.median(np.diff(t)))
        keep = np.exp(-dt / own["sensor.smooth_s"]) if own["sensor.smooth_s"] > 1e-3 else 0.0
        if keep > 0.0:
            steps = int(np.ceil(5.0 * own["sensor.smooth_s"] / dt))
            kernel = (1 - keep) * keep ** np.arange(steps + 1)
            opening = np.convolve(opening, kernel / kernel.sum())[: t.size]
        opening = np.maximum(1e-3, opening + own["sensor.noise"] * rng.standard_normal(t.size))
        opening[rng.random(t.size) < own["sensor.flicker_share"]] = np.nan
        mean_spell = float(np.mean(self.plan["sensor"]["unseen_spell_s"]))
        for start in self._times(t[-1], 60.0 * own["sensor.unseen_share"] / mean_spell):
            opening[(t >= start) & (t < start + draw(rng, self.plan["sensor"]["unseen_spell_s"]))] = np.nan
        return 9.0 * opening


def _window(t: Array, start: float, stay: float, edge: float) -> Array:
    return ease((t - start) / edge) * (1.0 - ease((t - start - edge - stay) / edge))


def windows(drive: Drive, plan: dict[str, Any], rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Features and labels of one drive, a row a window."""
    rules = RULES
    blinks = Blinks(rules.blink, rules.closure.blink_max_s, rules.eyes.shut_openness)
    history = LidHistory(rules.drowsiness)
    rows: dict[str, list[NDArray[np.float32]]] = {}
    closures: list[tuple[float, float]] = []
    next_t, before = float(plan["first_s"]), None
    head, gaze = list(zip(drive.pitch.tolist(), drive.yaw.tolist(), strict=True)), drive.gaze.tolist()
    for n, (t, opening) in enumerate(zip(drive.t.tolist(), drive.opening.tolist(), strict=True)):
        dt = 0.0 if before is None else t - before
        before = t
        tick = Tick(t, dt, dt > rules.camera.max_gap_s)
        seen = not math.isnan(opening)
        blinks.step(tick, Lids(opening=opening, scale="mm") if seen else UNSEEN, True)
        if blinks.finished is not None:
            closures.append((blinks.finished.start, blinks.finished.end))
        sample = Sample(
            opening if seen else None, blinks.level, blinks.down_s(t), blinks.finished,
            head[n] if drive.has_head and seen else None, tuple(gaze[n]) if drive.has_gaze and seen else None,
        )  # fmt: skip
        history.step(tick, sample)
        if t >= next_t:
            next_t = t + plan["stride_s"] * rng.uniform(0.7, 1.3)
            if history.seen_s >= rules.drowsiness.seen_min_s and history.closures(t) >= rules.drowsiness.blinks_min:
                row = {**history.features(t), **_labels(drive, t, closures, plan, rng)}
                for name, value in row.items():
                    rows.setdefault(name, []).append(value)
    return {name: np.concatenate(values) for name, values in rows.items()}


def _labels(
    drive: Drive, t: float, closures: list[tuple[float, float]], plan: dict[str, Any], rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """KSS as reported and as it was, events ahead, and the plain measures of the last minute."""
    true = drive.kss_at(t)
    told = np.clip(true + plan["sleepiness"]["report_noise"] * rng.standard_normal(), 1.0, 9.0)
    ahead = [float(any(t < e <= t + AHEAD_S for e in drive.events[name])) for name in EVENTS]
    a, b = np.searchsorted(drive.t, (t - 60.0, t))
    lately = [end - start for start, end in closures if t - 60.0 <= end]
    plain = [float(np.mean(drive.shut[a:b] > 0.8)), float(np.mean(lately)) if lately else 0.15]
    return {
        "kss": np.asarray([told], np.float32), "true": np.asarray([true], np.float32),
        "ahead": np.asarray([ahead], np.float32), "plain": np.asarray([plain], np.float32),
    }  # fmt: skip


def make(split: str, number: int, plan: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    """Windows of the drive ``number`` of ``split``, always the same ones."""
    rng = np.random.default_rng([int(plan["seed"]), ("train", "validate", "test").index(split), number])
    found = windows(Simulator(rng, plan).drive(), plan, rng)
    if found:
        found["drive"] = np.full(len(found["kss"]), number, np.float32)
    return found
