"""The newest so many numbers."""

from hypothesis import given
from hypothesis import strategies as st

from dms.ring import Ring


@given(st.integers(1, 9), st.lists(st.floats(-1e9, 1e9), max_size=40), st.integers(0, 50))
def test_it_keeps_the_newest_in_order(size: int, values: list[float], most: int) -> None:
    ring = Ring(size)
    for value in values:
        ring.append(value)
    assert list(ring) == values[-size:] and len(ring) == min(size, len(values)) and bool(ring) is bool(values)
    assert ring.last(most).tolist() == (values[-size:][-most:] if most else [])


def test_what_was_read_stays_as_it_was() -> None:
    ring = Ring(2)
    ring.append(1.0)
    before = ring.last()
    ring.append(2.0)
    ring.append(3.0)
    assert before.tolist() == [1.0]
