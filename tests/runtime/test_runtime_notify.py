"""The service manager's protocol against a socket of the test's own."""

import os
import socket

import pytest

from dms.runtime.notify import Notifier


@pytest.fixture
def manager(tmp_path):
    """(address, a function that gives the next message or ``None``)."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(0.2)

        def heard():
            try:
                return server.recv(1000).decode()
            except TimeoutError:
                return None

        yield path, heard


def test_words_of_the_protocol(manager):
    path, heard = manager
    notifier = Notifier({"NOTIFY_SOCKET": path})
    notifier.ready()
    notifier.status("ready,\n30 pictures/s")
    notifier.stopping()
    assert [heard(), heard(), heard(), heard()] == ["READY=1", "STATUS=ready, 30 pictures/s", "STOPPING=1", None]


def test_the_watchdog_is_fed_at_half_its_patience_and_only_for_judged_pictures(manager):
    path, heard = manager
    notifier = Notifier({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": str(os.getpid())})
    assert notifier.period_s == 1.0
    fed = [(t / 10, notifier.feed(processed, t / 10)) for t in range(30) for processed in [min(3 * t, 45)]]
    assert [t for t, yes in fed if yes] == [0.0, 0.9, 1.8]  # the pictures ended at 1.5
    assert [heard() for _ in range(4)] == ["WATCHDOG=1"] * 3 + [None]


@pytest.mark.parametrize(
    "given", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "1"}]
)
def test_without_a_watchdog_there_is_nothing_to_feed(given):
    notifier = Notifier(given)
    assert notifier.period_s is None and not notifier.feed(1, 0.0)


def test_a_manager_that_is_gone_does_not_matter(tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()
    Notifier({}).ready()


def test_the_abstract_name_space():
    name = f"dms-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind("\0" + name)
        server.settimeout(2.0)
        Notifier({"NOTIFY_SOCKET": "@" + name}).ready()
        assert server.recv(100) == b"READY=1"
