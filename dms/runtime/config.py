"""The configuration file of ``dms run``: YAML, every key optional but ``source``."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from dms.assessment import load_cabin
from dms.bus.layout import CLASSIC_DBC, DBC, Layout, load
from dms.bus.port import BusConfig
from dms.bus.schedule import PublisherParameters
from dms.bus.vehicle_inputs import EXAMPLE, EXAMPLE_CLASSIC
from dms.camera.base import Source
from dms.camera.log import LogFrames, sample_log
from dms.diagnostics.isotp_link import Addresses
from dms.diagnostics.security import read_secret
from dms.drivelog.reader import LogReader
from dms.errors import InputError, UsageError
from dms.gesture import Commands, Interaction, load_commands, load_interaction
from dms.gesture.commands import check_words
from dms.inference.base import Options
from dms.profiles import Profile, load_profile
from dms.records.cabin import Cabin, Camera, DriverBaseline, decode_camera, decode_driver
from dms.resources import shipped
from dms.runtime.cycle_file import CycleFile
from dms.runtime.realtime import RealTime
from dms.runtime.trust import require_signed_engines
from dms.signature import TrustedKey

SAMPLE_DRIVER = "sample"
"""The driver file that comes with the package, by the name the sample log's header gives it."""


class BusSection(msgspec.Struct, forbid_unknown_fields=True):
    """python-can interface name, channel and its own options. ``fd: false`` is classic CAN with the short message set."""

    interface: str = "virtual"
    channel: str | None = None
    fd: bool = True
    options: dict[str, Any] = {}


class EngineSection(msgspec.Struct, forbid_unknown_fields=True):
    """Back end by name and the integrator's own files by slot.

    ``fallback``: what to run on if that back end cannot be used; this is told as degraded. Without it such a start is refused.
    ``precision``: slot to ``fp16`` or ``int8``. ``tensorrt``: options by name, see ``dms.inference.tensorrt.options``.
    """

    backend: str = "onnxruntime"
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    files: dict[str, str] = {}
    fallback: Literal["onnxruntime"] | None = None
    precision: dict[str, Literal["fp32", "fp16", "int8"]] = {}
    tensorrt: dict[str, Any] = {}

    def load_options(self) -> Options:
        """How to load every engine."""
        return Options(threads=self.threads, precision=dict(self.precision), extra=self.tensorrt)

    def path_overrides(self) -> dict[str, Path]:
        """Slot to file."""
        return {slot: Path(name) for slot, name in self.files.items()}


class RealTimeSection(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked of the system, and when a stage is given up.

    ``fifo``: SCHED_FIFO for all threads, the publisher's highest. ``inference_priority``: that of inference, 0: as all other
    threads. ``cpus``: cores for all threads. ``lock_memory``: nothing is paged out. ``still_collector``: no garbage collection by
    surprise. ``publisher``: in a ``process`` of its own or a ``thread`` of this one; by default a process where the bus allows it
    (socketcan, udp_multicast). ``restarts``: a crashed stage is started again so often in half a minute. ``hung_after_s``: a
    stage silent for so long ends the process (FS-06). ``golden_s``: each network is asked a question with a known answer this
    often (FS-02). ``optional_within_s``: age of a picture at which what is optional in it (hands) must be there, or it is left
    out, and that is said; with the bus period the statement about the driver then leaves within 150 ms. ``null``: waited for.
    """

    fifo: bool = True
    inference_priority: Annotated[int, msgspec.Meta(ge=0, le=7)] = 5
    cpus: list[Annotated[int, msgspec.Meta(ge=0, le=1023)]] | None = None
    lock_memory: bool = False
    still_collector: bool = True
    publisher: Literal["process", "thread"] | None = None
    restarts: Annotated[int, msgspec.Meta(ge=0, le=100)] = 4
    hung_after_s: Annotated[float, msgspec.Meta(ge=0.5, le=30)] = 2.0
    golden_s: Annotated[float, msgspec.Meta(ge=0, le=60)] = 60.0
    optional_within_s: Annotated[float, msgspec.Meta(ge=0.005, le=1)] | None = 0.08

    def ask(self) -> RealTime:
        """The one who asks the system for it."""
        return RealTime(self.fifo, self.inference_priority, self.cpus, self.lock_memory, self.still_collector)


class DoipSection(msgspec.Struct, forbid_unknown_fields=True):
    """Diagnostics over TCP: address and port to listen on, logical address of this control unit."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 13400
    address: Annotated[int, msgspec.Meta(ge=1, le=0xFFFF)] = 0x0E80


class DiagnosticsSection(msgspec.Struct, forbid_unknown_fields=True):
    """Trouble codes and the UDS server; without this section there are none.

    ``store``: a folder for the trouble code memory. ``security_key``: a file with the secret of security access (a line of
    hexadecimal digits); without it testers may only read. ``driver_file``: where the calibration routine writes. ``can``: over
    ISO-TP on the loop's bus, with these identifiers; above 0x7FF they are extended ones.
    """

    store: str
    security_key: str | None = None
    driver_file: str | None = None
    can: bool = True
    request_id: int = 0x7C1
    response_id: int = 0x7C9
    functional_id: int = 0x7DF
    doip: DoipSection | None = None

    def addresses(self) -> Addresses:
        """The link's own type.

        Raises:
            UsageError: identifiers that cannot be.
        """
        return Addresses(self.request_id, self.response_id, self.functional_id)


class GestureSection(msgspec.Struct, forbid_unknown_fields=True):
    """Cockpit control by gesture; off unless asked for.

    ``settings``: a file laid over the numbers of ``dms/gesture/interaction.yaml``. ``commands``: another mapping than
    ``dms/gesture/commands.yaml``.
    """

    enabled: bool = False
    settings: str | None = None
    commands: str | None = None


class RunConfig(msgspec.Struct, forbid_unknown_fields=True):
    """What ``dms run --config FILE`` reads.

    ``source``: picture folder, video, drive log, ``v4l2:N`` or ``gst:PIPELINE``. ``camera``, ``vehicle``, ``driver``: calibration
    files. ``inputs``: mapping file of the vehicle's DBC.
    ``dbc``: another message set file than the shipped one. ``record``: a drive log to write; without it no picture is kept.
    ``health_file``: a JSON file with the loop's health, written anew every two seconds. ``ir_led``: device with the flash
    controls of the infrared lamp, e.g. ``/dev/v4l-subdev2``. ``cycle_file``: a small file that keeps the lock-out counters of one
    ignition cycle across a restart of the process. ``trusted_key``: an Ed25519 public key (PEM); profiles and engines must be
    signed with its private half. ``diagnostics``: trouble codes and the UDS server. ``gestures``: see
    ``GestureSection``.
    """

    source: str
    camera: str | None = None
    vehicle: str = "example_lhd"
    driver: str | None = None
    profile: str = "l3_default"
    engines: EngineSection = msgspec.field(default_factory=EngineSection)
    bus: BusSection = msgspec.field(default_factory=BusSection)
    dbc: str | None = None
    inputs: str | None = None
    publish_gaze: bool = True
    record: str | None = None
    camera_timeout_s: Annotated[float, msgspec.Meta(ge=0.1, le=60)] = 2.0
    health_file: str | None = None
    ir_led: str | None = None
    cycle_file: str | None = None
    trusted_key: str | None = None
    diagnostics: DiagnosticsSection | None = None
    real_time: RealTimeSection = msgspec.field(default_factory=RealTimeSection)
    gestures: GestureSection = msgspec.field(default_factory=GestureSection)

    def bus_config(self) -> BusConfig:
        """The port's own type."""
        return BusConfig(interface=self.bus.interface, channel=self.bus.channel, fd=self.bus.fd, options=self.bus.options)

    def publisher(self) -> PublisherParameters:
        """Message periods."""
        return PublisherParameters(gaze_head_s=0.050 if self.publish_gaze else None)


class GestureRules(msgspec.Struct, frozen=True):
    """What ``GestureSection`` names, read and checked."""

    interaction: Interaction
    commands: Commands


class Loaded(msgspec.Struct, frozen=True):
    """Everything a configuration names, read and checked."""

    @property
    def cycle_file(self) -> CycleFile | None:
        """Where one ignition cycle is remembered."""
        return None if self.config.cycle_file is None else CycleFile(Path(self.config.cycle_file))

    config: RunConfig
    cabin: Cabin
    profile: Profile
    camera: Camera | None
    driver: DriverBaseline | None
    layout: Layout
    mapping: Path
    secret: bytes | None = None
    """Of testers' security access."""
    gestures: GestureRules | None = None
    """Where gestures are enabled."""


def read_config(path: str) -> RunConfig:
    """Parse a configuration file; relative paths in it are relative to the file.

    Raises:
        InputError: unreadable.
        UsageError: not YAML, an unknown key, a wrong type.
    """
    text = _read(path)
    try:
        config = msgspec.yaml.decode(text, type=RunConfig)
    except (msgspec.MsgspecError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: {' '.join(str(error).split())}") from None
    _resolve(config, Path(path).parent)
    return config


def _resolve(config: RunConfig, folder: Path) -> None:
    """Paths beside the configuration file win over the working directory."""

    def beside(name: str | None) -> str | None:
        return str(folder / name) if name is not None and (folder / name).exists() else name

    config.source = beside(config.source) or config.source
    config.vehicle = beside(config.vehicle) or config.vehicle
    config.camera, config.driver = beside(config.camera), beside(config.driver)
    config.dbc, config.inputs = beside(config.dbc), beside(config.inputs)
    config.trusted_key = beside(config.trusted_key)
    if config.diagnostics is not None:
        config.diagnostics.security_key = beside(config.diagnostics.security_key)
    config.gestures.settings, config.gestures.commands = beside(config.gestures.settings), beside(config.gestures.commands)
    if config.profile.endswith((".yaml", ".yml")):
        config.profile = beside(config.profile) or config.profile
    config.engines.files = {slot: beside(name) or name for slot, name in config.engines.files.items()}


def load_parts(config: RunConfig) -> Loaded:
    """Read every file a configuration names.

    Raises:
        DmsError: the first file that is missing, broken or wrong, in one line.
    """
    key = TrustedKey(Path(config.trusted_key)) if config.trusted_key else None
    profile = load_profile(config.profile, key)
    if key is not None:
        require_signed_engines(key, config.engines.path_overrides())
    layout = load(Path(config.dbc) if config.dbc else DBC if config.bus.fd else CLASSIC_DBC)
    return Loaded(
        config=config,
        cabin=load_cabin(config.vehicle),
        profile=profile,
        camera=_camera(config),
        driver=read_driver(config.driver) if config.driver else None,
        layout=layout,
        mapping=Path(config.inputs) if config.inputs else EXAMPLE if config.bus.fd else EXAMPLE_CLASSIC,
        secret=None if config.diagnostics is None else _secret(config.diagnostics, layout),
        gestures=_gesture_rules(config.gestures, key) if config.gestures.enabled else None,
    )


def _gesture_rules(section: GestureSection, key: TrustedKey | None) -> GestureRules:
    rules = GestureRules(load_interaction(section.settings, key), load_commands(section.commands, key))
    check_words(rules.commands, rules.interaction)
    return rules


def _secret(section: DiagnosticsSection, layout: Layout) -> bytes | None:
    """The secret, and a look at the identifiers.

    Raises:
        UsageError: identifiers that cannot be, or that belong to a message.
        InputError: no secret in that file.
    """
    addresses = section.addresses()
    for number in (addresses.request, addresses.response, addresses.functional):
        taken = next((name for name, message in layout.by_name.items() if message.can_id == number), None)
        if taken is not None:
            raise UsageError(f"diagnostics: CAN identifier 0x{number:X} belongs to {taken}")
    return read_secret(Path(section.security_key)) if section.security_key else None


def with_log_defaults(config: RunConfig, source: Source, vehicle: str | None, driver: str | None) -> RunConfig:
    """The configuration with what the caller did not choose taken from the drive log's header: vehicle, camera, driver.

    With another vehicle than the log's own the driver file is left out: it was made with that camera.
    """
    header = source.log.header if isinstance(source, LogFrames) else None
    logged, theirs = (header.vehicle, header.driver) if header is not None else ("", "")
    config.vehicle = vehicle or logged or config.vehicle
    config.driver = driver or (SAMPLE_DRIVER if theirs == SAMPLE_DRIVER and config.vehicle == logged else None)
    return config


def read_camera(path: str) -> Camera:
    """Camera intrinsics from a JSON file.

    Raises:
        InputError: unreadable or not intrinsics.
    """
    return decode_camera(_read(path), path)


def read_driver(name: str) -> DriverBaseline:
    """A driver file by path, or the shipped ``sample``.

    Raises:
        InputError: unreadable or not a driver file.
    """
    path = str(shipped("calibration", "drivers", f"{SAMPLE_DRIVER}.yaml")) if name == SAMPLE_DRIVER else name
    return decode_driver(_read(path), name)


def _camera(config: RunConfig) -> Camera | None:
    if config.camera is not None:
        return read_camera(config.camera)
    if not config.source.endswith(".mcap") and config.source != "sample":
        return None
    with LogReader(sample_log() if config.source == "sample" else config.source) as log:
        return log.header.camera if log.header is not None else None


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
