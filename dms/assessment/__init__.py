"""Observation stream to DriverState."""
