"""What the system gives and what it refuses; a refusal is told and never fatal."""

import gc
import os
import sys
import threading

import pytest

from dms.runtime import realtime
from dms.runtime.realtime import RealTime


def on_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10.0)
    assert not thread.is_alive()


def test_everything_is_put_back():
    interval, cpus = sys.getswitchinterval(), os.sched_getaffinity(0)
    wish = RealTime(cpus=[min(cpus)])
    wish.enter()
    try:
        assert os.sched_getaffinity(0) == {min(cpus)} and wish.grants["cpus"] == str(min(cpus))
        assert not gc.isenabled() and gc.get_freeze_count() > 0
        wish.sweep()
    finally:
        wish.leave()
    assert (sys.getswitchinterval(), os.sched_getaffinity(0)) == (interval, cpus)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_cores_that_do_not_exist_are_refused_in_words():
    wish = RealTime(cpus=[1023])
    wish.enter()
    wish.leave()
    assert wish.grants["cpus"].startswith("refused (") and "cores" in wish.grants["cpus"]


def test_a_thread_says_which_scheduler_it_got():
    wish, real = RealTime(), []
    on_a_thread(lambda: (wish.thread("publisher"), real.append(os.sched_getscheduler(0))))
    told = wish.grants["thread publisher"]
    assert (told == "SCHED_FIFO 10") == (real == [os.SCHED_FIFO])
    assert told == "SCHED_FIFO 10" or "SCHED_FIFO refused" in told
    plain = RealTime(fifo=False)
    on_a_thread(lambda: plain.thread("publisher"))
    assert plain.grants["thread publisher"] == "ordinary"  # not asked for


def test_a_refused_priority_names_what_would_grant_it(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert realtime.raise_priority(10) == (
        "ordinary (SCHED_FIFO refused: Operation not permitted; give CAP_SYS_NICE, with systemd LimitRTPRIO=10)"
    )


def test_memory_is_not_locked_under_a_limit(monkeypatch):
    """A later allocation would fail then, which is worse than being paged out."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (8 << 20, 8 << 20))
    monkeypatch.setattr(realtime, "_may_lock", lambda: False)
    assert realtime.lock_memory() == "refused (limit of 8192 KiB; give CAP_IPC_LOCK, with systemd LimitMEMLOCK=infinity)"


@pytest.mark.parametrize(("answer", "told"), [(0, "locked"), (-1, "refused (")])
def test_the_kernels_answer_is_told(monkeypatch, answer, told):
    class Libc:
        def __init__(self, *_, **__):
            self.mlockall = lambda flags: answer if flags == 7 else 1 / 0

    monkeypatch.setattr(realtime, "_may_lock", lambda: True)
    monkeypatch.setattr(realtime.ctypes, "CDLL", Libc)
    assert realtime.lock_memory().startswith(told)
