"""Benches: synthetic driver, scenarios, faults, and the other side of the bus."""
