"""How developer programs end: a mistake of the user's is one line and an exit code, not a traceback."""

import importlib.util
import sys
from collections.abc import Callable

from dms.errors import DmsError


def answered(main: Callable[[], int]) -> int:
    """Run ``main``; what a user can mend is told in one line on stderr. Exit codes as the ``dms`` commands'."""
    try:
        return main()
    except DmsError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 3


def needs(*packages: str, extra: str = "train") -> None:
    """Ends the program with one line if a package it needs, which ``extra`` brings, is not installed; to be called before they
    are imported."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        print(f"error: {', '.join(missing)} not installed; this program needs: pip install -e '.[{extra}]'", file=sys.stderr)
        raise SystemExit(4)
