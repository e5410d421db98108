"""Ground truth from the script alone: when no driver is ready by the laws, and why; when a driver is plainly attentive.

Nothing of ``dms/assessment`` is asked. The laws are written down here a second time, as numbers with their requirement rows, so
that a mistake there cannot hide itself here. They are the weaker side everywhere: what is not ready here is not ready under any
reading of the row.
"""

from dataclasses import dataclass

import numpy as np

from hil.never_false_ready.looking import MIRRORS, ROAD
from hil.never_false_ready.script import Script
from hil.never_false_ready.spans import NONE, Array, Spans, common, outside, shifted, spans, union, where, within

BLINK_S = 0.5
"""Shut for longer is no blink (P-04)."""
REACTION_S = 0.5
"""Declared bound: so long after the truth has changed the statement may still say "ready"."""
CONFIRM_S = 0.3
"""A look at the road or a mirror counts after so long, give or take a picture (R157-10, P-07)."""
BARELY_S = 0.2
"""A look of this length before the lids fall cannot be noticed: two pictures of a slow camera."""
MIRROR_S = 4.0
"""A mirror looked at for longer is a distraction: 3 s, up to 4 with evidence (NCAP-01)."""
INPUT_S = 0.5
"""Vehicle inputs older than this are unknown (FS-08)."""
RATE_S = 1.0
"""A rate is known after so long; fewer than 5 pictures/s are no camera (P-10)."""
DROWSY_SHARE, DROWSY_WINDOW_S, SLOW_S = 0.20, 60.0, 0.25
"""Shut in closures of 0.25 s and more: 0.15 of a minute is drowsy (MET-03); so much more is so beyond doubt."""

LONG_GLANCE_S, CUMULATIVE_S, WINDOW_S = 2.4, 8.0, 30.0
"""Plainly attentive: every clock of NCAP-01 and NCAP-02 keeps a fifth in hand."""
RESET_S = 4.0
"""A look at the road of this length forgives what was before: 2 s, or 4 in some readings (NCAP-02)."""
LONG_CLOSURE_S, ALERT_SHARE = 0.4, 0.05
"""And the lids stay plainly below blink limit and any PERCLOS limit."""
LONG_LOOK_S = 4.0
"""A look away of this length must be warned of: 3 s, up to 4 with evidence (NCAP-01)."""
SETTLED_S = 5.0
"""After a fault is over, warnings may last this long."""
FLICKER_S = 0.3
"""A look back shorter than this, give or take a picture, does not end a look away (ADDW-04)."""
GRID_S = 0.1


@dataclass(frozen=True, slots=True)
class Truth:
    """``not_ready`` by cause; ``any_cause`` all of them; ``attentive``: a warning that begins then is false.

    ``long_looks``: looks away that must be warned of; while nothing kept anybody from seeing them.
    """

    not_ready: dict[str, Spans]
    any_cause: Spans
    attentive: Spans
    long_looks: Spans

    def causes_at(self, t: float) -> list[str]:
        """Why not ready at this time."""
        return [name for name, part in self.not_ready.items() if within(part, np.array([t]))[0]]


def truth_of(script: Script) -> Truth:
    """The truth of one drive."""
    seen = _looking(script)
    confirm_s = max(0.0, CONFIRM_S - 1.0 / script.head.fps)
    not_ready = {
        **{f"eyes on {zone}": _until_confirmed(part, confirm_s) for zone, part in _off_road(script).items()},
        "mirror for too long": _until_confirmed(shifted(seen["mirror"], MIRROR_S), confirm_s),
        "eyes shut": _until_confirmed(shifted(script.closures, BLINK_S), confirm_s),
        "eyes hidden": _until_confirmed(script.stretch("lens", "hand", "glare"), confirm_s),
        "drowsy": _drowsy(script),
        "seat empty": script.stretch("empty"),
        "belt open": script.stretch("unbuckled"),
        "seat or belt unknown": union(
            shifted(script.stretch("silent"), INPUT_S), script.stretch("no_seat", "no_belt", "no_inputs")
        ),
        "camera blind": union(
            script.stretch("frozen", "black", "blocked", "burnt", "gap"), shifted(script.stretch("slow"), RATE_S)
        ),
    }
    everything = union(*not_ready.values())
    causes = {name: part for name, part in not_ready.items() if len(part)}
    return Truth(causes, everything, _attentive(script, seen), _long_looks(script, seen["away"]))


def _until_confirmed(part: Spans, confirm_s: float) -> Spans:
    """And then until a new look has been confirmed; after what is over before anybody must have noticed, nothing need be."""
    lasting = part[part[:, 1] - part[:, 0] > REACTION_S]
    return union(part, lasting + np.array([0.0, confirm_s]))


def _looking(script: Script) -> dict[str, Spans]:
    """``mirror``; ``away``: not the road."""
    looks, end = script.looks[0], script.head.seconds
    zone, start = looks.zone, looks.start
    mirror = np.isin(zone.astype(str), MIRRORS)
    return {"mirror": where(mirror, start, end), "away": where(zone != ROAD, start, end)}


def _off_road(script: Script) -> dict[str, Spans]:
    """Looks at neither road nor mirror, by what is looked at."""
    looks = script.looks[0]
    names = sorted(set(looks.zone) - {ROAD, *MIRRORS})
    return {name: _once_open(where(looks.zone == name, looks.start, script.head.seconds), script.closures) for name in names}


def _once_open(part: Spans, closures: Spans) -> Spans:
    """Shut eyes look nowhere: a look that begins behind the lids, or just before they fall, begins when they open."""
    begun = []
    for start, end in part:
        n = int(np.searchsorted(closures[:, 0], start + BARELY_S, side="right")) - 1
        begun.append((max(start, float(closures[n, 1])) if n >= 0 else start, end))
    return spans(begun)


def _drowsy(script: Script) -> Spans:
    """Shut for far too much of the last minute, while nothing kept anybody from seeing it."""
    t = np.arange(0.0, script.head.seconds, GRID_S)
    slow = script.closures[script.closures[:, 1] - script.closures[:, 0] >= SLOW_S]
    unseen = within(shifted(union(_faults(script), script.stretch("lens", "hand", "glare")), 0.0, 1.0), t)
    return where((_share(within(slow, t), DROWSY_WINDOW_S) >= DROWSY_SHARE) & (_share(unseen, DROWSY_WINDOW_S) == 0.0), t, t[-1])


def _added_up(away: Spans, t: Array, end: float) -> Array:
    """Seconds away in the window, since the last long look at the road."""
    total = np.concatenate([[0.0], np.cumsum(within(away, t)) * GRID_S])[:-1]
    road = outside(away, end)
    resets = road[road[:, 1] - road[:, 0] >= RESET_S, 0] + RESET_S
    last = np.concatenate([[0.0], resets])[np.searchsorted(resets, t, side="right")]
    added: Array = total - np.interp(np.maximum(t - WINDOW_S, last), t, total)
    return added


def _without_breaks(part: Spans, shortest_s: float) -> Spans:
    """Stretches that are less than ``shortest_s`` apart as one."""
    return shifted(shifted(part, 0.0, shortest_s), 0.0, -shortest_s)


def _share(marks: np.ndarray, window_s: float) -> Array:
    """Of the last ``window_s``; the time before the drive counts as unmarked."""
    count = round(window_s / GRID_S)
    total = np.cumsum(marks)
    before = np.concatenate([np.zeros(count), total])[: len(marks)]
    share: Array = (total - before) / count
    return share


def _faults(script: Script) -> Spans:
    """Whatever keeps the system from judging the driver."""
    names = (
        "empty",
        "unbuckled",
        "silent",
        "no_seat",
        "no_belt",
        "no_inputs",
        "frozen",
        "black",
        "blocked",
        "burnt",
        "gap",
        "slow",
    )
    return script.stretch(*names)


def _long_looks(script: Script, away: Spans) -> Spans:
    """Without those during which something hid the driver, and those behind shut lids for longer than a blink."""
    long = away[away[:, 1] - away[:, 0] >= LONG_LOOK_S]
    shut = script.closures[script.closures[:, 1] - script.closures[:, 0] > BLINK_S]
    unseen = shifted(union(_faults(script), script.stretch("lens", "hand", "glare", "few"), shut), 0.0, SETTLED_S)
    return np.array([look for look in long if not len(common(look[None], unseen))]).reshape(-1, 2)


def _attentive(script: Script, seen: dict[str, Spans]) -> Spans:
    """Every clock of every law has time in hand, and has had it for as long as it looks back."""
    end, closures, away = script.head.seconds, script.closures, seen["away"]
    t = np.arange(0.0, end, GRID_S)
    whole = _without_breaks(away, FLICKER_S + 1.0 / script.head.fps)
    long_away = whole[whole[:, 1] - whole[:, 0] > LONG_GLANCE_S]
    often = where(_added_up(away, t, end) >= CUMULATIVE_S, t, end)
    long_shut = closures[closures[:, 1] - closures[:, 0] > LONG_CLOSURE_S]
    slow = closures[closures[:, 1] - closures[:, 0] >= SLOW_S]
    tired = where(_share(within(slow, t), DROWSY_WINDOW_S) >= ALERT_SHARE, t, end)
    hidden = script.stretch("lens", "hand", "glare")
    doubtful = union(
        shifted(long_away, 0.0, WINDOW_S), shifted(often, 0.0, WINDOW_S), shifted(script.stretch("phone"), 0.0, WINDOW_S),
        shifted(long_shut, 0.0, DROWSY_WINDOW_S), tired,
        shifted(union(_faults(script), hidden, script.stretch("few")), 0.0, SETTLED_S),
    )  # fmt: skip
    return outside(doubtful, end) if len(doubtful) else union(NONE, np.array([[0.0, end]]))
