"""Results for people: a line for each run, and under a failed one what was expected and what was measured."""

from collections import Counter
from collections.abc import Sequence

from hil.bench.result import Outcome, Result

_WORDS: dict[Outcome, str] = {"passed": "ok", "failed": "FAILED", "error": "ERROR", "waiting": "waits"}
_COUNTED: dict[Outcome, str] = {
    "passed": "passed", "failed": "failed", "error": "ended with an error", "waiting": "waiting for the product",
}  # fmt: skip


def lines(result: Result) -> list[str]:
    """One run."""
    met = sum(verdict.passed for verdict in result.verdicts)
    name = result.name + (" (rendered)" if result.level == "rendered" else "")
    counted = f"{met}/{len(result.verdicts)} expectations"
    found = [f"{_WORDS[result.outcome]:<7} {name:<42} {counted:<18} {result.seconds:6.1f} s in {result.wall_s:5.1f} s"]
    if result.note is not None:
        found.append(f"        {result.note}")
    if result.outcome == "waiting":
        found.append(f"        for {result.waits_for}")
    elif result.outcome != "passed":
        found += [f"        {text}" for text in result.why()]
        found.append(f"        seed {result.seed}; repeat: {result.repeat}")
    return found


def closing(results: Sequence[Result], wall_s: float) -> str:
    """All of them in one line."""
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[outcome]} {text}" for outcome, text in _COUNTED.items() if counts[outcome]]
    simulated = sum(result.seconds for result in results)
    return f"{len(results)} runs: {', '.join(parts)}; {simulated:.0f} s of driving in {wall_s:.0f} s"
