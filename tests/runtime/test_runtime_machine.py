"""The kernel's files as they lie on a Jetson Orin, and what is missing elsewhere."""

import pytest

from dms.runtime.machine import Machine


def put(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


JETSON = {
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n", "sys/class/thermal/thermal_zone0/temp": "51250\n",
    "sys/class/thermal/thermal_zone1/type": "gpu-thermal\n", "sys/class/thermal/thermal_zone1/temp": "-256000\n",
    "sys/class/thermal/thermal_zone2/type": "tj-thermal\n", "sys/class/thermal/thermal_zone2/temp": "53468\n",
    "sys/class/thermal/cooling_device0/type": "cpufreq-cpu0\n", "sys/class/thermal/cooling_device0/cur_state": "5\n",
    "sys/class/thermal/cooling_device0/max_state": "10\n",
    "sys/class/thermal/cooling_device1/type": "pwm-fan\n", "sys/class/thermal/cooling_device1/cur_state": "3\n",
    "sys/class/thermal/cooling_device1/max_state": "3\n",
    "sys/class/hwmon/hwmon1/name": "ina3221\n",
    "sys/class/hwmon/hwmon1/in1_label": "VDD_IN\n", "sys/class/hwmon/hwmon1/in1_input": "5000\n",
    "sys/class/hwmon/hwmon1/curr1_input": "1520\n",
    "sys/class/hwmon/hwmon1/in2_label": "VDD_CPU_GPU_CV\n", "sys/class/hwmon/hwmon1/in2_input": "5000\n",
    "sys/class/hwmon/hwmon1/curr2_input": "400\n",
    "sys/class/hwmon/hwmon1/in7_label": "sum of shunt voltages\n", "sys/class/hwmon/hwmon1/in7_input": "3\n",
    "sys/class/hwmon/hwmon2/name": "soctherm_oc\n", "sys/class/hwmon/hwmon2/oc1_event_cnt": "2\n",
    "sys/class/hwmon/hwmon2/oc3_event_cnt": "1\n",
    "var/lib/nvpmodel/status": "pmode:0002\n",
    "etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n",
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
}  # fmt: skip


def test_a_jetson(tmp_path):
    put(tmp_path, JETSON)
    machine = Machine(tmp_path)
    state = machine.read()
    assert (state.temperature_degc, state.hottest) == (53.5, "tj-thermal")  # a zone that is off says -256 degrees
    assert state.throttle_level == 6  # half of the range; the fan is no throttling
    assert state.rails_w == {"VDD_IN": 7.6, "VDD_CPU_GPU_CV": 2.0} and state.power_w == 7.6
    assert (state.over_current_events, state.power_mode) == (3, "0002")
    assert (machine.release, machine.model) == ("36.4.3", "NVIDIA Jetson Orin Nano Developer Kit")


def test_without_a_rail_for_the_whole_the_rails_are_added(tmp_path):
    put(tmp_path, {**JETSON, "sys/class/hwmon/hwmon1/in1_label": "VDD_GPU_SOC\n"})
    assert Machine(tmp_path).read().power_w == pytest.approx(9.6)


def test_where_nothing_is_told_nothing_is_known(tmp_path):
    state = Machine(tmp_path).read()
    assert state.temperature_degc is None and state.throttle_level is None and state.power_w is None
    assert state.over_current_events is None and Machine(tmp_path).release is None and Machine(tmp_path).model is None


def test_a_broken_file_is_not_a_number(tmp_path):
    put(tmp_path, {**JETSON, "sys/class/thermal/thermal_zone2/temp": "", "sys/class/thermal/cooling_device0/max_state": "0\n"})
    state = Machine(tmp_path).read()
    assert state.hottest == "cpu-thermal" and state.throttle_level is None
