"""Faults of the whole process, measured on the clock: ``dms run`` on the sample drive, killed or stopped, heard over multicast.

Lock-step has no process that could die. Here the product runs as on its target, with its own threads and publisher, and the car's
side of a real bench listens. Figures are of this machine, just now.
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from dms.errors import HardwareError
from hil.bench.real import BenchFile, Can, RealBench
from hil.bench.scenario import endless
from hil.faults.catalogue import Fault, states
from hil.faults.cell import Cell, judged
from hil.faults.processes import EFFECTS

CHANNEL = "239.74.163.93"
STARTS_S, BACK_S = 60.0, 40.0
"""Longest wait for the first "ready" (networks are loaded first), and for the next one."""
LASTS_S = 0.8


class LiveBench(RealBench):
    """``dms run`` as a process of its own, and the bench beside it."""

    def __init__(self) -> None:
        super().__init__(endless(states()["attentive"]), BenchFile(can=Can(interface="udp_multicast", channel=CHANNEL)))
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory()

    def start(self) -> None:
        """Start the product."""
        folder = Path(self._folder.name)
        config = folder / "run.yaml"
        config.write_text(f"source: sample\ndriver: sample\nbus: {{interface: udp_multicast, channel: {CHANNEL}}}\n")
        with (folder / "said.txt").open("ab") as said:
            command = [sys.executable, "-m", "dms", "run", "--config", str(config)]
            self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)

    def kill(self, number: int) -> None:
        """Send the process a signal."""
        assert self.process is not None
        os.kill(self.process.pid, number)
        if number == signal.SIGKILL:
            self.process.wait()

    def publisher(self) -> int:
        """Number of the publisher's process.

        Raises:
            HardwareError: it has none of its own.
        """
        assert self.process is not None
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                if "publisher_child" in Path(f"/proc/{child}/cmdline").read_text():
                    return int(child)
        raise HardwareError("the publisher of this run has no process of its own")

    def __enter__(self) -> "LiveBench":
        super().__enter__()
        self.start()
        return self

    def __exit__(self, *details: Any) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        super().__exit__(*details)
        self._folder.cleanup()

    def said(self) -> str:
        """Last line of what the product said on its standard error."""
        lines = (Path(self._folder.name) / "said.txt").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def measure(fault: Fault) -> Cell:
    """Start the product, wait until it is ready, put the fault in, take it out, wait until it is ready again."""
    with LiveBench() as bench:
        first = bench.expect(f"readiness ready by {STARTS_S} s")
        if not first.passed:
            why = f"the product was not ready within {STARTS_S:g} s; it said: {bench.said()}"
            return Cell(fault=fault.name, state="attentive", outcome="error", limit_s=fault.within_s, why=why)
        begin = bench.now
        try:
            out = EFFECTS[fault.target][fault.failure](bench)
        except HardwareError as error:
            return Cell(fault=fault.name, state="attentive", outcome="error", limit_s=fault.within_s, why=str(error))
        bench.advance(begin + LASTS_S)
        heard = bench.expect(f"{fault.hears} within {LASTS_S} s after {begin:.3f} s")
        out()
        end = bench.now
        back = bench.expect(f"readiness ready within {BACK_S} s after {end:.3f} s")
        return judged(fault, "attentive", "ready", bench.timeline, (begin, end), heard, back)
