"""Writes ``docs/can``: a page for each message, made from the DBC files.

python -m tools.can_pages
"""

from pathlib import Path

from dms.bus.contract.export import SETS
from dms.bus.contract.pages import pages
from dms.bus.layout import load

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "can"


def made() -> dict[str, str]:
    """File name and text of each page as it should be."""
    return pages({name: load(path) for name, path in SETS.items()})


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in made().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
