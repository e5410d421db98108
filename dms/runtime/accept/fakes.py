"""What stands in a Jetson's place in a dry run. It tests the program, never a device.

The plan store, the networks (on ONNX Runtime), the loop and the receiver are the real ones; plans, GPU, machine, camera and bus
are made up.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dms.camera.log import LogFrames, sample_log
from dms.errors import BackendUnavailable
from dms.inference.base import Engine, EngineSpec, Options
from dms.inference.cuda.api import Device
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.tensorrt.network import Tell
from dms.inference.tensorrt.options import TensorRtOptions
from dms.inference.tensorrt.plan_key import PlanKey, plan_key
from dms.inference.tensorrt.plan_store import PlanCorrupt, PlanStore
from dms.inference.tensorrt.plans import Outcome
from dms.runtime.config import Loaded, RealTimeSection, RunConfig, load_parts, with_log_defaults

WHAT = {
    1: "a made-up release file", 2: "made-up temperatures", 3: "a made-up GPU", 4: "ONNX Runtime on the CPU, plans of no content",
    5: "ONNX Runtime on the CPU against its own reference", 6: "the real plan store, plans of no content",
    7: "the sample log, ONNX Runtime, a virtual bus", 8: "the sample log at its own pace", 9: "a virtual bus",
    10: "the sample log, ONNX Runtime, a virtual bus", 11: "nothing: the record is the real one",
}  # fmt: skip
"""What the dry run puts in the device's place, by part."""

DEVICE = Device("fake GPU of a dry run", "0.0", 0, True, True, "0.0")

_FILES = {
    "etc/nv_tegra_release": "# R0 (release), REVISION: 0.0\n",
    "proc/device-tree/model": "fake board of a dry run\n",
    "sys/class/thermal/thermal_zone0/type": "fake\n", "sys/class/thermal/thermal_zone0/temp": "40000\n",
    "sys/class/thermal/cooling_device0/type": "fake\n", "sys/class/thermal/cooling_device0/cur_state": "0\n",
    "sys/class/thermal/cooling_device0/max_state": "10\n",
    "sys/class/hwmon/hwmon0/name": "fake\n", "sys/class/hwmon/hwmon0/oc1_event_cnt": "0\n",
    "var/lib/nvpmodel/status": "pmode:fake\n",
}  # fmt: skip


class FakeGpu:
    """Plans of no content in a real plan store; networks on ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        self._store, self._runtime = PlanStore(folder), OnnxRuntimeBackend()

    def facts(self, options: Options) -> dict[str, Any]:
        """Made up, and recognisable as such."""
        return {"name": DEVICE.name, "sm": DEVICE.sm, "processors": 0, "integrated": True, "maps": True, "tensorrt": "fake"}

    def modes(self, options: Options) -> Mapping[str, Mapping[str, Any]]:
        """One: nothing is moved."""
        return {"fake": {}}

    def ensure(self, spec: EngineSpec, options: Options, tell: Tell, force: bool = False) -> Outcome:
        """Found in the store, or put there; a corrupt one is set aside first."""
        key, corrupt = self._key(spec, options), ""
        try:
            plan = None if force else self._store.find(key)
            if plan is not None:
                plan.read()
                return Outcome(plan, built=False)
        except PlanCorrupt as error:
            self._store.quarantine(key)
            corrupt = str(error)
        content = f"plan of a dry run: {key.digest}".encode()
        return Outcome(self._store.publish(key, spec.name, spec.slot, True, content, "{}", {}), built=True, corrupt=corrupt)

    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """The network on ONNX Runtime, if its plan is there and whole.

        Raises:
            BackendUnavailable: it is not.
        """
        key = self._key(spec, options)
        try:
            plan = self._store.find(key)
            if plan is None:
                raise BackendUnavailable(f"there is no plan of {spec.name}")
            plan.read()
        except PlanCorrupt as error:
            self._store.quarantine(key)
            raise BackendUnavailable(f"the plan of {spec.name} was corrupt and is set aside ({error})") from error
        return self._runtime.load(spec, options)

    def _key(self, spec: EngineSpec, options: Options) -> PlanKey:
        return plan_key(spec, "fake", DEVICE, TensorRtOptions.parse(options.extra).build(spec))


def fake_root(folder: Path) -> Path:
    """A made-up file tree for ``Machine``."""
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def fake_parts() -> Loaded:
    """The sample log on a virtual bus, without asking for real time: a dry run must not disturb the machine it is on."""
    config = RunConfig(source="sample", real_time=RealTimeSection(fifo=False, still_collector=False))
    config.bus.channel = "dms-accept"
    with LogFrames(sample_log()) as log:
        return load_parts(with_log_defaults(config, log, None, None))
