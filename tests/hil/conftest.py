"""What tests of the synthetic driver share."""

import os

import pytest


@pytest.fixture(scope="session")
def gl() -> None:
    """A renderer. Where there is none the test is skipped with the reason; with DMS_REQUIRE_GL=1 (CI) it fails instead."""
    from dms.errors import DmsError

    try:
        from hil.driver.render.context import open_context

        open_context()
    except (ImportError, DmsError) as error:
        if os.environ.get("DMS_REQUIRE_GL") == "1":
            pytest.fail(f"no renderer, but this run requires one: {error}")
        pytest.skip(f"no renderer: {error}")
