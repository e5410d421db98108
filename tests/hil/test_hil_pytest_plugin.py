"""The pytest plugin as its users meet it: in a folder of their own, in a run of its own; and the real bench on a virtual bus."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dms.bus.layout import load as load_layout
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, open_bus
from dms.bus.publisher import Publisher
from dms.errors import HardwareError, InputError, UsageError
from dms.runtime import clock
from hil.bench.real import EXAMPLE, BenchFile, Camera, Can, Power, RealBench, read_bench
from hil.bench.scenario import load

ROOT = Path(__file__).resolve().parents[2]
FAILING = """
def test_ready_although_the_belt_is_open(dms, controller, expect):
    controller.drive(belt=False)
    expect("ready yes within 3 s")
"""


def run_pytest(folder, *more):
    """pytest in a folder of its own; the plugin by its module, whether it is installed or not."""
    command = [sys.executable, "-m", "pytest", "-p", "no:dms", "-p", "hil.pytest_plugin", "-p", "no:cacheprovider", "-q", *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)


def documented() -> str:
    """The example of docs/hil.md."""
    text = (ROOT / "docs" / "hil.md").read_text()
    return re.search(r"```python\n(import pytest\n.*?)```", text, re.S)[1]


@pytest.mark.slow
def test_documented_example_passes_and_a_failure_leaves_everything(tmp_path):
    (tmp_path / "test_bench.py").write_text(documented() + FAILING)
    done = run_pytest(tmp_path, "--junitxml", "junit.xml")
    assert done.returncode == 1 and "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "expected: ready yes within 3 s" in done.stdout and "measured: never came" in done.stdout
    assert "repeat: pytest 'test_bench.py::test_ready_although_the_belt_is_open' --dms-seed 5" in done.stdout
    files = sorted(path.suffix for path in (tmp_path / "dms-report").iterdir())
    assert files == [".html", ".json", ".log"]
    page = next((tmp_path / "dms-report").glob("*.html")).read_text()
    assert "<svg" in page and "not met" in page and "http" not in page
    assert 'name="dms.measured: never ready yes from 6.2 s to 7 s" value="did not happen"' in (tmp_path / "junit.xml").read_text()


def test_mistakes_of_a_test_are_one_line(tmp_path):
    (tmp_path / "test_bench.py").write_text(
        'import pytest\n@pytest.mark.dms_scenario("takeover_fone")\ndef test_a(dms): pass\n'
        "@pytest.mark.dms_scenario()\ndef test_e(dms): pass\n"
        'def test_b(expect): expect("redy yes")\ndef test_c(inject): inject("bus", "off")\n'
        'def test_d(can_bus): can_bus.named("DMS_Foo")\n'
    )
    done = run_pytest(tmp_path)
    assert "takeover_fone cannot be read" in done.stdout and "there is no signal 'redy'" in done.stdout
    assert "there is no target 'bus'" in done.stdout
    assert "dms_scenario: give one name or file" in done.stdout
    assert "DMS_Foo" in done.stdout and "can_bus.named" not in done.stdout
    assert "IndexError" not in done.stdout and "InputError" not in done.stdout
    report = run_pytest(tmp_path, "--dms-report", "test_bench.py")
    assert "--dms-report test_bench.py is a file; give a folder" in report.stderr and "Traceback" not in report.stderr
    wrong = run_pytest(tmp_path, "--dms-bench", "none.yaml", "-k", "test_b")
    assert "bench file none.yaml cannot be read" in wrong.stdout and "Traceback" not in wrong.stdout + wrong.stderr


def test_plugin_is_light():
    code = "import sys, hil.pytest_plugin; assert not {'numpy', 'can', 'cantools', 'yaml', 'msgspec'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_conformance_suite_passes_on_the_simulator(tmp_path):
    done = run_pytest(tmp_path, "--pyargs", "hil.conformance")
    assert done.returncode == 0, done.stdout[-3000:]


def test_bench_files(tmp_path):
    assert read_bench(EXAMPLE).power is not None
    for text, said in [("can: {interfac: x}", "unknown field `interfac`"), ("can: [", "bench.yaml"), ("power: 3", "power|can")]:
        path = tmp_path / "bench.yaml"
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            read_bench(path)


@pytest.fixture
def box():
    """A product with nothing to say yet, on a virtual bus: its publisher on a thread."""
    port = open_bus(BusConfig(channel="real-bench"))
    publisher = Publisher(port, Encoder(load_layout()), clock.now, clock.sleep)
    stop = threading.Event()

    def run() -> None:
        cycle = 0
        while not stop.is_set():
            publisher.step(cycle)
            cycle += 1
            stop.wait(publisher.parameters.cycle_s)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()
    port.close()


CAN = Can(interface="virtual", channel="real-bench")


@pytest.mark.usefixtures("box")
def test_a_real_bench_hears_the_box_in_real_time(tmp_path):
    relay = f"touch {tmp_path}/"
    file = BenchFile(can=CAN, power=Power(on=relay + "on", off=relay + "off"), camera=Camera(play="sleep 60"))
    with RealBench(load("r157_attentive_drive"), file, path="bench.yaml") as bench:
        assert (tmp_path / "on").exists() and not (tmp_path / "off").exists()
        assert bench.expect("e2e valid by 2 s").passed
        assert bench.expect("readiness unknown by 2 s").passed
        out = bench.put_in("bus_out", "off")
        since = bench.now
        assert bench.expect(f"readiness no_data within 0.5 s after {since:.2f} s").passed
        out()
        assert bench.expect(f"e2e valid within 1 s after {bench.now:.2f} s").passed
        bench.put_in("power", "off")()
        assert (tmp_path / "off").exists()
        bench.put_in("camera", "off")()
        with pytest.raises(UsageError, match="cannot produce judgement off; it can: bus_out and bus_in"):
            bench.put_in("judgement", "off")
        assert bench.result.repeat == "dms hil run r157_attentive_drive --seed 5 --bench bench.yaml"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (BenchFile(can=CAN, power=Power(on="false", off="true")), "`false` failed with 1"),
        (BenchFile(can=CAN, power=Power(on="/no/relay", off="true")), "No such file"),
        (BenchFile(can=CAN, camera=Camera(play="/no/player {scenario}")), "/no/player: No such file"),
    ],
)
def test_a_bench_that_does_not_work_says_so(file, said):
    with pytest.raises(HardwareError, match=said), RealBench(load("r157_attentive_drive"), file):
        pass
