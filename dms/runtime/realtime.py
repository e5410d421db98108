"""What the system gives a real-time process: priority, cores, memory that stays, a garbage collector that keeps still.

Nothing here is fatal: what is refused is told, with what would grant it, and the loop runs without.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Sequence

SWITCH_INTERVAL_S = 0.0005
"""Python hands the interpreter over this often: the publisher wakes on time beside a busy perception thread."""

PRIORITIES = {"publisher": 10, "can": 9, "camera": 8, "inference": 5}
"""SCHED_FIFO priority of a stage: above ordinary work, far below the kernel's own threads (interrupts run at 50). Inference is
among them though the publisher is what must be on time: a thread that is put aside while it holds Python's lock holds up all
others, whatever their priority."""

BASE_PRIORITY = 1
"""Of every other thread of the process, for the same reason; threads inherit it from the one that starts them."""

_CURRENT, _FUTURE, _ON_FAULT = 1, 2, 4  # MCL_* of <sys/mman.h>, the same on x86-64 and aarch64


class RealTime:
    """Asks for what the configuration wants and remembers the answers.

    Args:
        fifo: SCHED_FIFO for the stages in ``PRIORITIES``.
        inference_priority: SCHED_FIFO priority of inference; 0: that of threads without a stage.
        cpus: cores for all threads; ``None``: all.
        lock_memory: keep the process's memory from being paged out.
        still_collector: what exists when the loop starts is never searched for garbage again, and no search starts by itself.
    """

    def __init__(
        self,
        fifo: bool = True,
        inference_priority: int = PRIORITIES["inference"],
        cpus: Sequence[int] | None = None,
        lock_memory: bool = False,
        still_collector: bool = True,
    ) -> None:
        self.grants: dict[str, str] = {}
        """What was asked for, and what came of it, in words."""
        self._priorities = {**PRIORITIES, "inference": inference_priority or BASE_PRIORITY} if fifo else {}
        self._cpus, self._lock, self._still = cpus, lock_memory, still_collector
        self._old_interval = sys.getswitchinterval()
        self._old_cpus: set[int] | None = None

    def enter(self) -> None:
        """For the whole process; to be called before the threads start, which inherit cores and priority."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        if self._priorities:
            self.grants["thread others"] = raise_priority(BASE_PRIORITY)
        if self._cpus is not None:
            self.grants["cpus"] = self._pin(self._cpus)
        if self._lock:
            self.grants["memory"] = lock_memory()
        if self._still:
            gc.collect()
            gc.freeze()
            gc.disable()
            self.grants["collector"] = "still"

    def leave(self) -> None:
        """Put back what can be."""
        sys.setswitchinterval(self._old_interval)
        if self.grants.get("thread others", "").startswith("SCHED_FIFO"):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        if self._old_cpus is not None:
            os.sched_setaffinity(0, self._old_cpus)
        if self.grants.get("memory") == "locked":
            ctypes.CDLL(None).munlockall()
        if self._still:
            gc.enable()
            gc.unfreeze()

    def thread(self, stage: str) -> None:
        """For the calling thread, which belongs to ``stage``."""
        priority = self._priorities.get(stage, 0)
        self.grants[f"thread {stage}"] = raise_priority(priority) if priority else "ordinary"

    def sweep(self) -> None:
        """Collect what piled up since the start (some milliseconds: the frozen rest is left out)."""
        if self._still:
            gc.collect()

    def _pin(self, cpus: Sequence[int]) -> str:
        try:
            before = os.sched_getaffinity(0)
            os.sched_setaffinity(0, set(cpus))
        except (OSError, AttributeError, ValueError) as error:
            return f"refused ({getattr(error, 'strerror', None) or error}; this machine has {os.cpu_count()} cores)"
        self._old_cpus = before
        return ", ".join(map(str, sorted(os.sched_getaffinity(0))))


def raise_priority(priority: int) -> str:
    """Put the calling thread under SCHED_FIFO; returns the scheduler in force, with the reason when it was refused."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or error
        return f"ordinary (SCHED_FIFO refused: {reason}; give CAP_SYS_NICE, with systemd LimitRTPRIO={priority})"
    return f"SCHED_FIFO {priority}"


def lock_memory() -> str:
    """Lock what is touched now and later. Only where no limit is set: under one a later allocation would fail instead."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY and not _may_lock():
        return f"refused (limit of {soft // 1024} KiB; give CAP_IPC_LOCK, with systemd LimitMEMLOCK=infinity)"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_CURRENT | _FUTURE | _ON_FAULT) != 0:
        return f"refused ({os.strerror(ctypes.get_errno())}; give CAP_IPC_LOCK, with systemd LimitMEMLOCK=infinity)"
    return "locked"


def _may_lock() -> bool:
    """CAP_IPC_LOCK, bit 14 of the effective set."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            line = next((text for text in status if text.startswith("CapEff:")), "CapEff: 0")
    except OSError:
        return False
    return bool(int(line.split()[1], 16) >> 14 & 1)
