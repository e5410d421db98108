"""What drivers, light, sensors and the bus do: each function writes one happening from ``t`` on and returns when it is over.

Lengths are assumptions that reach over the limits of the laws on both sides, unless a requirement row is named.
"""

from collections.abc import Callable

from hil.never_false_ready.draft import Draft
from hil.never_false_ready.looking import MIRRORS, WHEEL_TOP

Happening = Callable[[Draft, float], float]
FAR = ("infotainment", "glovebox", "footwell", "passenger", "passenger_window", "driver_window", "lap", "knee", "cluster", "roof")


def mirrors(d: Draft, t: float) -> float:
    """Several looks at mirrors before a lane change."""
    for _ in range(int(d.rng.integers(2, 5))):
        t = d.look(t, d.between(0.5, 1.4), d.one_of(*MIRRORS)) + d.between(0.6, 1.5)
    return t


def mirror_stare(d: Draft, t: float) -> float:
    """A mirror looked at for too long (NCAP-01: 3 s)."""
    return d.look(t, d.between(2.5, 8.0), d.one_of(*MIRRORS), d.chance(0.3))


def long_glance(d: Draft, t: float) -> float:
    """One look away, to where a head turns or only the eyes go."""
    return d.look(t, d.between(1.5, 12.0), d.one_of(*FAR), d.chance(0.3))


def short_glances(d: Draft, t: float) -> float:
    """Back and forth (NCAP-02)."""
    zone = d.one_of(*FAR)
    for _ in range(int(d.rng.integers(5, 14))):
        t = d.look(t, d.between(0.6, 2.8), zone, d.chance(0.5)) + d.between(0.15, 2.2)
    return t


def phone(d: Draft, t: float) -> float:
    """A phone in the lap, on the knee, in a holder, at the top of the wheel, with short looks at the road (NCAP-03)."""
    start, end = t, t + d.between(4.0, 45.0)
    zone = d.one_of("lap", "knee", "phone", WHEEL_TOP)
    while t < end:
        t = d.look(t, d.between(1.0, 7.0), zone, d.chance(0.5)) + d.between(0.2, 1.5)
    return d.add("phone", start, t - start)


def look_down(d: Draft, t: float) -> float:
    """Eyes down and open: lids come along (MET-13)."""
    length = d.between(0.8, 9.0)
    d.add("lowered", t, length)
    return d.look(t, length, d.one_of("lap", "knee", "footwell", "cluster"), d.chance(0.5))


def rear_turn(d: Draft, t: float) -> float:
    """Turned to the rear seat: the face is lost on the way."""
    return d.look(t, d.between(1.0, 8.0), "rear_seat")


def talking(d: Draft, t: float) -> float:
    """A conversation: a passenger glanced at now and then, a laugh that narrows the eyes."""
    for _ in range(int(d.rng.integers(2, 6))):
        t = d.look(t, d.between(0.4, 1.4), "passenger") + d.between(2.2, 5.0)
        if d.chance(0.4):
            d.add("lowered", t - 2.0, d.between(0.5, 1.5))
    return t


def rubbing(d: Draft, t: float) -> float:
    """A hand over both eyes, which are shut behind it (NV-09)."""
    length = d.between(0.5, 4.0)
    d.add("hand", t, length)
    return d.shut(t + 0.1, length - 0.2)


def yawn(d: Draft, t: float) -> float:
    """About 6 s (MET-12) with narrowed lids."""
    return d.add("lowered", t, d.between(3.0, 7.0))


def long_blinks(d: Draft, t: float) -> float:
    """Slow blinks, most of them shorter than what a law names."""
    for _ in range(int(d.rng.integers(5, 16))):
        t = d.shut(t, d.between(0.3, 0.9)) + d.between(1.0, 4.0)
    return t


def microsleep(d: Draft, t: float) -> float:
    """One to three seconds (NCAP-05)."""
    return d.shut(t, d.between(1.0, 3.0))


def sleep(d: Draft, t: float) -> float:
    """Three seconds and more (NCAP-06, NCAP-04); sometimes the head sinks."""
    length = d.between(3.0, 20.0)
    if d.chance(0.5):
        d.look(t + 0.5, length - 0.5, "lap")
    return d.shut(t, length)


def drowsy(d: Draft, t: float) -> float:
    """One to three minutes of slow closures: a third or more of the time shut."""
    end = t + d.between(60.0, 180.0)
    while t < end:
        t = d.shut(t, d.between(0.4, 1.6)) + d.between(0.8, 3.0)
    return t


def leave(d: Draft, t: float) -> float:
    """Out of the seat; back comes the same driver or another one."""
    away = d.between(1.0, 25.0)
    d.add("unbuckled", t - d.between(0.3, 2.0), away + d.between(1.0, 5.0))
    if d.chance(0.5):
        d.changes.append(t + away / 2)
    return d.add("empty", t, away)


def unbuckle(d: Draft, t: float) -> float:
    """Belt open while driving."""
    return d.add("unbuckled", t, d.between(0.5, 20.0))


def glasses(d: Draft, t: float) -> float:
    """Dark glasses on for a while, with a streak of light on them at times."""
    end = d.add("lens", t, d.between(5.0, 120.0))
    while d.chance(0.6) and t < end - 2.0:
        t = d.add("streak", t + d.between(0.0, end - 1.0 - t), d.between(0.3, 1.0))
    return end


def low_sun(d: Draft, t: float) -> float:
    """Glare: eyes narrowed all the while, the picture burnt out or the eyes drowned at times."""
    start, end = t, t + d.between(5.0, 60.0)
    while t < end:
        t += d.between(0.5, 6.0)
        t = d.add(d.one_of("glare", "burnt"), t, d.between(0.2, 4.0))
    return d.add("lowered", start, t - start)


def tunnel(d: Draft, t: float) -> float:
    """Dark all at once, bright again later; the exposure needs a moment each time."""
    end = d.add("dark", t, d.between(5.0, 60.0))
    d.add("black", t, d.between(0.1, 0.6))
    d.add("burnt", end, d.between(0.1, 0.6))
    return end


def frozen(d: Draft, t: float) -> float:
    """The camera repeats its last picture."""
    return d.add("frozen", t, d.between(0.3, 15.0))


def black(d: Draft, t: float) -> float:
    """Black or covered."""
    return d.add(d.one_of("black", "blocked"), t, d.between(0.1, 10.0))


def gap(d: Draft, t: float) -> float:
    """No pictures at all."""
    return d.add("gap", t, d.between(0.15, 10.0))


def slow(d: Draft, t: float) -> float:
    """Three pictures a second, or eight."""
    return d.add(d.one_of("slow", "few"), t, d.between(2.0, 20.0))


def late(d: Draft, t: float) -> float:
    """Irregular or doubled pictures."""
    return d.add(d.one_of("late", "twice"), t, d.between(2.0, 20.0))


def bus_silent(d: Draft, t: float) -> float:
    """No vehicle inputs."""
    return d.add("silent", t, d.between(0.3, 10.0))


def bus_nulls(d: Draft, t: float) -> float:
    """Vehicle inputs that say "not available"."""
    return d.add(d.one_of("no_seat", "no_belt", "no_inputs"), t, d.between(0.2, 10.0))


def bus_and_driver(d: Draft, t: float) -> float:
    """The bus falls silent, then the driver unbuckles or leaves unseen."""
    length = d.between(2.0, 12.0)
    d.add("silent", t, length)
    d.add(d.one_of("unbuckled", "empty"), t + 0.3, length - 0.6)
    return t + length


def takeover(d: Draft, t: float) -> float:
    """A request, answered by the hands."""
    return d.add("request", t, d.between(3.0, 10.0))
