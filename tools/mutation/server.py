"""Runs the selected tests once for each connection, in a forked process that finds the heavy packages loaded already.

Only the tests, and the packages under mutation, are imported anew each time: a killed mutant then costs a fraction of a second.
Started by ``tools.mutation.run``; the answer on the connection is pytest's exit code as one byte (0: the mutant lives).
"""

import importlib
import math
import os
import resource
import socket
import sys

import pytest

PRELOADED = ("numpy", "yaml", "msgspec", "hypothesis", "dms.profiles", "dms.records", "dms.records.jsonl", "dms.records.cabin")
OPTIONS = (
    "-x",
    "-q",
    "--noconftest",
    "-p",
    "requirement_marks",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:timeout",
    "-o",
    "addopts=",
    "-o",
    "filterwarnings=",
)


LONGEST_S = 600
"""CPU time of the first run, which shows what the tests need."""
MEMORY_BYTES = 4 << 30


def serve(path: str, tests: list[str]) -> None:
    """Answer until killed. The first run must be of the unchanged module: later ones may take three times its CPU time."""
    sys.dont_write_bytecode = True
    for name in PRELOADED:
        importlib.import_module(name)
    limit_s = LONGEST_S
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        while True:
            caller, _ = door.accept()
            with caller:
                caller.sendall(bytes([run(limit_s, tests)]))
            if limit_s == LONGEST_S:
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                limit_s = math.ceil(3.0 * (used.ru_utime + used.ru_stime)) + 2


def run(limit_s: int, tests: list[str]) -> int:
    """pytest's exit code; 99 where the process was ended by a signal, as an endless loop is after ``limit_s`` of CPU time."""
    child = os.fork()
    if child == 0:
        code = 98
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            code = int(pytest.main([*OPTIONS, *tests]))
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2:])
