"""The mark ``@pytest.mark.requirement("R157-03", ...)``: this test shows these rows of ``docs/requirements.yaml``.

An id that no row has fails the collection. Ids go into a JUnit report as properties ``requirement``, and with
``--requirement-links FILE`` the marked tests are written as JSON: node id to ids.
"""

import json
from pathlib import Path

import pytest
import yaml

TABLE = Path(__file__).resolve().parents[1] / "docs" / "requirements.yaml"
PROPERTY = "requirement"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--requirement-links``."""
    parser.addoption("--requirement-links", metavar="FILE", help="write which tests show which requirement rows, as JSON")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Checks every mark and notes its ids.

    Raises:
        pytest.UsageError: a mark without ids, or with one that no row has.
    """
    links = {item.nodeid: ids for item in items if (ids := marked(item))}
    known = known_ids() if links else frozenset()
    for node, ids in links.items():
        unknown = [one for one in ids if one not in known]
        if unknown:
            raise pytest.UsageError(f"{node}: no requirement {unknown[0]!r} in docs/{TABLE.name}")
    for item in items:
        item.user_properties += [(PROPERTY, one) for one in links.get(item.nodeid, [])]
    if (out := config.getoption("--requirement-links")) is not None:
        Path(out).write_text(json.dumps(links, indent=1) + "\n")


def marked(item: pytest.Item) -> list[str]:
    """The ids of all marks of a test, in order, each once.

    Raises:
        pytest.UsageError: a mark without ids.
    """
    found: dict[str, None] = {}
    for mark in item.iter_markers(PROPERTY):
        if not mark.args or mark.kwargs:
            raise pytest.UsageError(f'{item.nodeid}: the mark wants ids, as in requirement("R157-03")')
        found.update(dict.fromkeys(mark.args))
    return sorted(found)


def known_ids() -> frozenset[str]:
    """The ids of all rows."""
    with TABLE.open("rb") as file:
        return frozenset(yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))["rows"])
