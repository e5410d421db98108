"""One test on the bench: what the fixtures share, and what a failure leaves behind."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pytest

from dms.errors import DmsError
from hil.bench.bench import Bench
from hil.bench.real import RealBench, read_bench
from hil.bench.scenario import Loaded, endless
from hil.bench.verdict import Verdict
from hil.pytest_plugin.handles import CanBus, Controller


class Session:
    """A context manager.

    Args:
        loaded: scenario to play.
        bench_file: of a real bench; ``None``: the simulator.
        seed: ``None``: the scenario's own.
    """

    def __init__(self, loaded: Loaded, bench_file: str | None, seed: int | None) -> None:
        self._bench_file, self._seed = bench_file, seed
        self._open, self._inputs = ExitStack(), dict[str, Any]()
        self._heard: list[Callable[..., None]] = []
        try:
            self.bench: Any = self._make(endless(loaded))
        except DmsError as error:
            pytest.fail(str(error), pytrace=False)

    def __enter__(self) -> "Session":
        try:
            self._open.enter_context(self.bench)
        except DmsError as error:
            pytest.fail(str(error), pytrace=False)
        bench = self.bench
        self.can_bus = CanBus(bench.layout, bench.ports.car)
        self.controller = Controller(bench.handover, bench.peer, bench.set_inputs)
        self._heard.append(self.can_bus.heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    def inject(self, target: str, failure: str, **how: Any) -> Callable[[], None]:
        """See the fixture."""
        from hil.faults.effects import put_in

        try:
            out = self.bench.put_in(target, failure, **how) if self._bench_file else put_in(self.bench, target, failure, **how)
        except DmsError as error:
            pytest.fail(str(error), pytrace=False)
        return out

    def expect(self, text: str) -> Verdict:
        """See the fixture."""
        try:
            verdict: Verdict = self.bench.expect(text)
        except DmsError as error:
            pytest.fail(str(error), pytrace=False)
        if not verdict.passed:
            cause = "" if verdict.at is None else self.bench.result.cause_at(verdict.at)
            said = f"\nthe product said: {cause}" if cause else ""
            pytest.fail(f"expected: {text}\nmeasured: {verdict.measured}{said}", pytrace=False)
        return verdict

    def properties(self) -> list[tuple[str, object]]:
        """For JUnit: seed, clock, each measurement."""
        result = self.bench.result
        found: list[tuple[str, object]] = [("dms.seed", result.seed), ("dms.clock", result.clock), ("dms.scenario", result.name)]
        return found + [(f"dms.measured: {v.expectation.text}", v.measured) for v in result.verdicts]

    def leave(self, folder: Path, node: str) -> str:
        """Write timeline, measurements and trace; returns the text for the report."""
        from hil.bench.timeline_page import page
        from hil.controller.trace import TraceWriter

        result = self.bench.result
        repeat = f"pytest '{node}' --dms-seed {result.seed}" + (f" --dms-bench {self._bench_file}" if self._bench_file else "")
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", node.replace("::", "-"))[-120:]
        result.seconds = self.bench.now
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.html").write_text(page(result, repeat), encoding="utf-8")
            plain = msgspec.json.encode({**result.plain(timeline=True), "repeat": repeat})
            (folder / f"{name}.json").write_bytes(msgspec.json.format(plain, indent=1))
            with TraceWriter(folder / f"{name}.log") as trace:
                for t, frame in self.can_bus.frames:
                    trace.frame(frame, t)
        except (OSError, DmsError) as error:
            return f"seed {result.seed}; repeat: {repeat}\nfiles not written: {error}"
        files = ", ".join(str(folder / f"{name}.{kind}") for kind in ("html", "json", "log"))
        return f"seed {result.seed}; repeat: {repeat}\ntimeline, measurements, CAN trace: {files}"

    def _make(self, loaded: Loaded) -> Any:
        def heard(frame: Any, t: float) -> None:
            for tell in self._heard:
                tell(frame, t)

        if self._bench_file is not None:
            return RealBench(loaded, read_bench(Path(self._bench_file)), path=self._bench_file, seed=self._seed, on_frame=heard)
        return Bench(loaded, seed=self._seed, on_frame=heard)
