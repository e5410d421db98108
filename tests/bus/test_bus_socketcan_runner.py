"""The program behind ``make test-socketcan``: what is missing is said and fails, a guest that dies fails."""

import platform
import sys
from pathlib import Path

import pytest

from tools.socketcan import run


def program(folder: Path, name: str, text: str = "exit 0") -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A search path with can-utils and nothing else; no kernel CAN."""
    for name in run.TOOLS:
        program(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(run, "kernel_can", lambda: False)
    monkeypatch.setattr(run, "build", lambda folder: folder)
    monkeypatch.setattr(run, "preload", lambda folder: {})
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return tmp_path


def test_missing_programs(path, capsys):
    (path / "cangen").unlink()
    assert run.main([]) == 4
    assert "apt install can-utils" in capsys.readouterr().err


def test_neither_kernel_can_nor_a_guest(path, capsys):
    assert run.main([]) == 4
    assert "apt install user-mode-linux can-utils" in capsys.readouterr().err


def test_no_guest_on_other_processors(path, capsys, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    program(path, "linux.uml")
    assert run.main([]) == 4
    assert "x86-64 only" in capsys.readouterr().err


def test_a_guest_that_dies_fails(path, capsys):
    program(path, "linux.uml", "echo Kernel panic")
    assert run.main([]) == 1
    err = capsys.readouterr().err
    assert "Kernel panic" in err and "the guest ended without a result" in err


def test_a_guest_that_hangs_is_ended(path, capsys, monkeypatch):
    monkeypatch.setattr(run, "LIMIT_S", 0.3)
    program(path, "linux.uml", "exec /bin/sleep 60")
    assert run.main([]) == 1
    assert "stopped after 0.3 s" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1, 5])
def test_the_tests_own_verdict_is_handed_on(path, capsys, code):
    # The guest gets: kernel options, --, guest.py, the folder for results, the checkout.
    program(path, "linux.uml", f'while [ "$1" != "--" ]; do shift; done; echo -n {code} > "$3/code"; echo told > "$3/output"')
    assert run.main(["--guest"]) == code
    assert "told" in capsys.readouterr().out


def test_the_kernel_is_taken_where_it_can(path, monkeypatch):
    ran = []
    monkeypatch.setattr(run, "kernel_can", lambda: True)
    monkeypatch.setattr(run.subprocess, "run", lambda command, **_: ran.append(command) or type("Done", (), {"returncode": 3}))
    assert run.main(["-x"]) == 3
    assert ran == [[sys.executable, *run.PYTEST, "-x"]]
