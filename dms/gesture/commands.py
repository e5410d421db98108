"""Gesture to function, by context: a mapping file in YAML, checked when it is read (``commands.schema.json``: for editors)."""

from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

from dms.errors import InputError, UsageError
from dms.gesture.events import MOVED_WORDS, SIGN_WORDS
from dms.gesture.grammar import Meaning
from dms.gesture.settings import Interaction
from dms.profiles.document import read_yaml

SHIPPED = Path(__file__).with_name("commands.yaml")

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


@cache
def load_commands(path: str | None = None) -> Commands:
    """The shipped mapping, or a file of your own.

    Raises:
        InputError: the file cannot be read.
        UsageError: an unknown context, gesture or function.
    """
    name = path or str(SHIPPED)
    try:
        return msgspec.convert(read_yaml(Path(name).read_bytes()), Commands)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{name}: {' '.join(str(error).split())}") from None


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
