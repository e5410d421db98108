"""The configuration of ``dms run``: every mistake is one line with the file and the key."""

import msgspec
import pytest

from dms.cli.run import EXAMPLE
from dms.errors import DmsError, InputError, UsageError
from dms.runtime.config import RunConfig, load_parts, read_config, with_log_defaults


def write(folder, text, name="run.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_the_shortest_configuration_has_safe_defaults(tmp_path):
    config = read_config(write(tmp_path, "source: sample"))
    assert config.record is None  # no picture is kept unless asked for
    assert (config.profile, config.vehicle, config.bus.interface) == ("l3_default", "example_lhd", "virtual")
    assert config.engines.backend == "onnxruntime"
    assert config.bus_config().fd is True and config.publisher().gaze_head_s == 0.05


def test_classic_can_takes_the_short_message_set(tmp_path):
    parts = load_parts(read_config(write(tmp_path, "source: sample\nbus: {fd: false}")))
    assert not any(message.fd for message in parts.layout.by_name.values())
    assert parts.mapping.name == "example_vehicle_classic.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source: sample\nprofil: l3_default", "profil"),
        ("source: sample\nbus: {interfaces: virtual}", "interfaces"),
        ("source: sample\nbus: {interfaces: virtual}", "$.bus"),
        ("source: sample\nengines: {back_end: tensorrt}", "back_end"),
        ("profile: l3_default", "source"),
        ("source: 3", "$.source"),
        ("source: sample\ncamera_timeout_s: soon", "camera_timeout_s"),
        ("source: sample\nbus: virtual", "$.bus"),
        ("source: [", "run.yaml"),
        ("", "run.yaml"),
        (b"\xff\xfe\x00\x01", "run.yaml"),
        ("- source", "run.yaml"),
        ("source: sample\ncamera_timeout_s: .nan", "camera_timeout_s"),
        ("source: sample\ncamera_timeout_s: 0", "camera_timeout_s"),
        ("source: sample\nengines: {threads: 0}", "threads"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path, text, words):
    with pytest.raises(UsageError) as caught:
        read_config(write(tmp_path, text))
    line = str(caught.value)
    assert "run.yaml: " in line and words in line and "\n" not in line


def test_a_missing_configuration_is_an_unreadable_input(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: No such file"):
        read_config(str(tmp_path / "none.yaml"))


def test_files_beside_the_configuration_win(tmp_path):
    for name in ("cam.json", "car.yaml", "anna.yaml", "film.mp4", "set.dbc", "map.yaml", "mesh.onnx"):
        write(tmp_path, "", name)
    text = (
        "source: film.mp4\ncamera: cam.json\nvehicle: car.yaml\ndriver: anna.yaml\ndbc: set.dbc\ninputs: map.yaml\n"
        "engines: {files: {face_mesh: mesh.onnx, face_detector: /elsewhere/net.onnx}}"
    )
    config = read_config(write(tmp_path, text))
    found = [config.source, config.camera, config.vehicle, config.driver, config.dbc, config.inputs]
    assert found == [str(tmp_path / n) for n in ("film.mp4", "cam.json", "car.yaml", "anna.yaml", "set.dbc", "map.yaml")]
    assert config.engines.path_overrides()["face_mesh"] == tmp_path / "mesh.onnx"
    assert str(config.engines.path_overrides()["face_detector"]) == "/elsewhere/net.onnx"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vehicle": "truck.yaml"}, "truck.yaml"),
        ({"profile": "l9"}, "l9"),
        ({"camera": "no.json"}, "no.json"),
        ({"driver": "nobody.yaml"}, "nobody.yaml"),
        ({"dbc": "no.dbc"}, "no.dbc"),
        ({"source": "no.mcap"}, "no.mcap"),
    ],
)
def test_every_file_a_configuration_names_is_checked(change, words):
    with pytest.raises(DmsError) as caught:
        load_parts(RunConfig(**{"source": "sample", **change}))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_the_example_is_a_configuration_with_the_defaults(tmp_path):
    config = read_config(write(tmp_path, EXAMPLE))
    assert config.source == "v4l2:0"
    assert msgspec.structs.replace(config, source="x") == RunConfig(source="x")


def test_each_commented_key_of_the_example_is_a_key(tmp_path):
    """Taking the mark off any line must give a configuration that is understood."""
    lines = EXAMPLE.splitlines()
    marked = [i for i, line in enumerate(lines) if line.lstrip().startswith("# ") and ":" in line and i > 0]
    assert len(marked) >= 5
    for i in (i for i in marked if not lines[i].startswith("#  ")):  # what belongs to a marked section is opened with it
        last = next((n for n in range(i + 1, len(lines)) if not lines[n].startswith("#  ")), len(lines))
        opened = [line.replace("# ", "", 1) if i <= n < last else line for n, line in enumerate(lines)]
        read_config(write(tmp_path, "\n".join(opened)))


def test_defaults_of_the_sample_log(short_log):
    from dms.camera.log import LogFrames

    with LogFrames(short_log) as log:
        config = with_log_defaults(RunConfig(source=str(short_log)), log, None, None)
        assert (config.vehicle, config.driver) == ("example_lhd", "sample")
        parts = load_parts(config)
        assert parts.camera == log.log.header.camera and parts.driver.name
        chosen = with_log_defaults(RunConfig(source=str(short_log)), log, "example_rhd", None)
        assert (chosen.vehicle, chosen.driver) == ("example_rhd", None)


@pytest.mark.requirement("NCAP-11", "DDAW-03")
@pytest.mark.parametrize(
    "key", ["sensitivity: low", "enabled: false", "warnings: off", "drowsy: off", "closure: {microsleep_s: 2.0}", "glance: {}"]
)
def test_nothing_is_switched_off_or_made_less_sensitive_from_outside(tmp_path, key):
    """On at every start: limits are profile data, and the configuration has no word for fewer or later warnings."""
    with pytest.raises(UsageError, match=key.partition(":")[0]):
        read_config(write(tmp_path, f"source: sample\n{key}"))
