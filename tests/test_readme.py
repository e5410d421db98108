"""The README's commands work: every ``dms`` line of its shell blocks is run, every ``make`` target exists."""

import re
import shlex
from pathlib import Path

import pytest

from dms.cli.main import COMMANDS
from dms.records import Observation, VehicleState
from dms.records.jsonl import encode

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SKIP = re.compile(r"#\s*not run here:\s*\S")


def shell_lines(text: str) -> list[str]:
    """Lines of all fenced ``sh`` blocks, continued lines joined, comments and prompts taken off; marked ones left out."""
    lines: list[str] = []
    for block in re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            bare = re.sub(r"\s+#.*$", "", line).strip().removeprefix("$ ")
            if bare and not bare.startswith("#") and not SKIP.search(line):
                lines.append(bare)
    return lines


LINES = shell_lines(README)
COMMAND_LINES = [line for line in LINES if re.match(r"(\S*/)?dms\s", line)]


def test_reader_of_shell_blocks() -> None:
    block = (
        "$ dms doctor   # a remark\nmake test\ndms run --config a.yaml  # not run here: needs a camera\n# note\ndms a \\\n  b\n"
    )
    text = f"```sh\n{block}```\n```\ndms no\n```\n"
    assert [" ".join(line.split()) for line in shell_lines(text)] == ["dms doctor", "make test", "dms a b"]


def test_the_readme_has_commands() -> None:
    assert len(COMMAND_LINES) >= 5 and any(line.startswith("make demo") for line in LINES)
    assert any(line.startswith("make test") for line in LINES)


def test_every_line_is_understood() -> None:
    """Anything else than dms and make is for readers only and says so."""
    other = [line for line in LINES if line not in COMMAND_LINES and not line.startswith("make ")]
    assert not other, f"mark with '# not run here: reason': {other}"


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][\w-]*)\s*:(?!=)", makefile, re.MULTILINE))
    named = {m for line in LINES for m in re.findall(r"^make\s+([\w-]+)", line)}
    named |= set(re.findall(r"`make ([\w-]+)`", README))
    assert named and named <= targets, named - targets


def test_commands_and_options_in_the_text_exist() -> None:
    for name in re.findall(r"`(?:\S*/)?dms ([a-z-]+)", README):
        assert name in COMMANDS, f"README speaks of dms {name}"


def test_files_named_in_the_text_exist() -> None:
    for name in re.findall(r"`((?:dms|hil|tests|tools|engines|calibration)/[\w./-]+)`", README):
        assert (ROOT / name).exists(), f"README speaks of {name}"


def test_no_place_holder_is_left() -> None:
    assert not re.findall(r"^[A-Z]+_?[A-Z]+$", README, re.MULTILINE)


def make_inputs(folder: Path, line: str, portrait: Path, portrait_video: Path, short_log: Path) -> None:
    """Small files under the names the line uses, where it does not make them itself."""
    for word in shlex.split(line):
        path = folder / word
        if "/" in word and not path.parent.exists():
            continue
        if path.exists() or word.startswith("-"):
            continue
        if path.suffix == ".png":
            path.write_bytes(portrait.read_bytes())
        elif path.suffix == ".mp4":
            path.write_bytes(portrait_video.read_bytes())
        elif path.suffix == ".mcap":
            path.write_bytes(short_log.read_bytes())
        elif path.suffix == ".jsonl":
            path.write_bytes(b"\n".join(encode(r) for t in range(30) for r in (VehicleState(t=t / 10), Observation(t=t / 10))))


@pytest.mark.slow
@pytest.mark.usefixtures("engines_built")
def test_every_command_of_the_readme_runs(dms, tmp_path, monkeypatch, portrait, portrait_video, short_log) -> None:
    """In their order, in one folder: later lines may use what earlier ones made."""
    monkeypatch.chdir(tmp_path)
    for line in COMMAND_LINES:
        command, _, redirected = line.partition(">")
        make_inputs(tmp_path, command, portrait, portrait_video, short_log)
        result = dms(*shlex.split(command)[1:])
        assert result.code == 0, f"{line}\n{result.err}"
        assert "Traceback" not in result.err
        if redirected:
            Path(redirected.strip()).write_text(result.out)
