"""Tests that measure time, or own the machine for a while, run without neighbours (``-m alone``); the others side by side."""

import pytest

FILES = frozenset(
    {
        "test_bus_handover.py", "test_bus_port.py", "test_bus_publisher.py",
        "test_camera_device.py", "test_camera_gstreamer.py", "test_camera_live.py", "test_camera_video.py",
        "test_cli_commands.py", "test_cli_demo.py", "test_cli_run.py", "test_cli_privacy.py",
        "test_hil_faults_live.py",
        "test_runtime_faults.py", "test_runtime_golden.py", "test_runtime_loop.py", "test_runtime_notify.py",
        "test_runtime_realtime.py", "test_runtime_recorder.py", "test_runtime_selftest.py", "test_runtime_sources.py",
        "test_runtime_stages.py",
    }
)  # fmt: skip


LONG = ("test_packaging.py", "test_readme.py", "test_hil_closed_loop.py")
"""Few tests that take minutes: begun first, or one worker waits for the other at the end."""


def long_ones_first(items: list[pytest.Item]) -> None:
    """The order in which workers take files, with ``--no-loadscope-reorder``."""
    items.sort(key=lambda item: item.path.name not in LONG)


def mark_alone(items: list[pytest.Item]) -> None:
    """Adds the mark, before ``-m`` takes tests away."""
    for item in items:
        if item.path.name in FILES:
            item.add_marker("alone")
