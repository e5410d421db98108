"""What is usable on this machine, what is not, why, and the command that mends it.

Exit code 0 when the main job (pictures in, CAN frames out) can run here, else 4.
"""

import argparse
from dataclasses import asdict

HELP = "what is usable on this machine, what is not, and the command that mends it"
MARKS = {"ok": "ok      ", "missing": "missing ", "degraded": "degraded"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms doctor``."""
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 4 when something the main job needs is missing."""
    import msgspec

    from dms.runtime.doctor import examine

    findings = examine()
    ready = all(f.status == "ok" for f in findings if f.needed)
    if args.json:
        print(msgspec.json.encode({"ready": ready, "checks": [asdict(f) for f in findings]}).decode())
    else:
        for f in findings:
            print(f"{MARKS[f.status]} {f.name:<14} {f.detail}")
            if f.mend and f.status != "ok":
                print(f"{'':<9}{'':<14}   -> {f.mend}")
        print("the main job can run here" if ready else "the main job cannot run here; mend what is marked missing, from the top")
    return 0 if ready else 4
