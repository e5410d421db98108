"""``python -m dms``."""

from dms.cli.main import entry

entry()
