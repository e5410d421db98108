"""The bench as a pytest plugin: fixtures ``dms can_bus controller scenario inject expect clock``. See ``docs/hil.md``.

pytest loads this module in every run of everybody who has ``dms`` installed, so it imports nothing but pytest; the bench is
loaded by the first test that uses it.
"""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hil.bench.clock import BenchClock
    from hil.bench.scenario import Loaded
    from hil.pytest_plugin.handles import CanBus, Controller
    from hil.pytest_plugin.session import Session

DEFAULT_SCENARIO = "r157_attentive_drive"
REPORT = "dms-report"
_SESSION = pytest.StashKey["Session"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the bench."""
    group = parser.getgroup("dms", "driver monitoring bench")
    group.addoption("--dms-bench", metavar="FILE", help="run on this bench (YAML, see docs/hil.md); default: the simulator")
    group.addoption("--dms-seed", type=int, metavar="N", help="seed of driver and chance (default: each scenario's own)")
    group.addoption("--dms-report", metavar="DIR", default=REPORT, help="where failures leave their files (default: dms-report)")
    group.addoption("--dms-report-all", action="store_true", help="tests that pass leave their files too")


def pytest_configure(config: pytest.Config) -> None:
    """Marks of the bench; a report folder that is a file is told before any test."""
    report = config.getoption("--dms-report")
    if report != REPORT and Path(report).is_file():
        raise pytest.UsageError(f"--dms-report {report} is a file; give a folder")
    config.addinivalue_line(
        "markers", "dms_scenario(name): bench scenario that the fixtures play: a shipped one's name, or a file"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Measurements into JUnit's properties; what a failure leaves behind into its report."""
    report = yield
    session = item.stash.get(_SESSION, None)
    if session is None or report.when != "call":
        return report
    item.user_properties += session.properties()
    if report.failed or item.config.getoption("--dms-report-all"):
        folder = Path(item.config.getoption("--dms-report"))
        report.sections.append(("dms bench", session.leave(folder, item.nodeid)))
    return report


@pytest.fixture
def scenario(request: pytest.FixtureRequest) -> "Loaded":
    """The scenario of ``@pytest.mark.dms_scenario``, else an attentive drive under Level 3."""
    from dms.errors import DmsError
    from hil.bench.scenario import load

    mark = request.node.get_closest_marker("dms_scenario")
    if mark is not None and len(mark.args) != 1:
        pytest.fail("dms_scenario: give one name or file, e.g. @pytest.mark.dms_scenario('takeover_phone')", pytrace=False)
    try:
        return load(DEFAULT_SCENARIO if mark is None else mark.args[0])
    except DmsError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def _dms_session(request: pytest.FixtureRequest, scenario: "Loaded") -> "Iterator[Session]":
    from hil.pytest_plugin.session import Session

    options = request.config.getoption
    with Session(scenario, options("--dms-bench"), options("--dms-seed")) as session:
        request.node.stash[_SESSION] = session
        yield session


@pytest.fixture
def dms(_dms_session: "Session") -> Any:
    """The bench with the product on it: ``advance(t)``, ``expect(text)``, ``run()``, ``timeline``, ``result``."""
    return _dms_session.bench


@pytest.fixture
def clock(_dms_session: "Session") -> "BenchClock":
    """Time of the run, s: simulated, or real on a real bench."""
    clock: BenchClock = _dms_session.bench.clock
    return clock


@pytest.fixture
def controller(_dms_session: "Session") -> "Controller":
    """The simulated Level 3 controller: ``state``, ``activate()``, ``request_takeover(budget_s)``, ``drive(belt=False)``."""
    return _dms_session.controller


@pytest.fixture
def can_bus(_dms_session: "Session") -> "CanBus":
    """The bus as the car hears it: ``frames`` with their times, ``named(message)``, ``decoded(message)``, ``send(frame)``."""
    return _dms_session.can_bus


@pytest.fixture
def inject(_dms_session: "Session") -> Callable[..., Callable[[], None]]:
    """Put a fault in, now: ``inject("bus_out", "off")``; the answer takes it out again, else the end of the test does."""
    return _dms_session.inject


@pytest.fixture
def expect(_dms_session: "Session") -> Callable[[str], Any]:
    """Go on as far as an expectation takes and fail if it is not met: ``expect("readiness unknown within 0.3 s after 5 s")``."""
    return _dms_session.expect
