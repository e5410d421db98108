"""The head unit as a process: ``python -m hil.cockpit --interface udp_multicast``. Ends when its standard input is closed."""

import argparse
import sys
import threading
import time
from pathlib import Path

from dms.bus.layout import load
from dms.bus.port import BusConfig, open_bus
from dms.errors import DmsError
from hil.cockpit.head_unit import HeadUnit
from hil.cockpit.on_bus import HeadUnitNode
from hil.cockpit.page import Page, shown

WAIT_S = 0.02
LARGEST_PORT = 65535
INTERRUPTED = 130  # as the shell has it


def main() -> int:
    """Prints the page's address, then nothing; a line ``ring NAME`` on standard input is an incoming call."""
    parser = argparse.ArgumentParser(prog="python -m hil.cockpit", description=__doc__)
    parser.add_argument("--interface", default="udp_multicast", help="CAN interface")
    parser.add_argument("--channel", help="CAN channel")
    parser.add_argument("--dbc", type=Path, help="message set (default: the shipped one)")
    parser.add_argument("--port", type=_port, default=0, help="of the page, 0: any")
    args = parser.parse_args()
    try:
        return _run(args)
    except DmsError as error:
        print(f"dms cockpit: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # Ctrl-C in a terminal reaches every process started from it
        return INTERRUPTED


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LARGEST_PORT:
        raise argparse.ArgumentTypeError(f"{text} is no port; give 0 to {LARGEST_PORT}")
    return int(text)


def _run(args: argparse.Namespace) -> int:
    unit, stop = HeadUnit(), threading.Event()
    layout = load(args.dbc) if args.dbc else load()
    bus = open_bus(BusConfig(interface=args.interface, channel=args.channel))
    try:
        node = HeadUnitNode(unit, bus, layout)
        threading.Thread(target=_orders, args=(unit, stop), daemon=True).start()
        with Page(lambda: shown(node, time.monotonic()), args.port) as page:
            print(page.url, flush=True)
            while not stop.is_set():
                node.step(time.monotonic(), WAIT_S)
    finally:
        bus.close()
    return 0


def _orders(unit: HeadUnit, stop: threading.Event) -> None:
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "ring":
            unit.ring(rest or "unknown caller")
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
