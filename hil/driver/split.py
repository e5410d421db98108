"""Who may be trained on and who is kept for testing: decided by the driver's seed alone."""

from typing import Literal

Split = Literal["train", "test"]
TEST_SHARE = 6
"""Every sixth seed is a test driver."""


def test_seed(seed: int) -> int:
    """The seed of the test driver next to a seed."""
    return seed // TEST_SHARE * TEST_SHARE + TEST_SHARE - 1


def split_of(seed: int) -> Split:
    """The split a driver's seed belongs to."""
    return "test" if seed % TEST_SHARE == TEST_SHARE - 1 else "train"
