"""Gesture to function, by context: a mapping file in YAML, checked when it is read (``commands.schema.json``: for editors)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from dms.errors import UsageError
from dms.gesture import data
from dms.gesture.events import MOVED_WORDS, SIGN_WORDS
from dms.gesture.grammar import Meaning
from dms.gesture.settings import Interaction
from dms.profiles.document import read_yaml

if TYPE_CHECKING:
    from dms.signature import TrustedKey

SHIPPED = "commands.yaml"

Function = Literal[
    "media_play_pause", "media_next", "media_previous", "volume_up", "volume_down", "volume_mute", "map_zoom_in", "map_zoom_out",
    "map_pan_left", "map_pan_right", "map_pan_up", "map_pan_down", "temperature_up", "temperature_down", "call_accept",
    "call_reject", "menu_open", "menu_next", "menu_previous", "menu_select", "menu_back",
]  # fmt: skip
FUNCTIONS: tuple[Function, ...] = get_args(Function)
CONTINUOUS = frozenset({
    "volume_up", "volume_down", "map_zoom_in", "map_zoom_out", "map_pan_left", "map_pan_right", "map_pan_up", "map_pan_down",
    "temperature_up", "temperature_down", "menu_next", "menu_previous",
})  # fmt: skip
"""Functions that repeat while the sign is held."""
Context = Literal["home", "menu", "media", "map", "climate", "call_incoming", "call_active"]
CONTEXTS: tuple[Context, ...] = get_args(Context)
Word = Literal[
    "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock", "mute",
    "swipe_left", "swipe_right", "swipe_up", "swipe_down", "circle_cw", "circle_ccw", "pinch", "push", "wave",
]  # fmt: skip


class ContextCommands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One context: what each gesture does, and whether a wake posture has to come first."""

    gestures: dict[Word, Function]
    needs_wake: bool = True


class Commands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mapping file. ``everywhere`` holds in every context that does not say otherwise."""

    schema: Literal["dms.gesture_commands/1"]
    contexts: dict[Context, ContextCommands]
    everywhere: dict[Word, Function] = {}

    def function(self, context: str | None, gesture: str) -> Function | None:
        """What a gesture does; nothing in a context nobody told."""
        found = self.contexts.get(context)  # type: ignore[call-overload]
        return None if found is None else found.gestures.get(gesture) or self.everywhere.get(gesture)  # type: ignore[call-overload]

    def meaning(self, context: str | None) -> Meaning:
        """For the grammar."""
        found = self.contexts.get(context)  # type: ignore[call-overload]
        return Meaning(
            needs_wake=found is None or found.needs_wake,
            known=lambda word: self.function(context, word) is not None,
            continuous=lambda word: self.function(context, word) in CONTINUOUS,
        )


def load_commands(path: str | None = None, key: "TrustedKey | None" = None) -> Commands:
    """The shipped mapping, or a file of your own. With a ``key`` it must be signed with it.

    Raises:
        InputError: the file cannot be read, was changed, or is not signed.
        UsageError: an unknown context, gesture or function.
    """
    text = data.shipped(SHIPPED, key) if path is None else data.own(Path(path), key)
    try:
        plain = read_yaml(text)
        _check_names(plain)
        return msgspec.convert(plain, Commands)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{path or SHIPPED}: {' '.join(str(error).split())}") from None


def _check_names(plain: Any) -> None:
    """Names that nobody knows, in better words than the decoder's; what is no mapping at all is left to that.

    Raises:
        ValueError: with the context, and what is known.
    """
    contexts = _table(_table(plain).get("contexts"))
    for name in contexts:
        data.known("there is no context", name, CONTEXTS)
    tables = {"everywhere": _table(plain).get("everywhere"), **{name: _table(c).get("gestures") for name, c in contexts.items()}}
    for place, table in tables.items():
        for word, function in _table(table).items():
            data.known(f"{place}: there is no gesture", word, get_args(Word))
            data.known(f"{place}: {word}: there is no function", function, FUNCTIONS)


def _table(plain: Any) -> dict[Any, Any]:
    return plain if isinstance(plain, dict) else {}


def check_words(commands: Commands, rules: Interaction) -> None:
    """Refuse a mapping that can't work: a sign that wakes or cancels has no other function.

    Raises:
        UsageError: naming the context and the sign.
    """
    for name, context in commands.contexts.items():
        taken = {*rules.cancel_signs, *(rules.wake_signs if context.needs_wake else ())}
        if clash := taken & {*context.gestures, *commands.everywhere}:
            raise UsageError(f"gesture commands, context {name}: {min(clash)} already wakes or cancels")


def schema() -> dict[str, object]:
    """JSON schema of the mapping file; ``commands.schema.json`` is this."""
    return msgspec.json.schema(Commands)


assert {*get_args(Word)} == {*SIGN_WORDS, *MOVED_WORDS}
