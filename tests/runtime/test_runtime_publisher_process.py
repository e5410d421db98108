"""The publisher as a process of its own: same frames, same guard, and no lock of ours that could hold it up."""

import itertools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import Bus, BusConfig, CanFrame, open_bus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverReceiver
from dms.bus.samples import BusHealth, Sample
from dms.bus.schedule import PublisherParameters
from dms.errors import HardwareError, UsageError
from dms.inference.engine_set import EngineSet
from dms.records import Frame, Health, TakeoverReadiness
from dms.runtime import clock
from dms.runtime.config import BusSection, Loaded, RunConfig, load_parts
from dms.runtime.loop import Loop
from dms.runtime.publisher_link import Failed, Order, StageWords, hear, pair, say
from dms.runtime.publisher_process import PublisherProcess
from dms.runtime.publishing import lives_apart
from dms.runtime.stages import Pulse, Watch

LAYOUT = load()
SILENCE_S = 0.1


@pytest.fixture
def section() -> BusSection:
    """A bus that several processes open; its port is this test process's own."""
    return BusSection(interface="udp_multicast", channel="239.74.163.9", options={"port": 20000 + os.getpid() % 20000})


@pytest.fixture
def ear(section: BusSection) -> Iterator[Bus]:
    bus = open_bus(RunConfig(source="nothing", bus=section).bus_config())
    yield bus
    bus.close()


@pytest.fixture
def own(section: BusSection) -> Iterator[Bus]:
    """The loop's own port: it only listens."""
    bus = open_bus(RunConfig(source="nothing", bus=section).bus_config())
    yield bus
    bus.close()


@pytest.fixture
def watch() -> Watch:
    return Watch(Pulse("publisher", None), Pulse("camera", SILENCE_S, part="camera"), Pulse("inference", SILENCE_S))


class Seen(list[tuple[CanFrame, float]]):
    """What the parent was told of."""

    def __init__(self) -> None:
        super().__init__()
        self.ages: list[float] = []
        self.grants: dict[str, str] = {}


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def publisher(section: BusSection, watch: Watch, parts: Loaded, seen: Seen) -> Iterator[PublisherProcess]:
    order = Order(
        RunConfig(source="nothing", bus=section).bus_config(), None, parts.cabin, PublisherParameters(),
        tuple(StageWords(p.name, p.deadline_s, p.part) for p in watch), fifo=False, still_collector=False,
    )  # fmt: skip
    made = PublisherProcess(order, Encoder(LAYOUT), watch, lambda f, t: seen.append((f, t)), seen.ages.append, seen.grants.update)
    yield made
    made.stop()


def sample(t: float) -> Sample:
    state = TakeoverReadiness(t=t, readiness="ready", level=4, health=Health(state="ready"))
    return Sample(state=state, captured=t, frame_counter=1)


def heard(ear: Bus, seconds: float, until: Callable[[str], bool] = lambda word: False) -> list[tuple[float, str]]:
    """(time, TkoRdy_St) of each DMS_TakeoverReady, for so long or until a word comes."""
    found: list[tuple[float, str]] = []
    end = clock.now() + seconds
    while clock.now() < end:
        frame = ear.receive(0.02)
        if frame is None or frame.can_id != 0x3A0:
            continue
        message = LAYOUT["DMS_TakeoverReady"]
        word = str(message.signals["TkoRdy_St"].label(message.unpack(frame.data)["TkoRdy_St"]))
        found.append((clock.now(), word))
        if until(word):
            return found
    return found


def test_it_says_what_a_thread_would_say(publisher: PublisherProcess, ear: Bus, seen: Seen, watch: Watch) -> None:
    publisher.post_health(BusHealth(software_version="1.2.3"))
    publisher.post(sample(clock.now() + 0.5))  # kept until the process is there
    publisher.start()
    publisher.post(sample(clock.now()))
    words = heard(ear, 5.0, lambda word: word == "Ready")
    assert words[-1][1] == "Ready" and seen.grants["thread publisher"] == "ordinary"
    assert heard(ear, 1.0, lambda word: word != "Ready")[-1][1] == "NotDetermined"  # the sample grew old
    publisher.stop()
    receiver = TakeoverReceiver(LAYOUT)
    told = [frame for frame, _ in seen if frame.can_id == 0x3A0]
    assert all(receiver.feed(frame, t) is not None for frame, t in seen if frame.can_id == 0x3A0)
    assert publisher.stats().cycles == len(told) and publisher.counts.sent == len(seen) and publisher.counts.failed == 0
    assert {LAYOUT.by_id[f.can_id, f.extended].name for f, _ in seen} >= {"DMS_TakeoverReady", "DMS_DriverState", "DMS_Health"}
    assert seen.ages and not publisher.alive and publisher.error is None


@pytest.mark.requirement("FS-05", "FS-06")
def test_a_stage_that_hangs_crashes_or_is_in_trouble_is_on_the_bus(publisher: PublisherProcess, ear: Bus, watch: Watch) -> None:
    camera, inference = watch.pulses
    publisher.start()

    def alive(seconds: float) -> None:
        end = clock.now() + seconds
        while clock.now() < end:
            camera.beat()
            inference.beat()
            publisher.post(sample(clock.now()))
            time.sleep(0.01)

    alive(0.3)
    assert heard(ear, 2.0, lambda word: word == "Ready")
    last = clock.now()
    end = last + 0.6
    while clock.now() < end:  # inference beats no more; its last sample is posted again and again
        camera.beat()
        publisher.post(sample(clock.now()))
        time.sleep(0.01)
    faulty = [t for t, word in heard(ear, 0.5, lambda word: word == "Faulty") if word == "Faulty"]
    assert faulty
    alive(0.3)
    inference.fail("inference stopped: bug")
    inference.trouble = None  # up again before the publisher looks
    heard(ear, 0.0)
    alive(0.2)
    assert any(word == "Faulty" for _, word in heard(ear, 0.3))


def test_a_held_interpreter_does_not_hold_up_the_bus(publisher: PublisherProcess, ear: Bus, seen: Seen) -> None:
    """The sum runs in C and lets no other thread in; a publisher's thread would be silent all the while."""
    publisher.start()
    time.sleep(0.2)
    begin = clock.now()
    sum(range(90_000_000))
    end = clock.now()
    time.sleep(0.1)
    assert end - begin > 0.3
    times = [t for frame, t in seen if frame.can_id == 0x3A0 and begin - 0.1 < t < end + 0.1]
    assert len(times) > 0.5 * (end - begin) / 0.05
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.5 * (end - begin) + 0.1


def test_killed_it_says_so_and_goes_on_with_its_counters(publisher: PublisherProcess, seen: Seen, watch: Watch) -> None:
    publisher.start()
    time.sleep(0.3)
    watch.publisher.kill()
    end = clock.now() + 5.0
    while publisher.error is None and clock.now() < end:
        time.sleep(0.01)
    assert "StageKilled: publisher was told to die" in str(publisher.error)
    first = publisher.stats()
    publisher.stop()
    publisher.start()
    end = clock.now() + 10.0
    while publisher.stats().cycles < first.cycles + 5 and clock.now() < end:
        time.sleep(0.02)
    publisher.stop()
    receiver = TakeoverReceiver(LAYOUT)
    verdicts = [receiver.feed(frame, t) for frame, t in seen if frame.can_id == 0x3A0]
    assert len(verdicts) == publisher.stats().cycles >= first.cycles + 5 and publisher.stats().missed > first.missed
    assert {check.name for check, count in receiver.verdicts.items() if count} <= {"OK", "OK_SOME_LOST", "NO_NEW_DATA"}


def test_the_last_words_are_off(publisher: PublisherProcess, ear: Bus, watch: Watch, seen: Seen) -> None:
    publisher.start()
    publisher.post(sample(clock.now()))
    time.sleep(0.12)
    watch.leave()
    time.sleep(0.12)
    publisher.stop()
    message = LAYOUT["DMS_TakeoverReady"]
    last = next(frame for frame, _ in reversed(seen) if frame.can_id == 0x3A0)
    assert message.signals["DMS_OperSt"].label(message.unpack(last.data)["DMS_OperSt"]) == "Off"


@pytest.mark.requirement("FS-05")
def test_an_orphan_says_fault_and_ends(publisher: PublisherProcess, ear: Bus) -> None:
    publisher.start()
    publisher.post(sample(clock.now()))
    process = publisher._process
    assert process is not None and publisher._end is not None
    publisher._end.shutdown(2)  # as when this process is killed
    assert process.wait(5.0) == 0
    assert heard(ear, 0.5)[-1][1] == "Faulty"


def test_a_bus_that_cannot_be_opened_is_said_in_one_line(watch: Watch, parts: Loaded) -> None:
    order = Order(
        BusConfig(interface="socketcan", channel="none0"), None, parts.cabin, PublisherParameters(),
        tuple(StageWords(p.name, p.deadline_s, p.part) for p in watch), fifo=False,
    )  # fmt: skip
    nowhere = PublisherProcess(order, Encoder(LAYOUT), watch, lambda f, t: None, lambda age: None, lambda grants: None)
    with pytest.raises(HardwareError, match="the CAN publisher's process cannot run: cannot open CAN socketcan none0") as caught:
        nowhere.start()
    assert "\n" not in str(caught.value) and not nowhere.alive


def test_last_words_are_heard_although_messages_were_left_unread() -> None:
    mine, theirs = pair()
    with mine:
        say(mine, ("health", None))
        say(theirs, Failed("no such bus"))
        theirs.close()
        assert hear(mine, wait=True) == Failed("no such bus")
        with pytest.raises(EOFError):
            hear(mine, wait=True)


def test_who_does_not_listen_loses_messages_and_holds_nobody_up() -> None:
    mine, theirs = pair()
    with mine, theirs:
        lost = [n for n in range(2000) if not say(mine, ("sample", b"x" * 5000))]
        assert lost and lost[0] > 10
        assert hear(theirs) == ("sample", b"x" * 5000)
        mine.close()
        for _ in range(lost[0] - 1):
            hear(theirs)
        with pytest.raises(EOFError):
            hear(theirs)


@pytest.mark.parametrize(
    ("chosen", "interface", "apart"),
    [(None, "virtual", False), (None, "socketcan", True), (None, "udp_multicast", True), ("thread", "socketcan", False),
     ("process", "socketcand", True), (None, "socketcand", False)],
)  # fmt: skip
def test_where_it_lives(chosen: Any, interface: str, apart: bool) -> None:
    config = RunConfig(source="nothing", bus=BusSection(interface=interface))
    config.real_time.publisher = chosen
    assert lives_apart(config) is apart


def test_a_virtual_bus_lives_in_one_process() -> None:
    config = RunConfig(source="nothing")
    config.real_time.publisher = "process"
    with pytest.raises(UsageError, match="virtual lives in one"):
        lives_apart(config)


def test_the_whole_loop_with_it(
    section: BusSection, own: Bus, ear: Bus, blind_engines: EngineSet, frame: Callable[..., Frame], scripted: Any
) -> None:
    """As with a thread: states leave, a killed publisher comes back, our own frames are no vehicle's."""
    parts = load_parts(RunConfig(source="nothing", bus=section))
    times: list[float] = []

    def film(camera: Any) -> None:
        end = clock.now() + 2.5
        for index in range(1000):
            camera.deliver(frame(clock.now(), index))
            if camera.pause(0.033) or clock.now() > end:
                return
            if index == 15:
                loop.kill("publisher")

    with Loop(parts, scripted(film), blind_engines, own, lambda s, j: times.append(s.t)) as loop:
        loop.run()
        health = loop.health()
    assert not isinstance(loop.publisher, Publisher) and not loop.publisher.alive
    assert health.stages["publisher"].restarts == 1 and health.cycles > 15 and health.missed > 0
    assert loop.counts.bus_ms and "in a process of its own" in loop.scheduler
    words = [word for _, word in heard(ear, 0.2)]
    assert words and times


def test_quiet_reaches_the_process_and_outlives_it(publisher: PublisherProcess, seen: Seen) -> None:
    """Started again, it is still quiet; only its very first cycle comes before it hears anything."""
    publisher.quiet(True)
    for _ in range(2):
        publisher.start()
        seen.clear()
        end = time.monotonic() + 5.0
        while len(seen) < 8 and time.monotonic() < end:
            time.sleep(0.05)
        later = {LAYOUT.by_id[frame.can_id, frame.extended].name for frame, t in seen if t > seen[0][1]}
        assert len(seen) >= 8 and later == {"DMS_TakeoverReady"}
        publisher.stop()
