"""Profile files: one file read strictly, and a chain of files that extend one another merged into one set of settings.

A file gives ``name``, ``version``, ``extends``, ``follows`` and sections. A profile takes over all values of what it extends, may
give any of them anew, and may narrow a legal range; widening one is refused.
"""

import difflib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any

import msgspec
import yaml

from dms.profiles.rules import Rules
from dms.profiles.setting import Limit, Setting, inside, narrower, shown, shown_range, well_formed

BASE = "base"
"""At the end of every chain; no profile itself."""
_DEEPEST = 8
"""So many profiles may extend one another."""

Read = Callable[[str], bytes]
"""From the name of a shipped file (``base``, ``limits``, a profile) to its text."""

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class Follows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text the values are taken from, with its series and supplement; ``primary_read``: was the text itself read?"""

    text: str
    series: str
    supplement: str
    primary_read: bool
    note: str = ""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``limits.yaml``: legal ranges of what base does not set, and which values must not stand above the next one."""

    limits: dict[str, dict[str, Limit]]
    order: list[list[str]]


@dataclass(frozen=True, slots=True)
class Document:
    """One file, not merged. ``sections``: section to value name to setting."""

    name: str
    version: int
    extends: str | None
    follows: tuple[Follows, ...]
    sections: Mapping[str, Mapping[str, Setting]]


@dataclass(frozen=True, slots=True)
class Merged:
    """A profile with all it extends. ``settings`` by ``section.name``, each with its legal range; ``origins``: who gives it."""

    document: Document
    follows: tuple[Follows, ...]
    settings: Mapping[str, Setting]
    origins: Mapping[str, str]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses a key that is given twice: which of the two would count?"""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML's, but each name once.

        Raises:
            ValueError: with the line.
        """
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                raise ValueError(f"line {key.start_mark.line + 1}: a name is expected")
            if key.value in seen:
                raise ValueError(f"line {key.start_mark.line + 1}: {key.value} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def read_yaml(text: bytes) -> Any:
    """Parse strictly.

    Raises:
        ValueError: not YAML, or a key given twice.
    """
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None
    except RecursionError:
        raise ValueError("not YAML: nested too deeply") from None


@lru_cache(maxsize=32)
def read_document(text: bytes, name: str) -> Document:
    """One file; ``name`` is taken where the file gives none. Kept by content: base is read for every profile.

    Raises:
        ValueError: a wrong type, an unknown section or value.
    """
    sections = read_yaml(text)
    if not isinstance(sections, dict) or not all(isinstance(key, str) for key in sections):
        raise ValueError("a profile is sections with named values")
    title = msgspec.convert(sections.pop("name", name), Name)
    version = msgspec.convert(sections.pop("version", 1), Annotated[int, msgspec.Meta(ge=1, le=9999)])
    extends = msgspec.convert(sections.pop("extends", None), Name | None)
    follows = msgspec.convert(sections.pop("follows", ()), tuple[Follows, ...])
    _check_names(sections)
    return Document(title, version, extends, follows, msgspec.convert(sections, dict[str, dict[str, Setting]]))


def merge(document: Document, read: Read) -> Merged:
    """Follow ``extends`` down to base and lay the files over one another.

    Raises:
        ValueError: a chain that does not end, an illegal value, a widened range, another unit.
    """
    chain = list(_chain(document, read))
    if len(chain) < 2 or chain[-1].name != BASE:
        raise ValueError(f"a profile extends a shipped one, at last {BASE}; give extends: NAME")
    limits = _read_limits(read("limits"))
    legal = {f"{part}.{key}": limit for part, items in limits.limits.items() for key, limit in items.items()}
    settings: dict[str, Setting] = {}
    origins: dict[str, str] = {}
    for layer in reversed(chain):
        for key, setting in _flat(layer.sections):
            limit = _limit(key, setting, legal.get(key), is_base=layer is chain[-1])
            legal[key] = limit
            settings[key] = msgspec.structs.replace(setting, range=limit.range)
            origins[key] = layer.name
    _check_order(settings, limits.order)
    follows = next((layer.follows for layer in chain if layer.follows), ())
    return Merged(document, follows, settings, origins)


def nested(settings: Mapping[str, Setting]) -> dict[str, dict[str, Any]]:
    """Plain values by section and name."""
    found: dict[str, dict[str, Any]] = {}
    for key, setting in settings.items():
        section, _, name = key.partition(".")
        found.setdefault(section, {})[name] = setting.value
    return found


@lru_cache(maxsize=4)
def _read_limits(text: bytes) -> Limits:
    return msgspec.convert(read_yaml(text), Limits)


def _chain(document: Document, read: Read) -> Iterator[Document]:
    yield document
    for _ in range(_DEEPEST):
        if document.extends is None:
            return
        parent = read_document(read(document.extends), document.extends)
        if parent.name != document.extends:
            raise ValueError(f"the file of {document.extends} calls itself {parent.name}")
        document = parent
        yield document
    raise ValueError(f"extends does not end after {_DEEPEST} profiles")


def _flat(sections: Mapping[str, Mapping[str, Setting]]) -> Iterator[tuple[str, Setting]]:
    return ((f"{part}.{key}", setting) for part, items in sections.items() for key, setting in items.items())


def _limit(key: str, setting: Setting, outer: Limit | None, is_base: bool) -> Limit:
    """The legal range of a value after this layer; refuses what is outside.

    Raises:
        ValueError: no legal range, a range that is widened or turned round, another unit, an illegal value.
    """
    if outer is None and not (is_base and setting.range is not None):
        raise ValueError(f"{key} has no legal range" + ("" if is_base else "; it belongs into limits.yaml"))
    legal = setting.range or (outer.range if outer else None)
    assert legal is not None
    if not well_formed(legal):
        raise ValueError(f"{key} has a legal range that is none: {shown_range(legal)}")
    if outer is not None and setting.unit != outer.unit:
        raise ValueError(f"{key} is given in {setting.unit}, expected {outer.unit}")
    if outer is not None and not narrower(legal, outer.range):
        raise ValueError(f"{key} may not have its legal range widened from {shown_range(outer.range)} to {shown_range(legal)}")
    if not inside(setting.value, legal):
        value = f"{shown(setting.value)} {setting.unit}"
        raise ValueError(f"{key} = {value} is outside its legal range {shown_range(legal)}")
    return Limit(setting.unit, legal)


def _check_order(settings: Mapping[str, Setting], order: list[list[str]]) -> None:
    for names in order:
        given = [name for name in names if name in settings]
        for low, high in pairwise(given):
            if settings[low].value > settings[high].value:  # type: ignore[operator]
                a, b = shown(settings[low].value), shown(settings[high].value)
                raise ValueError(f"{low} = {a} may not be above {high} = {b}")


def _check_names(sections: Mapping[str, Any]) -> None:
    known = {field.name: _fields(field.type) for field in msgspec.structs.fields(Rules)}
    for part, items in sections.items():
        _need_known(part, known, "section")
        if not isinstance(items, dict):
            raise ValueError(f"section {part} is no list of named values")
        for key in items:
            _need_known(str(key), known[part], f"value in section {part}")


def _need_known(name: str, known: Mapping[str, Any] | set[str], what: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        raise ValueError(f"there is no {what} named {name}" + (f"; did you mean {near[0]}?" if near else ""))


def _fields(kind: Any) -> set[str]:
    """Names of the values of one section; ``kind`` is the section's type, perhaps ``| None``."""
    structs = [arm for arm in getattr(kind, "__args__", (kind,)) if arm is not type(None)]
    return {field.name for field in msgspec.structs.fields(structs[0])}
