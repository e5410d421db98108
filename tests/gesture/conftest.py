"""A session in the shipped left-hand-drive cabin."""

import pytest
from gesture_scenes import Scene

from dms.assessment import load_cabin
from dms.records.cabin import Cabin


@pytest.fixture(scope="session")
def cabin() -> Cabin:
    return load_cabin("example_lhd")


@pytest.fixture
def scene(cabin: Cabin) -> Scene:
    return Scene(cabin)
