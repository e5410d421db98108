"""Real-time priority for the publisher's thread, where the system allows it."""

import os

PRIORITY = 10
"""SCHED_FIFO priority: above ordinary work, far below the kernel's own threads."""


def raise_priority() -> str:
    """Put the calling thread under SCHED_FIFO; returns the scheduler in force, with the reason when it was refused."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except (OSError, AttributeError) as error:
        return f"ordinary (SCHED_FIFO refused: {getattr(error, 'strerror', None) or error}; give CAP_SYS_NICE)"
    return f"SCHED_FIFO {PRIORITY}"
