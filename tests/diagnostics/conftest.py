"""The server on a fake control unit."""

from collections.abc import Callable
from typing import Any

import pytest
from control_unit import SECRET, Clock, FakeUnit, frame

from dms.diagnostics.memory import Memory
from dms.diagnostics.server import Server
from dms.diagnostics.store import Stored
from dms.diagnostics.table import load


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unit() -> FakeUnit:
    return FakeUnit()


@pytest.fixture
def memory() -> Memory:
    return Memory(load(), Stored(), "cycle 1")


@pytest.fixture
def server(unit: FakeUnit, memory: Memory, clock: Clock) -> Server:
    return Server(unit, memory, clock, SECRET, lambda number: bytes(range(1, number + 1)))


@pytest.fixture
def fail(memory: Memory, clock: Clock) -> Callable[..., None]:
    """Let a test fail, or pass, until that is sure."""

    def run(name: str, failed: bool = True, seconds: float = 12.0, **changes: Any) -> None:
        for _ in range(round(seconds * 10) + 1):
            clock.t += 0.1
            memory.report({name: failed}, lambda: frame(**changes), clock.t)

    return run
