"""The receiver in C and the one in Python on the same random and mutated frames: they must believe the same after each of them.

    python -m tools.compare_receivers [--frames 1000000] [--start 1]

Needs a C compiler and make. Half of the frames are CAN FD, half classic. Ends with exit code 1 at the first difference.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from dms.bus.contract.c_source import STATEMENT
from dms.bus.contract.export import SETS, export
from dms.bus.contract.vectors import lines
from dms.bus.layout import Layout, Message, load
from dms.bus.port import CanFrame
from dms.bus.trace import candump

CHUNK = 20_000
Trace = list[tuple[float, CanFrame]]


class Wild:
    """A sender with a bus that does it every harm; calm stretches in between, so that trust is won and lost."""

    def __init__(self, message: Message, random: Random) -> None:
        self._message, self._random = message, random
        self._counter = self._picture = 0
        self._sent: list[CanFrame] = []
        names = {"DMS_OperSt": "Active", "TkoRdy_St": "Ready", "DrvAvail_St": "Yes", "DrvPresent_St": "Yes"}
        self._ready = {name: message.signals[name].names[word] for name, word in names.items()}
        self._places = {signal.name: (signal.start, (1 << signal.length) - 1) for signal in message.codec.signals}
        self._pictures = int(message.signals["Smpl_FrameCnt"].high) + 1
        self._harms = [getattr(self, name) for name in dir(self) if name.startswith("harm_")]

    def trace(self, frames: int) -> Trace:
        """So many frames, with the times they arrive at."""
        found: Trace = []
        now, calm = 10_000_000, 12
        while len(found) < frames:
            calm = calm - 1 if calm > -15 else self._random.randrange(4, 40)
            frame = self._good(ready=True)
            if calm < 0 and self._random.random() < 0.6:
                frame = self._random.choice(self._harms)(frame)
            now += self._gap(calm < 0)
            found.append((now / 1e6, frame))
        return found

    def _gap(self, wild: bool) -> int:
        """Microseconds to the next frame; the limits of the receiver are hit exactly now and then."""
        if not wild or self._random.random() < 0.7:
            return 50_000 + self._random.choice((0, 0, 1, -1, self._random.randrange(-9000, 9000)))
        exact = (0, 1, 25_000, 24_999, 75_000, 74_999, 150_000, 150_001, 149_999, 200_000, 200_001, 550_000, -20_000, -1)
        return self._random.choice((*exact, self._random.randrange(0, 3_000_000)))

    def _good(self, ready: bool) -> CanFrame:
        """Random bits, with a statement among them; ``ready``: one that says so."""
        assert self._message.protection is not None
        random = self._random
        payload = random.getrandbits(8 * self._message.length)
        codes = {**self._ready, "TkoRdy_Lvl": random.choice((4, 5)), "Smpl_Age": random.randrange(0, 80)} if ready else {}
        self._picture += random.random() < 0.9
        if random.random() < 0.95:
            codes["Smpl_FrameCnt"] = self._picture % self._pictures
        for name, code in codes.items():
            start, mask = self._places[name]
            payload = payload & ~(mask << start) | code << start
        data = payload.to_bytes(self._message.length, "little")
        return self._frame(self._message.protection.protect(data, self._step()))

    def _step(self) -> int:
        assert self._message.protection is not None
        self._counter = (self._counter + 1) % self._message.protection.counter_period
        return self._counter

    def _frame(self, data: bytes) -> CanFrame:
        m = self._message
        self._sent.append(CanFrame(m.can_id, data, m.extended, m.fd, m.fd))
        del self._sent[:-200]
        return self._sent[-1]

    def harm_lost(self, frame: CanFrame) -> CanFrame:
        return CanFrame(0x7FF, b"")

    def harm_two_lost(self, frame: CanFrame) -> CanFrame:
        self._step()
        return CanFrame(0x7FF, b"")

    def harm_repeated(self, frame: CanFrame) -> CanFrame:
        return self._sent[max(0, len(self._sent) - 2)]

    def harm_replayed(self, frame: CanFrame) -> CanFrame:
        return self._random.choice(self._sent)

    def harm_flipped(self, frame: CanFrame) -> CanFrame:
        bits = sum(1 << self._random.randrange(8 * len(frame.data)) for _ in range(self._random.randrange(1, 4)))
        return replace(
            frame, data=(int.from_bytes(frame.data, "big") ^ bits % (1 << 8 * len(frame.data))).to_bytes(len(frame.data), "big")
        )

    def harm_random(self, frame: CanFrame) -> CanFrame:
        return replace(frame, data=self._random.randbytes(len(frame.data)))

    def harm_length(self, frame: CanFrame) -> CanFrame:
        lengths = (0, 1, 2, 3, 7, 8, 12, 16, 20, 64) if frame.fd else (0, 1, 2, 3, 7, 8)
        return replace(frame, data=frame.data.ljust(64, b"\0")[: self._random.choice(lengths)])

    def harm_format(self, frame: CanFrame) -> CanFrame:
        return replace(frame, fd=not frame.fd, bit_rate_switch=False, data=frame.data[:8])

    def harm_id(self, frame: CanFrame) -> CanFrame:
        return replace(
            frame, can_id=self._random.choice((frame.can_id ^ 1, frame.can_id, 0)), extended=self._random.random() < 0.5
        )

    def harm_zero(self, frame: CanFrame) -> CanFrame:
        return replace(frame, data=bytes(len(frame.data)))

    def harm_ones(self, frame: CanFrame) -> CanFrame:
        return replace(frame, data=b"\xff" * len(frame.data))

    def harm_protected_zero_or_ones(self, frame: CanFrame) -> CanFrame:
        assert self._message.protection is not None
        data = bytes([self._random.choice((0, 255))]) * len(frame.data)
        return replace(frame, data=self._message.protection.protect(data, self._step()))

    def harm_protected_random(self, frame: CanFrame) -> CanFrame:
        return self._good(ready=False)

    def harm_jump(self, frame: CanFrame) -> CanFrame:
        self._counter += self._random.randrange(1, 256)
        return self._good(ready=True)


def build(folder: Path) -> Path:
    """The monitor program, compiled from a fresh export.

    Raises:
        subprocess.CalledProcessError: it does not compile, or does not pass its own check.
    """
    export(folder)
    subprocess.run(["make", "-s", "-j2", "-C", str(folder / "c"), "check"], check=True, capture_output=True, text=True)
    return folder / "c" / "dms_monitor"


def differences(program: Path, name: str, layout: Layout, trace: Trace, seen: Counter[str]) -> Iterator[str]:
    """Lines in which the two receivers disagree; ``seen`` counts verdicts and statements."""
    text = b"".join(candump(frame, t) + b"\n" for t, frame in trace)
    theirs = subprocess.run([program, name], input=text, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    ours = list(lines(layout, trace))
    for left, right in zip(ours, theirs, strict=True):
        words = left.split()
        seen.update((f"verdict {words[1]}", f"state {words[2]}", words[3]))
        if left != right:
            yield f"Python {left}\nC      {right}"


def main(argv: list[str] | None = None) -> int:
    """Compare; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.compare_receivers", description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--start", type=int, default=1, help="first number for the random generator")
    options = parser.parse_args(argv)
    if not shutil.which("make"):
        print("compare_receivers: make and a C compiler are needed; on Debian or Ubuntu: apt install gcc make", file=sys.stderr)
        return 4
    layouts = {name: load(path) for name, path in SETS.items()}
    begin, seen, done = time.perf_counter(), Counter[str](), 0
    with tempfile.TemporaryDirectory(prefix="receivers-") as folder:
        program = build(Path(folder) / "contract")
        while done < options.frames:
            name = list(layouts)[done // CHUNK % 2]
            size = min(CHUNK, options.frames - done)
            trace = Wild(layouts[name][STATEMENT], Random(options.start + done)).trace(size)
            for difference in differences(program, name, layouts[name], trace, seen):
                print(f"{name}, random start {options.start + done}\n{difference}")
                return 1
            done += size
    print(f"{done} frames, no difference, {time.perf_counter() - begin:.0f} s")
    print("\n".join(f"{count:9}  {name}" for name, count in sorted(seen.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
