"""The product's process killed while the car listens, on the clock."""

import pytest

from dms.cli import main


@pytest.mark.slow
@pytest.mark.usefixtures("engines_built")
def test_a_killed_product_is_not_ready_and_comes_back(capsys):
    assert main.main(["hil", "faults", "--only", "process_killed"]) == 0
    assert "ok     process_killed" in capsys.readouterr().out
