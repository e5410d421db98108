"""Rule profiles: what each value is and where it comes from; hash manifests and signatures.

    dms profiles show un_r171_eu
    dms profiles check mine.yaml
    dms profiles sign --key private.pem

A file of your own extends a shipped profile and gives values anew, inside their legal ranges:

    extends: euro_ncap_2026
    long_distraction:
      warn_s: {value: 2.5, unit: s, source: [NCAP-01], certainty: proposed}
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dms.profiles import Profile, Setting
    from dms.signature import TrustedKey

HELP = "list, show, check and compare rule profiles; hash manifests and signatures"

Command = Callable[[argparse.Namespace], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms profiles``."""
    names = "{list,show,check,diff,manifest,sign,verify}"
    commands = parser.add_subparsers(dest="profiles_command", required=True, metavar=names)
    listing = commands.add_parser("list", help="the shipped profiles: hash, texts they follow, rules they apply")
    show = commands.add_parser("show", help="every value of a profile with unit, legal range, certainty, source")
    show.add_argument("name", metavar="NAME", help="a shipped profile or the path of your own")
    show.add_argument("--all", action="store_true", help="also the values that all profiles share (base)")
    check = commands.add_parser("check", help="is a profile of your own usable; what does it change")
    check.add_argument("name", metavar="FILE", help="your profile (YAML)")
    diff = commands.add_parser("diff", help="values that differ between two profiles")
    diff.add_argument("name", metavar="A", help="a shipped profile or the path of your own")
    diff.add_argument("other", metavar="B", help="the same")
    for command in (listing, show, check, diff):
        command.add_argument("--json", action="store_true", help="one JSON document on stdout")
    commands.add_parser(
        "manifest", help="write the hash manifests of profiles, gestures and engines anew (in a checkout, after a change)"
    )
    sign = commands.add_parser("sign", help="sign the manifests of profiles, gestures, engines and built engines, or FILEs")
    sign.add_argument("--key", type=Path, required=True, metavar="PEM", help="Ed25519 private key")
    verify = commands.add_parser("verify", help="all hashes, and with a key all signatures; or the signatures of FILEs")
    verify.add_argument("--public-key", type=Path, metavar="PEM", help="Ed25519 public key")
    for command in (sign, verify):
        command.add_argument("files", nargs="*", type=Path, metavar="FILE", help="files of your own: a profile, an ONNX file")


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command; the exit code.

    Raises:
        DmsError: the first thing that is missing, broken or wrong, in one line.
    """
    commands: dict[str, Command] = {
        "list": _list, "show": _show, "check": _check, "diff": _diff, "manifest": _manifest, "sign": _sign, "verify": _verify,
    }  # fmt: skip
    return commands[args.profiles_command](args)


def _list(args: argparse.Namespace) -> int:
    from dms.profiles import available, load_profile

    profiles = [load_profile(name) for name in available()]
    if args.json:
        return _print_json({"schema": "dms.profiles/1", "profiles": [_summary(profile) for profile in profiles]})
    for profile in profiles:
        print(f"{profile.name:16} {profile.hash[:16]}  {', '.join(_rules(profile)) or 'no warnings of its own'}")
        for text in profile.follows:
            print(f"{'':16} {text.text}; series {text.series}; supplement {text.supplement}")
    return 0


def _summary(profile: "Profile") -> dict[str, Any]:
    from msgspec import to_builtins

    return {**to_builtins(profile.identity), "rules": _rules(profile), "follows": to_builtins(profile.follows)}


def _rules(profile: "Profile") -> list[str]:
    """The sections that base does not have."""
    import msgspec

    optional = [field.name for field in msgspec.structs.fields(type(profile.rules)) if field.default is None]
    return [name for name in optional if getattr(profile.rules, name) is not None]


def _show(args: argparse.Namespace) -> int:
    from dms.profiles import load_profile

    profile = load_profile(args.name)
    if args.json:
        values = {key: _entry(profile, key) for key in profile.settings}
        return _print_json({"schema": "dms.profile/1", **_summary(profile), "sha256": profile.hash, "values": values})
    print(f"{profile.name}, version {profile.version}, {profile.hash[:16]} ({_trust(profile)})")
    for text in profile.follows:
        read = "read in the primary" if text.primary_read else "not read in the primary"
        print(f"follows {text.text}; series {text.series}; supplement {text.supplement}; {read}. {text.note}")
    kept = [key for key in profile.settings if args.all or profile.origins[key] != "base"]
    _print_rows([_row(profile, key) for key in kept])
    if not args.all:
        print(f"and {len(profile.settings) - len(kept)} values of base; see them with --all")
    return 0


def _entry(profile: "Profile", key: str) -> dict[str, Any]:
    from msgspec import to_builtins

    return {**to_builtins(profile.settings[key]), "from": profile.origins[key]}


def _row(profile: "Profile", key: str) -> tuple[str, ...]:
    setting = profile.settings[key]
    return (
        key,
        _value(setting),
        f"legal {_legal(setting)}",
        setting.certainty,
        " ".join(setting.source),
        f"from {profile.origins[key]}",
    )


def _legal(setting: "Setting") -> str:
    """The legal range; of a list only how much it may hold beyond what it must."""
    from dms.profiles.setting import shown, shown_range

    assert setting.range is not None  # every merged setting has one
    low, high = setting.range
    if isinstance(low, list) and isinstance(high, list):
        return f"{shown(low)}, up to {len(high) - len(low)} more" if low != high else shown(low)
    return shown_range(setting.range)


def _value(setting: "Setting") -> str:
    from dms.profiles.setting import shown

    plain = setting.unit in ("flag", "zone", "state")
    return shown(setting.value) if plain else f"{shown(setting.value)} {setting.unit}"


def _trust(profile: "Profile") -> str:
    told = {"manifest": "listed in the manifest", "signed": "signed", "unlisted": "not in the manifest"}
    return told[profile.identity.trust]


def _check(args: argparse.Namespace) -> int:
    from dms.errors import UsageError
    from dms.profiles import available, load_profile

    name = args.name if args.name in available() or "/" in args.name else f"./{args.name}"
    profile = load_profile(name)
    own = [key for key, origin in profile.origins.items() if origin == profile.name]
    if not own:
        raise UsageError(f"{args.name} gives no value of its own")
    if args.json:
        return _print_json({**_summary(profile), "schema": "dms.profile-check/1", "own": {k: _entry(profile, k) for k in own}})
    print(f"{profile.name}, version {profile.version}, {profile.hash[:16]}: usable ({_trust(profile)})")
    _print_rows([_row(profile, key)[:-1] for key in own])
    return 0


def _diff(args: argparse.Namespace) -> int:
    from dms.profiles import load_profile

    one, two = load_profile(args.name), load_profile(args.other)
    keys = list(dict.fromkeys([*one.settings, *two.settings]))
    rows = [
        (key, one.settings.get(key), two.settings.get(key))
        for key in keys
        if key not in one.settings or key not in two.settings or one.settings[key].value != two.settings[key].value
    ]
    if args.json:
        found = {key: [None if side is None else side.value for side in (a, b)] for key, a, b in rows}
        return _print_json({"schema": "dms.profiles-diff/1", "profiles": [one.name, two.name], "values": found})
    _print_rows([("", one.name, two.name), *((key, *("-" if s is None else _value(s) for s in (a, b))) for key, a, b in rows)])
    return 0


def _manifest(args: argparse.Namespace) -> int:
    from dms import manifest

    for folder, patterns in _listed_folders():
        changed = manifest.write(folder, patterns)
        print(f"{folder / manifest.NAME}: {', '.join(changed) or 'as it was'}")
    return 0


def _sign(args: argparse.Namespace) -> int:
    from dms import signature

    key = signature.read_private_key(args.key)
    _check_hashes()  # nobody signs by accident what is damaged
    for path in args.files or _manifests():
        print(f"wrote {signature.sign(path, key)}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    from dms.errors import UsageError
    from dms.signature import TrustedKey

    if args.files and args.public_key is None:
        raise UsageError("whose signature shall the files have? give --public-key")
    key = None if args.public_key is None else TrustedKey(args.public_key)
    if not args.files:
        print(f"{_check_hashes()} files of profiles, gestures and engines agree with their manifests")
    if key is not None:
        _check_signatures(key, args.files or list(_manifests()))
    return 0


def _check_signatures(key: "TrustedKey", paths: Iterable[Path]) -> None:
    for path in paths:
        key.require(path)
        print(f"signed with {key.fingerprint}: {path}")


def _check_hashes() -> int:
    """Compares all listed files; how many they are.

    Raises:
        InputError: naming what does not agree.
    """
    from dms import manifest
    from dms.errors import InputError

    count = 0
    for folder, patterns in _listed_folders():
        wrong = manifest.problems(folder, patterns)
        if wrong:
            raise InputError(f"{folder}: {'; '.join(wrong)}; {manifest.REMEDY}")
        count += len(manifest.read(folder))
    return count


def _listed_folders() -> list[tuple[Path, tuple[str, ...]]]:
    """The shipped folders with a manifest, and the files it names."""
    from dms import profiles
    from dms.gesture import data
    from dms.inference import definition
    from dms.resources import shipped

    return [(profiles.FOLDER, profiles.LISTED), (data.FOLDER, data.LISTED), (shipped("engines"), definition.LISTED)]


def _manifests() -> Iterator[Path]:
    """What a trusted key has to have signed: the shipped manifests, and those of the engines built on this machine."""
    from dms import manifest
    from dms.runtime.trust import built_manifests

    yield from (folder / manifest.NAME for folder, _ in _listed_folders())
    yield from built_manifests()


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _print_json(value: dict[str, Any]) -> int:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
    sys.stdout.buffer.flush()
    return 0
