"""The rules as machine code: same source, same answers to the last byte."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVES = "1:0 1:5 1:14 1:49 1:68 1:75"
SAY = """
import sys
from pathlib import Path
import msgspec
import dms.assessment.zones
from dms.profiles import load_profile
from hil.never_false_ready.judge import assess
from hil.never_false_ready.script import write
from hil.never_false_ready.stream import records

print(Path(dms.assessment.zones.__file__).suffix)
for drive in sys.argv[1].split():
    script = write(*map(int, drive.split(":")))
    for state in assess(script, load_profile("l3_default"), records(script)):
        print(msgspec.json.encode(state).decode())
"""


def said(root: Path) -> tuple[str, str]:
    """Kind of file the rules came from, and every state of the drives."""
    run = [sys.executable, "-c", SAY, DRIVES]
    done = subprocess.run(run, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True)
    kind, states = done.stdout.split("\n", 1)
    return kind, states


def hook():
    spec = importlib.util.spec_from_file_location("compiled_rules", ROOT / "packaging" / "compiled_rules.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_compiled_rules_say_the_same_bytes(tmp_path):
    if shutil.which("gcc") is None and not os.environ.get("DMS_REQUIRE_CC"):
        pytest.skip("needs a C compiler")
    shutil.copytree(ROOT / "dms", tmp_path / "dms", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("hil", "engines", "calibration"):
        (tmp_path / name).symlink_to(ROOT / name)
    assert len(hook().compile_into(ROOT, tmp_path, "0")) > 40
    assert not list((ROOT / "dms").rglob("*.so")), "nothing is written into the source tree"
    compiled, plain = said(tmp_path), said(ROOT)
    assert (compiled[0], plain[0]) == (".so", ".py")
    assert compiled[1].count("\n") > 20_000 and compiled[1] == plain[1]


def test_an_editable_installation_is_refused():
    with pytest.raises(RuntimeError, match="for wheels only"):
        hook().CustomBuildHook(str(ROOT), {}, None, None, str(ROOT), "wheel").initialize("editable", {})
