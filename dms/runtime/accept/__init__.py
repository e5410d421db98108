"""Acceptance on a Jetson: what could not be proven without a device, in eleven parts, in one record."""
