"""The date in a record's header: the only place where the wall clock is read. Nothing depends on it."""

from datetime import datetime, timezone


def utc_now() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
