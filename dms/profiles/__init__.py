"""Rule profiles: every threshold as data, with unit, source clause, certainty and legal range.

``load_profile("l3_default").rules.long_distraction.warn_s`` is the plain number and
``.settings["long_distraction.warn_s"]`` says where it comes from. A profile extends another one, at last ``base``.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from dms import manifest
from dms.errors import InputError, UsageError
from dms.profiles.document import BASE, Follows, merge, nested, read_document
from dms.profiles.rules import Rules
from dms.profiles.setting import Setting
from dms.records import ProfileId

if TYPE_CHECKING:
    from dms.signature import TrustedKey

__all__ = ["FOLDER", "Follows", "Profile", "Setting", "available", "decode_profile", "load_profile"]

Trust = Literal["manifest", "signed", "unlisted"]
FOLDER = Path(__file__).resolve().parent
LISTED = ("*.yaml",)
"""The files of the folder that its manifest names."""
NO_PROFILES = (BASE, "limits")
"""Files beside the profiles: what all share, and how far any may go."""


class Profile(msgspec.Struct, frozen=True):
    """A checked profile: the plain values (``rules``) and where each comes from (``settings``, by ``section.name``).

    Attributes:
        rules: the plain values.
        settings: each value with unit, source, certainty and legal range.
        origins: the profile that gives each value.
        follows: the texts the values are taken from.
        hash: SHA-256 over name, version and all values, hex: two profiles that decide differently show differently.
        identity: what goes into each published record.
    """

    rules: Rules
    settings: Mapping[str, Setting]
    origins: Mapping[str, str]
    follows: tuple[Follows, ...]
    hash: str
    identity: ProfileId

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.identity.name

    @property
    def version(self) -> int:
        """The profile's own version."""
        return self.identity.version

    @property
    def hash16(self) -> int:
        """The first 16 bits of ``hash``, for the bus."""
        return int(self.hash[:4], 16)


def available() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem not in NO_PROFILES)


def load_profile(name: str, key: "TrustedKey | None" = None) -> Profile:
    """A shipped profile by name, or the user's own file by path.

    Shipped files must agree with their manifest. With a ``key`` the manifest, or the user's own file, must be signed with it.

    Raises:
        UsageError: no shipped profile has this name.
        InputError: the file is damaged, not signed, or holds a value outside its legal range.
    """
    if key is not None:
        key.require(FOLDER / manifest.NAME)
    if name in available():
        profile = decode_profile(_shipped(name), name, "signed" if key else "manifest")
        if profile.name != name:
            raise InputError(f"profile {name} calls itself {profile.name}")
        return profile
    if "/" in name or name.endswith((".yaml", ".yml")):
        return _own(Path(name), key)
    raise UsageError(f"unknown profile {name}; available: {', '.join(available())}, or the path of your own file")


def decode_profile(text: bytes, name: str, trust: Trust = "unlisted") -> Profile:
    """Parse and check a profile file. Sections of the profile it extends are taken over, value by value.

    Raises:
        InputError: not YAML, a missing or unknown value, a wrong type, or a value outside its legal range.
    """
    try:
        merged = merge(read_document(text, name), _shipped)
        rules = msgspec.convert(nested(merged.settings), Rules)
    except (msgspec.MsgspecError, ValueError) as error:
        raise InputError(f"profile {name} is not usable: {' '.join(str(error).split())}") from None
    title, version = merged.document.name, merged.document.version
    values = {key: setting.value for key, setting in sorted(merged.settings.items())}
    digest = hashlib.sha256(msgspec.json.encode([title, version, values])).hexdigest()
    identity = ProfileId(name=title, version=version, hash=digest[:16], trust=trust)
    return Profile(rules, merged.settings, merged.origins, merged.follows, digest, identity)


def _own(path: Path, key: "TrustedKey | None") -> Profile:
    try:
        text = path.read_bytes() if key is None else key.require(path)
    except OSError as error:
        raise InputError(f"profile {path} cannot be read: {error.strerror}") from None
    profile = decode_profile(text, path.stem, "signed" if key else "unlisted")
    if profile.name in (*available(), *NO_PROFILES):
        raise InputError(f"profile {path} calls itself {profile.name}, the name of a shipped one; give it a name of its own")
    return profile


def _shipped(name: str) -> bytes:
    """The text of a shipped file, as its manifest has it.

    Raises:
        ValueError: there is none of this name.
        InputError: it was changed.
    """
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(f"it extends {name}, which is not shipped")
    text = path.read_bytes()
    manifest.check(FOLDER, path.name, text)
    return text
