"""interaction.yaml and commands.yaml: as their manifest has them; files of one's own, right and wrong."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms import manifest
from dms.errors import InputError, UsageError
from dms.gesture import commands, data, load_commands, load_interaction
from dms.gesture.commands import CONTEXTS, check_words
from dms.signature import TrustedKey, sign

FILES: dict[str, Callable[[], object]] = {
    "interaction.yaml": load_interaction,
    "commands.yaml": load_commands,
    manifest.NAME: load_commands,
}
MAPPING = "schema: dms.gesture_commands/1\n"
VALUES = "schema: dms.gesture_interaction/1\nvalues: {NAME: {value: VALUE, unit: UNIT, source: [own], certainty: proposed}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy that the product takes for its own."""
    copy = tmp_path_factory.mktemp("copy") / "gesture"
    shutil.copytree(data.FOLDER, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "FOLDER", copy)
        yield copy


@pytest.mark.requirement("FS-10")
@settings(max_examples=60, deadline=None, derandomize=True)
@given(name=st.sampled_from(sorted(FILES)), where=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_FS10_any_flipped_byte_of_a_gesture_file_is_refused(folder: Path, name: str, where: float, mask: int) -> None:
    path = folder / name
    before = path.read_bytes()
    harmed = bytearray(before)
    harmed[int(where * len(harmed))] ^= mask
    path.write_bytes(harmed)
    try:
        with pytest.raises(InputError, match="changed or is damaged") as caught:
            FILES[name]()
    finally:
        path.write_bytes(before)
    assert "\n" not in str(caught.value)
    FILES[name]()


def test_the_manifest_and_the_schema_for_editors_are_current() -> None:
    assert manifest.problems(data.FOLDER, data.LISTED) == [], "run: dms profiles manifest"
    assert json.loads((data.FOLDER / "commands.schema.json").read_text()) == json.loads(json.dumps(commands.schema()))


def test_the_shipped_files_agree_and_leave_no_context_out() -> None:
    check_words(load_commands(), load_interaction())
    assert set(load_commands().contexts) == set(CONTEXTS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contexts: {home: {gestures: {swipe: media_next}}}", "home: there is no gesture named swipe; did you mean swipe_"),
        ("contexts: {home: {gestures: {ok: media_nxt}}}", "home: ok: there is no function named media_nxt; did you mean"),
        ("contexts: {hme: {gestures: {}}}", "there is no context named hme; did you mean home?"),
        ("contexts: {home: {gestures: {ok: media_next, ok: volume_up}}}", "line 2: ok is given twice"),
        ("contexts: {home: {gestures: {}}, home: {gestures: {}}}", "line 2: home is given twice"),
        ("everywhere: {3: media_next}\ncontexts: {}", "everywhere: there is no gesture named 3; known: open_palm "),
        ("contexts: {home: {gestures: {ok: }}}", "home: ok: there is no function named None; "),
        ("contexts: {home: {gestures: [ok]}}", "Expected `object`, got `array`"),
        ("contexts: {home: {gestures: {}, wake: yes}}", "unknown field `wake`"),
        ("contexts: [", "not YAML"),
        ("", "missing required field `contexts`"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MAPPING + text)
    with pytest.raises(UsageError) as caught:
        load_commands(str(path))
    assert str(caught.value).startswith(f"{path}: ") and said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "unit", "said"),
    [
        ("dwell_s", "9", "s", "dwell_s = 9 s is outside its legal range 0.15..1.5"),
        ("dwel_s", "0.3", "s", "there is no value named dwel_s; did you mean dwell_s?"),
        ("dwell_s", "0.3", "ms", "dwell_s is given in ms, expected s"),
        ("level_min", "3.5", "level", "Expected `int`, got `float` - at `$.level_min`"),
        ("wake_signs", "[fist]", "sign", "wake_signs = fist sign is outside"),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path: Path, name: str, value: str, unit: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(VALUES.replace("NAME", name).replace("VALUE", value).replace("UNIT", unit))
    with pytest.raises(UsageError) as caught:
        load_interaction(str(path))
    assert str(caught.value).startswith(f"{path}: ") and said in str(caught.value) and "\n" not in str(caught.value)


def test_a_value_of_ones_own_counts(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(VALUES.replace("NAME", "dwell_s").replace("VALUE", "0.8").replace("UNIT", "s"))
    assert load_interaction(str(path)).dwell_s == 0.8 and load_interaction().dwell_s == 0.4


def test_a_mapping_that_takes_a_sign_that_wakes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MAPPING + "contexts: {home: {gestures: {open_palm: media_next}}}")
    with pytest.raises(UsageError, match="context home: open_palm already wakes or cancels"):
        check_words(load_commands(str(path)), load_interaction())


@pytest.mark.parametrize("load", [load_commands, load_interaction])
def test_a_missing_file_is_unreadable(load: Callable[[str], object]) -> None:
    with pytest.raises(InputError, match=r"nope\.yaml: No such file"):
        load("nope.yaml")


@pytest.mark.requirement("FS-10")
def test_with_a_key_the_manifest_and_files_of_ones_own_must_be_signed(folder: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private, mine, public = Ed25519PrivateKey.generate(), tmp_path / "mine.yaml", tmp_path / "public.pem"
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    shutil.copy(folder / "commands.yaml", mine)
    key = TrustedKey(public)
    for load, path in ((load_interaction, None), (load_commands, None), (load_commands, str(mine))):
        with pytest.raises(InputError, match="not signed"):
            load(path, key)
    for path in (folder / manifest.NAME, mine):
        sign(path, private)
    assert load_commands(str(mine), key) == load_commands(None, key)
    assert load_interaction(None, key) == load_interaction()
