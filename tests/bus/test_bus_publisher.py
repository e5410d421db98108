"""The publisher on a fake clock (exact) and on the real one (sane)."""

import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.messages import Encoder
from dms.bus.port import FakeBus
from dms.bus.publisher import Publisher
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.bus.schedule import PublisherParameters
from dms.errors import UsageError
from dms.records import Health, Requests, TakeoverReadiness, Warning

LAYOUT = load()
NAME = {m.can_id: m.name for m in LAYOUT.by_name.values()}


class World:
    """A clock that only sleeping moves, a bus, a publisher on it; things can happen at set times."""

    def __init__(self, end: float, layout=LAYOUT, **parameters) -> None:
        self.now, self.end = 100.0, 100.0 + end
        self.bus, self.log, self.events = FakeBus(), [], []
        self.publisher = Publisher(
            self.bus,
            Encoder(layout),
            lambda: self.now,
            self.sleep,
            PublisherParameters(**parameters),
            on_sent=lambda frame, t: self.log.append((round(t - 100.0, 6), NAME[frame.can_id], frame)),
        )

    def at(self, t: float, what) -> None:
        self.events.append((100.0 + t, what))

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        target = self.now + seconds
        for when, what in sorted(self.events, key=lambda e: e[0]):
            if when <= target:
                self.events.remove((when, what))
                self.now = max(self.now, when)
                what()
        self.now = max(self.now, target)
        if self.now >= self.end:
            self.publisher.stop()

    def run(self):
        self.publisher.run()
        return self

    def times(self, name: str) -> list[float]:
        return [t for t, n, _ in self.log if n == name]

    def codes(self, name: str) -> list[dict[str, int]]:
        return [LAYOUT[n].unpack(f.data) for _, n, f in self.log if n == name]


def grid(period: float, end: float) -> list[float]:
    return [round(k * period, 6) for k in range(round(end / period))]


def now_sample(world: World, counter: int = 1, **state) -> Sample:
    state = {"t": world.now, "health": Health(state="ready"), "readiness": "ready", "level": 4, **state}
    return Sample(state=TakeoverReadiness(**state), captured=world.now, frame_counter=counter)


@pytest.mark.requirement("FS-07", "P-09")
def test_exact_deadlines():
    world = World(3.0, gaze_head_s=0.05).run()
    assert world.times("DMS_TakeoverReady") == grid(0.05, 3.0)
    assert world.times("DMS_GazeHead") == grid(0.05, 3.0)
    assert world.times("DMS_DriverState") == grid(0.1, 3.0)
    assert world.times("DMS_Health") == grid(0.5, 3.0)
    assert world.times("DMS_Gesture") == []
    stats = world.publisher.stats()
    assert stats.cycles == 60 and stats.missed == 0 and stats.period_error_max_ms == pytest.approx(0.0, abs=1e-6)


def test_gaze_is_off_by_default():
    assert World(1.0).run().times("DMS_GazeHead") == []


def test_classic_can_gets_what_fits_its_frames():
    world = World(3.0, layout=load(CLASSIC_DBC), gaze_head_s=0.05)
    world.at(0.0, lambda: world.publisher.post(now_sample(world)))
    world.at(1.0, lambda: world.publisher.post_gesture(GestureEvent(name="fist")))
    world.run()
    assert world.times("DMS_TakeoverReady") == grid(0.05, 3.0)
    assert world.times("DMS_Health") == grid(0.5, 3.0) and len(world.times("DMS_Gesture")) == 6
    assert {name for _, name, _ in world.log} == {"DMS_TakeoverReady", "DMS_Health", "DMS_Gesture"}
    assert all(len(frame.data) == 8 and not frame.fd for _, _, frame in world.log)


@pytest.mark.requirement("FS-07")
def test_readiness_goes_out_first_and_counters_step_by_one():
    world = World(1.0).run()
    assert world.log[0][1] == "DMS_TakeoverReady"
    assert [c["E2E_Cnt"] for c in world.codes("DMS_TakeoverReady")] == list(range(20))


@pytest.mark.parametrize("stall", [0.049, 0.12, 0.26, 3.0])
def test_no_burst_after_a_stall(stall):
    world = World(10.0)
    original = world.bus.send
    stalled = []

    def send(frame):
        if not stalled and world.now > 101.0 and NAME[frame.can_id] == "DMS_TakeoverReady":
            stalled.append(world.now)
            world.now += stall
        return original(frame)

    world.bus.send = send
    world.run()
    times = world.times("DMS_TakeoverReady")
    gaps = np.diff(times)
    lost = int((stall + 1e-9) / 0.05)
    assert gaps.min() >= 0.05 - 1e-6 and (gaps > 0.051).sum() == (1 if lost else 0)
    assert all(abs(t / 0.05 - round(t / 0.05)) < 1e-6 for t in times)  # back on the old grid
    assert world.publisher.stats().missed == lost and len(times) == 200 - lost
    assert np.diff(world.times("DMS_DriverState")).min() >= 0.05 - 1e-6
    assert world.times("DMS_Health")[-1] == 9.5


@pytest.mark.requirement("FS-01", "FS-04", "FS-05")
def test_before_the_first_sample_init_then_true_age_then_stale():
    world = World(1.0)
    world.at(0.21, lambda: world.publisher.post(now_sample(world, 42)))
    codes = world.run().codes("DMS_TakeoverReady")
    signals = LAYOUT["DMS_TakeoverReady"].signals
    shown = [(signals["DMS_OperSt"].label(c["DMS_OperSt"]), signals["TkoRdy_St"].label(c["TkoRdy_St"])) for c in codes]
    assert shown == [("Init", "NotDetermined")] * 5 + [("Active", "Ready")] * 3 + [("TempUnavailable", "NotDetermined")] * 12
    ages = [signals["Smpl_Age"].value(c["Smpl_Age"]) for c in codes]
    assert ages[:5] == [None] * 5 and ages[5:8] == [40.0, 90.0, 140.0] and ages[8] == 190.0
    assert signals["Smpl_Age"].label(codes[-1]["Smpl_Age"]) == "Older"
    assert {c["Smpl_FrameCnt"] for c in codes[5:]} == {42}


@pytest.mark.requirement("FS-04", "FS-05")
def test_a_lost_camera_is_on_the_bus_within_200_ms():
    for phase in range(10):
        world, last = World(1.0), 0.4 + phase * 0.005
        for k in range(int(last / 0.033) + 1):
            world.at(last - k * 0.033, lambda w=world: w.publisher.post(now_sample(w)))
        world.run()
        state = LAYOUT["DMS_TakeoverReady"].signals["TkoRdy_St"]
        said = zip(world.times("DMS_TakeoverReady"), world.codes("DMS_TakeoverReady"), strict=True)
        after = [t for t, codes in said if t > last and codes["TkoRdy_St"] != state.names["Ready"]]
        assert after[0] - last <= 0.2 + 1e-6


@pytest.mark.requirement("ADDW-06", "NCAP-16")
@pytest.mark.parametrize("phase", range(10))
def test_a_warning_is_asked_for_within_a_cycle_and_named_within_two(phase):
    """What follows the decision takes 0.05 s for the request and 0.1 s for the class, of the half second there is."""
    world, decided = World(1.0), 0.4 + phase * 0.005
    warned = {"warning": Warning(class_="long_distraction", stage=1), "requests": Requests(eyes_on=1)}
    for k in range(30):
        t = decided + (k - 12) * 0.033
        world.at(t, lambda k=k: world.publisher.post(now_sample(world, k, **(warned if k >= 12 else {}))))
    world.run()
    for name, signal, limit in (("DMS_TakeoverReady", "Req_EyesOn", 0.05), ("DMS_DriverState", "Distr_Type", 0.1)):
        said = list(zip(world.times(name), world.codes(name), strict=True))
        quiet = next(codes[signal] for t, codes in said if t > 0.25)
        told = next(t for t, codes in said if t > 0.25 and codes[signal] != quiet)
        assert decided <= told <= decided + limit + 1e-6, name


def test_the_newest_sample_wins():
    world = World(0.2)
    for k in range(5):
        world.at(0.06 + k * 0.001, lambda k=k: world.publisher.post(now_sample(world, k)))
    assert [c["Smpl_FrameCnt"] for c in world.run().codes("DMS_TakeoverReady")][2:] == [4, 4]


def test_takeover_request_is_echoed():
    world = World(0.3)
    world.at(0.12, lambda: world.publisher.acknowledge(9))
    assert [c["TOR_AckCnt"] for c in world.run().codes("DMS_TakeoverReady")] == [15, 15, 15, 9, 9, 9]


def test_health_on_change_with_its_gap():
    world = World(2.0)
    world.at(0.71, lambda: world.publisher.post_health(BusHealth(camera="blocked")))
    world.at(0.79, lambda: world.publisher.post_health(BusHealth(camera="blocked")))  # no change
    assert world.run().times("DMS_Health") == [0.0, 0.5, 0.75, 1.0, 1.5]
    fast = World(0.2, cycle_s=0.005, driver_state_s=0.1, health_gap_s=0.02)
    for k in range(30):
        fast.at(0.001 + k * 0.005, lambda k=k: fast.publisher.post_health(BusHealth(fps=float(k))))
    assert np.diff(fast.run().times("DMS_Health")).min() >= 0.02 - 1e-6


def test_gesture_is_sent_six_times_with_one_event_number():
    world = World(2.0)
    world.at(0.22, lambda: world.publisher.post_gesture(GestureEvent(name="fist")))
    world.at(0.23, lambda: world.publisher.post_gesture(GestureEvent(name="point")))
    codes = world.run().codes("DMS_Gesture")
    assert world.times("DMS_Gesture")[:3] == pytest.approx([0.25, 0.35, 0.45])
    assert [c["Gest_EvtCnt"] for c in codes] == [0] * 2 + [1] * 6  # the newer one takes over


def test_many_gestures_at_once_are_each_sent_twice_in_order():
    world = World(3.0)
    for _ in range(4):
        world.at(0.22, lambda: world.publisher.post_gesture(GestureEvent(name="thumb_up", phase="repeat")))
    counts = [c["Gest_EvtCnt"] for c in world.run().codes("DMS_Gesture")]
    assert counts == [0, 0, 1, 1, 2, 2] + [3] * 6


def test_a_failing_bus_does_not_stop_it_and_shows_in_health():
    world = World(2.0)
    world.at(0.6, lambda: setattr(world.bus, "failing", True))
    world.at(0.9, lambda: setattr(world.bus, "failing", False))
    world.run()
    stats = world.publisher.stats()
    assert stats.cycles == 40 and stats.send_failures == 9
    words = LAYOUT["DMS_Health"].signals["Bus_St"]
    assert [words.label(c["Bus_St"]) for c in world.codes("DMS_Health")] == ["Ok", "Ok", "Impaired", "Ok"]
    sent = [c["E2E_Cnt"] for c in world.codes("DMS_TakeoverReady")]
    assert 6 in np.diff(sent) or 7 in np.diff(sent)  # the receiver sees the loss


def test_what_cannot_be_sent_is_refused_at_the_door():
    publisher = Publisher(FakeBus(), Encoder(LAYOUT), time.monotonic, time.sleep)
    with pytest.raises(UsageError):
        publisher.post_health(BusHealth(model_hash="no hash"))
    with pytest.raises(KeyError):
        publisher.post(Sample(state=TakeoverReadiness(t=0.0, readiness="asleep"), captured=0.0, frame_counter=0))


@pytest.mark.parametrize("bad", [{"cycle_s": 0.0}, {"driver_state_s": 0.12}, {"health_s": 0.01}, {"gaze_head_s": 0.07}])
def test_periods_off_the_grid_are_refused(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        PublisherParameters(**bad)


def test_thread_starts_prepares_and_ends():
    seen = []
    before = threading.active_count()
    publisher = Publisher(
        FakeBus(), Encoder(LAYOUT), time.monotonic, time.sleep, prepare=lambda: seen.append(threading.current_thread().name)
    )
    publisher.start()
    publisher.start()
    assert publisher.alive and threading.active_count() == before + 1
    publisher.stop()
    assert not publisher.alive and publisher.error is None and seen == ["dms-publisher"] and threading.active_count() == before


def test_a_bug_in_the_thread_is_kept_for_the_watchdog():
    def broken(frame, t):
        raise RuntimeError("bug")

    publisher = Publisher(FakeBus(), Encoder(LAYOUT), time.monotonic, time.sleep, on_sent=broken)
    publisher.start()
    for _ in range(200):
        if not publisher.alive:
            break
        time.sleep(0.01)
    assert not publisher.alive and isinstance(publisher.error, RuntimeError)
    publisher.stop()


def test_the_guard_has_the_last_word_in_the_same_cycle():
    world, down = World(0.6), []
    fault = Health(state="fault", reasons=["inference stopped"])
    world.publisher._guard = lambda sample, now: (
        replace(sample, state=TakeoverReadiness(t=now, health=fault), observation=None) if sample and down else sample
    )
    for k in range(18):
        world.at(0.01 + k * 0.033, lambda: world.publisher.post(now_sample(world)))
    world.at(0.249, lambda: down.append(True))
    world.at(0.399, down.clear)
    signals = LAYOUT["DMS_TakeoverReady"].signals
    shown = [signals["TkoRdy_St"].label(c["TkoRdy_St"]) for c in world.run().codes("DMS_TakeoverReady")]
    assert shown == ["NotDetermined", *["Ready"] * 4, *["Faulty"] * 3, *["Ready"] * 4]


def test_after_a_crash_it_starts_again_and_counters_run_on():
    bus, crash = FakeBus(), [True]

    def sent(frame, t):
        if len(bus.sent) > 3 and crash:
            crash.clear()
            raise RuntimeError("bug")

    publisher = Publisher(bus, Encoder(LAYOUT), time.monotonic, time.sleep, on_sent=sent)
    publisher.start()
    while publisher.alive:
        time.sleep(0.005)
    time.sleep(0.2)
    publisher.stop()
    publisher.start()
    time.sleep(0.3)
    publisher.stop()
    assert publisher.error is None and publisher.stats().missed >= 3
    names = [NAME[frame.can_id] for frame in bus.sent]
    assert names.count("DMS_Health") >= 2  # its schedule begins anew
    counts = [LAYOUT["DMS_TakeoverReady"].unpack(f.data)["E2E_Cnt"] for f in bus.sent if NAME[f.can_id] == "DMS_TakeoverReady"]
    assert counts == list(range(len(counts))) and len(counts) >= 6


def burn_python(stop: threading.Event) -> None:
    total = 0
    while not stop.is_set():
        for i in range(1000):
            total += i * i


def burn_numpy(stop: threading.Event) -> None:
    block = np.ones((300, 300), np.float32)
    while not stop.is_set():
        block @ block  # releases the interpreter lock, as the networks do


@pytest.mark.slow
@pytest.mark.parametrize("load_", [burn_python, burn_numpy])
def test_period_on_the_real_clock_under_load(load_):
    interval = sys.getswitchinterval()
    stop = threading.Event()
    burner = threading.Thread(target=load_, args=(stop,))
    publisher = Publisher(FakeBus(), Encoder(LAYOUT), time.monotonic, time.sleep)
    sys.setswitchinterval(0.0005)  # what the runtime sets
    try:
        burner.start()
        publisher.start()
        time.sleep(3.0)
    finally:
        stop.set()
        publisher.stop()
        burner.join()
        sys.setswitchinterval(interval)
    stats = publisher.stats()
    assert publisher.error is None and stats.cycles + stats.missed >= 58
    # Sanity only, the machine may be shared: the aim of 2 ms at the 99th percentile is measured on a quiet one.
    assert stats.period_error_p50_ms < 5.0 and stats.missed <= 3
    print(stats)


def test_quiet_leaves_the_readiness_alone_and_on_time():
    world = World(0.96)
    world.at(0.31, lambda: world.publisher.quiet(True))
    world.at(0.62, lambda: world.publisher.quiet(False))
    world.run()
    assert world.times("DMS_TakeoverReady") == pytest.approx([n * 0.05 for n in range(20)])
    others = [t for t, name, _ in world.log if name != "DMS_TakeoverReady"]
    assert [t for t in others if t <= 0.3] and [t for t in others if t > 0.62] and not [t for t in others if 0.31 < t < 0.62]
