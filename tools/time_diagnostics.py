"""What diagnostics cost the loop: latencies and missed cycles without them, with them, and with a tester that never pauses.

    python -m tools.time_diagnostics [--seconds 20] [--publisher thread]

The sample log is judged by the real networks; the bus is ``udp_multicast``, the tester a process of its own. Also told: how long
the answers took at the tester's, to be held against P2 (50 ms).
"""

import argparse
import subprocess
import sys
import tempfile
import time

import msgspec

from dms.bus.port import BusConfig, open_bus
from dms.diagnostics.identifiers import ALL
from dms.diagnostics.isotp_link import IsoTp, filtered
from dms.runtime.config import DiagnosticsSection, RunConfig, load_parts
from dms.runtime.figures import percentiles
from dms.runtime.service import Service

CHANNEL = "239.74.163.93"


def ask(seconds: float) -> None:
    """The tester's process: reads every identifier, again and again; percentiles in ms as JSON on stdout."""
    bus = open_bus(filtered(BusConfig(interface="udp_multicast", channel=CHANNEL), (0x7C9,)))
    link, took, silent = IsoTp(bus, True, 0x7C9, 0x7C1), [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for one in ALL:
            start = time.monotonic()
            link.send(b"\x22" + one.number.to_bytes(2, "big"))
            while link.poll() is None and time.monotonic() < start + 1.0:
                pass
            milliseconds = (time.monotonic() - start) * 1e3
            silent += milliseconds >= 1000.0
            took.append(milliseconds)
    bus.close()
    answers = {"requests": len(took), "without answer": silent, **percentiles(took, (50, 99)), "max": round(max(took), 1)}
    print(msgspec.json.encode(answers).decode())


def measure(name: str, seconds: float, publisher: str, diagnostics: bool, asking: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = RunConfig(source="sample", driver="sample")
        config.bus.interface, config.bus.channel = "udp_multicast", CHANNEL
        config.real_time.publisher = publisher  # type: ignore[assignment]
        config.diagnostics = DiagnosticsSection(store=f"{folder}/memory") if diagnostics else None
        with Service(load_parts(config), "measurement") as service:
            command = [sys.executable, "-m", "tools.time_diagnostics", "--ask", str(seconds)]
            tester = subprocess.Popen(command, stdout=subprocess.PIPE, text=True) if asking else None
            cpu = time.process_time()
            service.run(seconds + 1.0)
            cpu = time.process_time() - cpu
            said = tester.communicate()[0].strip() if tester is not None else ""
            health, stats = service.loop.health(), service.loop.publisher.stats()
    print(f"{name}: capture to judged {health.latency_ms}, to the first CAN frame {health.bus_ms}")
    period = f"period error p99 {stats.period_error_p99_ms:.2f}, max {stats.period_error_max_ms:.2f} ms"
    print(f"  {stats.missed} of {stats.cycles} cycles missed, {period}; {cpu / (seconds + 1.0):.2f} s of CPU time a second")
    if said:
        print(f"  answers in ms: {said}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--publisher", choices=("process", "thread"), default="process")
    parser.add_argument("--ask", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.ask is not None:
        ask(args.ask)
        return 0
    measure("without diagnostics", args.seconds, args.publisher, diagnostics=False, asking=False)
    measure("with diagnostics", args.seconds, args.publisher, diagnostics=True, asking=False)
    measure("with a tester that asks without a pause", args.seconds, args.publisher, diagnostics=True, asking=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
