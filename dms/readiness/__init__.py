"""DriverState to TakeoverReadiness: one ordinal level, score, advisory take-over time, warning, requests, causes."""

from dms.readiness.decide import ready_for_takeover

__all__ = ["ready_for_takeover"]
