"""The cache of plans on disk: what a plan depends on, and that nothing but what was stored is ever read."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dms.errors import HardwareError
from dms.inference.tensorrt.plan_key import PlanKey
from dms.inference.tensorrt.plan_store import LAYERS, MANIFEST, PLAN, Plan, PlanCorrupt, PlanStore

words = st.text(max_size=12)
numbers = st.integers(0, 2**31)
keys = st.builds(
    PlanKey, words, words, words, words, words, words, numbers, st.booleans(), words, words, numbers, numbers, numbers
)
KEY = PlanKey("ab" * 32, "fp32", "10.3.0", "12.6", "Orin", "8.7", 16, True, "R36 (release), REVISION: 4.3", "aarch64", 256, 3)


# -- the key ------------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(keys, keys)
def test_two_keys_are_one_plan_only_if_everything_is_the_same(one: PlanKey, other: PlanKey) -> None:
    assert (one.digest == other.digest) == (one == other)
    assert len(one.digest) == 32 and PlanKey.from_dict(json.loads(json.dumps(asdict(one)))) == one


@pytest.mark.parametrize("field", [item.name for item in fields(PlanKey)])
def test_every_field_makes_another_plan(field: str) -> None:
    value = getattr(KEY, field)
    other = replace(KEY, **{field: not value if isinstance(value, bool) else value + (1 if isinstance(value, int) else "x")})
    assert other.digest != KEY.digest


@pytest.mark.parametrize("change", [{"gpu": None}, {"processors": "16"}, {"integrated": 1}, {"more": 1}])
def test_a_key_of_wrong_types_is_no_key(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        PlanKey.from_dict({**asdict(KEY), **change})


# -- the store ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> PlanStore:
    return PlanStore(tmp_path / "plans")


def publish(store: PlanStore, data: bytes, key: PlanKey = KEY) -> Plan:
    return store.publish(key, "gaze", "gaze", True, data, "{}", {"gaze": 0.01})


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), file=st.sampled_from([PLAN, MANIFEST, LAYERS]), mutation=st.data())
def test_only_what_was_stored_is_ever_read(store: PlanStore, data: bytes, file: str, mutation: st.DataObject) -> None:
    """Whatever happens to one of the files: the same plan, or PlanCorrupt; never other bytes, never another error."""
    path = publish(store, data).folder / file
    whole = path.read_bytes()
    at = mutation.draw(st.integers(0, len(whole)))
    rest = mutation.draw(st.one_of(st.just(b""), st.binary(max_size=8).map(lambda new: new + whole[at + len(new) :])))
    path.write_bytes(whole[:at] + rest)
    complaint = ""
    try:
        found = store.find(KEY)
        assert found is not None and found.read() == data
    except PlanCorrupt as error:
        complaint = str(error)
    assert not complaint or (str(path.parent) in complaint and "\n" not in complaint)


@pytest.mark.parametrize("missing", [PLAN, MANIFEST])
def test_a_missing_file_is_corrupt(missing: str, store: PlanStore) -> None:
    (publish(store, b"plan").folder / missing).unlink()
    with pytest.raises(PlanCorrupt):
        store.find(KEY).read()  # type: ignore[union-attr]


def test_a_plan_in_the_wrong_folder_is_corrupt(store: PlanStore) -> None:
    other = replace(KEY, tensorrt="11.4.0")
    publish(store, b"plan").folder.rename(store.folder / other.digest)
    with pytest.raises(PlanCorrupt, match="belongs to another plan"):
        store.find(other)
    assert store.find(KEY) is None


@pytest.mark.parametrize("call", ["os.rename", "os.fsync", "os.open"])
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("kind", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_is_cut_off_never_leaves_half_a_plan(
    call: str, after: int, kind: BaseException, store: PlanStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, b"old")
    real, calls = getattr(__import__("os"), call.split(".")[1]), []

    def failing(*arguments: Any, **named: Any) -> Any:
        calls.append(arguments)
        if len(calls) == after + 1:
            raise kind
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(f"dms.inference.tensorrt.plan_store.{call}", failing)
        caught: BaseException | None = None
        try:
            publish(store, b"new")
        except (HardwareError, KeyboardInterrupt) as error:
            caught = error
    assert not isinstance(caught, HardwareError) or "set DMS_CACHE to another folder" in str(caught)
    found = store.find(KEY)
    if caught is None:
        assert found is not None and found.read() == b"new"
    else:
        assert found is None or found.read() in (b"old", b"new")


def test_what_a_killed_builder_left_is_swept(store: PlanStore) -> None:
    from dms.inference.lock import locked

    left = store.folder / ".building-dead"
    left.mkdir(parents=True)
    assert list(store.plans()) == []
    with locked(store.folder, lambda: None):
        assert not left.exists()


def test_quarantine_keeps_what_was_there(store: PlanStore) -> None:
    folder = publish(store, b"odd").folder
    assert store.quarantine(replace(KEY, gpu="other")) is None
    for _ in range(2):
        aside = store.quarantine(KEY)
        assert aside is not None and (aside / PLAN).read_bytes() == b"odd"
        assert not folder.exists() and store.find(KEY) is None
        publish(store, b"odd")
    assert len(store.quarantined()) == 2
    assert [plan.folder for plan in store.plans() if isinstance(plan, Plan)] == [folder]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "plans").write_text("a file is in the way")
    with pytest.raises(HardwareError, match=r"cannot write the plan cache .*plans \(File exists\); free about 1 MB"):
        publish(PlanStore(tmp_path / "plans"), b"plan")


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of publishing, damaging and setting aside against a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self._folder = tempfile.TemporaryDirectory()
        self.store = PlanStore(Path(self._folder.name))
        self.model: dict[PlanKey, bytes] = {}
        self.damaged: set[PlanKey] = set()

    few = st.sampled_from([replace(KEY, processors=n) for n in range(3)])

    @rule(key=few, data=st.binary(min_size=1, max_size=20))
    def publish(self, key: PlanKey, data: bytes) -> None:
        publish(self.store, data, key)
        self.model[key] = data
        self.damaged.discard(key)

    @rule(key=few)
    def damage(self, key: PlanKey) -> None:
        if key in self.model:
            path = self.store.folder / key.digest / PLAN
            path.write_bytes(b"!" + path.read_bytes())
            self.damaged.add(key)

    @rule(key=few)
    def set_aside(self, key: PlanKey) -> None:
        assert (self.store.quarantine(key) is not None) == (key in self.model)
        self.model.pop(key, None)
        self.damaged.discard(key)

    @invariant()
    def the_store_is_what_was_done_to_it(self) -> None:
        assert {plan.key for plan in self.store.plans() if isinstance(plan, Plan)} == self.model.keys()
        for key, data in self.model.items():
            found = self.store.find(key)
            assert found is not None
            if key in self.damaged:
                with pytest.raises(PlanCorrupt):
                    found.read()
            else:
                assert found.read() == data

    def teardown(self) -> None:
        self._folder.cleanup()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)
