"""The requirement matrix: rows, marks, profiles and the committed page agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dms.profiles import available, load_profile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools import requirement_matrix
from tools.requirements import links as found
from tools.requirements.links import Links, collect_links, junit_key, read_junit
from tools.requirements.markdown import markdown
from tools.requirements.matrix import join, summary
from tools.requirements.page import page
from tools.requirements.rows import TABLE, Table, TableError, load_table

HOOKS = "from requirement_marks import pytest_addoption, pytest_collection_modifyitems\n"
SMALL = """
sources: {S1: {name: "a text", read: secondary}}
families: {A: "Family | A"}
rows:
  A-01: {statement: "One.", quantity: time, value: "1 s", certainty: secondary, source: [S1], shown_by: tests}
  A-02: {statement: "Two.", quantity: time, value: "-", certainty: proposed, source: [S1], shown_by: open, why: "the other half"}
  A-03: {statement: "Three.", quantity: time, value: "3 s", certainty: recalled, source: [S1], shown_by: not_in_software, why: "not ours"}
  A-04: {statement: "Four <b>.", quantity: time, value: "4 s", certainty: primary, source: [S1], shown_by: open, why: "not built"}
"""  # noqa: E501
MARKED: Links = {"tests/x/test_x.py::test_one[a]": ["A-01"], "tests/x/test_x.py::test_one[b]": ["A-01", "A-02"]}


@pytest.fixture
def small(tmp_path: Path) -> Table:
    path = tmp_path / "requirements.yaml"
    path.write_text(SMALL)
    return load_table(path)


@pytest.fixture(scope="module")
def collected() -> Links:
    return collect_links()


def test_the_committed_matrix_is_up_to_date(collected: Links) -> None:
    table = load_table()
    current = requirement_matrix.COMMITTED.read_text(encoding="utf-8") == markdown(table, join(table, collected))
    assert current, "run: python -m tools.requirement_matrix"


def test_every_row_a_profile_value_rests_on_exists() -> None:
    known = load_table().rows
    for name in available():
        for key, setting in load_profile(name).settings.items():
            assert set(setting.source) <= known.keys(), f"{name}: {key}"


def test_recalled_numbers_are_not_called_better_in_a_profile() -> None:
    """A value whose rows are all from memory is not secondary or primary in a profile."""
    rows = load_table().rows
    for name in available():
        for key, setting in load_profile(name).settings.items():
            if {rows[one].certainty for one in setting.source} == {"recalled"}:
                assert setting.certainty in ("recalled", "proposed"), f"{name}: {key}"


def test_ids_stay() -> None:
    """Ids are cited in profiles, tests and papers: none is ever taken away."""
    numbers = {"R157": 14, "R171": 14, "DDAW": 9, "ADDW": 8, "GSR": 3, "NCAP": 16, "NV": 9, "MET": 15, "GLA": 8, "ACC": 10,
               "TOT": 9, "FS": 20, "P": 21}  # fmt: skip
    expected = {f"{family}-{number:02}" for family, last in numbers.items() for number in range(1, last + 1)}
    assert load_table().rows.keys() >= expected


def test_status_of_each_kind(small: Table) -> None:
    entries = join(small, MARKED)
    assert [entry.status for entry in entries] == ["shown", "in part", "not in software", "open"]
    assert list(entries[0].tests) == ["tests/x/test_x.py::test_one"]
    assert summary(entries) == (
        "4 rows: 1 shown by tests, 1 shown in part, 1 named as not to be shown in software, 1 open."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("links", "said"),
    [({}, "A-01 is said to be shown by tests"), ({**MARKED, "t::t": ["A-03"]}, "A-03 is said not to be shown in software")],
)
def test_marks_that_contradict_a_row(small: Table, links: Links, said: str) -> None:
    with pytest.raises(TableError, match=said):
        join(small, links)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("A-02:", "B-02:", "B-02: no family"),
        ("source: [S1], shown_by: tests", "source: [S2], shown_by: tests", "A-01: no source S2"),
        ("source: [S1], shown_by: tests", "source: [], shown_by: tests", "A-01: no source"),
        (', why: "not built"', "", "A-04: why goes with"),
        ("shown_by: tests", 'shown_by: tests, why: "so"', "A-01: why goes with"),
        ("certainty: recalled", "certainty: sure", "Invalid enum value 'sure'"),
        ("rows:", "rows: [", "requirements.yaml: "),
    ],
)
def test_a_wrong_table_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "requirements.yaml"
    assert old in SMALL
    path.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(TableError) as caught:
        load_table(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_markdown_cells_hold_together(small: Table) -> None:
    rows = [line for line in markdown(small, join(small, MARKED)).splitlines() if line.startswith("| A-")]
    assert len(rows) == 4 and all(line.replace("\\|", "").count("|") == 5 for line in rows)
    assert "tests/x/test_x.py: `test_one`" in rows[0] and "*in part*: the other half" in rows[1]
    assert "*not in software*: not ours" in rows[2] and "*open*: not built" in rows[3]


JUNIT = """<testsuites><testsuite>
<testcase classname="tests.x.test_x" name="test_one[a]"/>
<testcase classname="tests.x.test_x" name="test_one[b]">{}</testcase>
</testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("inside", "statuses"),
    [
        ("", ["shown", "in part"]),
        ("<failure/>", ["failed", "failed"]),
        ("<error/>", ["failed", "failed"]),
        ("<skipped/>", ["shown", "not run"]),
    ],
)
def test_outcomes_decide(small: Table, tmp_path: Path, inside: str, statuses: list[str]) -> None:
    report = tmp_path / "report.xml"
    report.write_text(JUNIT.format(inside))
    entries = join(small, MARKED, read_junit(report))
    assert [entry.status for entry in entries][:2] == statuses
    html = page(small, entries)
    assert f"<td>{'A-01'}</td>" in html and "Four &lt;b&gt;." in html and "http" not in html.partition("</style>")[0]


def test_a_real_report_is_understood(tmp_path: Path) -> None:
    """pytest's own report of marked tests, in a class and with a bracket in a parameter."""
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "test_some.py").write_text(
        "import pytest\n"
        "class TestIt:\n"
        "    @pytest.mark.requirement('P-14', 'FS-19')\n"
        "    @pytest.mark.parametrize('x', ['a[1]', 'b::c'])\n"
        "    def test_it(self, x):\n"
        "        assert x == 'a[1]'\n"
        "def test_unmarked(): pass\n"
    )
    done = run_pytest(tmp_path, "--junit-xml=report.xml", "--requirement-links=links.json")
    assert done.returncode == 1
    links = json.loads((tmp_path / "links.json").read_text())
    assert set(map(tuple, links.values())) == {("FS-19", "P-14")} and len(links) == 2
    outcomes = read_junit(tmp_path / "report.xml")
    assert sorted(outcomes[junit_key(node)] for node in links) == ["failed", "passed"]
    assert 'name="requirement" value="P-14"' in (tmp_path / "report.xml").read_text()


@pytest.mark.parametrize(
    ("mark", "said"), [("'R157-99'", "no requirement 'R157-99'"), ("", "the mark wants ids"), ("14", "no requirement 14")]
)
def test_a_wrong_mark_fails_the_collection(tmp_path: Path, mark: str, said: str) -> None:
    (tmp_path / "conftest.py").write_text(HOOKS)
    (tmp_path / "test_some.py").write_text(f"import pytest\n@pytest.mark.requirement({mark})\ndef test_it(): pass\n")
    done = run_pytest(tmp_path, "-k", "nothing")
    assert done.returncode == 4 and said in done.stdout + done.stderr and "Traceback" not in done.stdout + done.stderr


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(f"[pytest]\nmarkers = requirement\npythonpath = {Path(__file__).parent}\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments], cwd=folder, capture_output=True, text=True
    )


def test_the_program(small: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(requirement_matrix, "COMMITTED", tmp_path / "out.md")
    monkeypatch.setattr(requirement_matrix, "load_table", lambda: small)
    monkeypatch.setattr(requirement_matrix, "collect_links", lambda: MARKED)
    assert requirement_matrix.main(["--check"]) == 1
    assert "out of date; run: python -m tools.requirement_matrix" in capsys.readouterr().err
    assert requirement_matrix.main(["--html", str(tmp_path / "out.html")]) == 0
    assert capsys.readouterr().out.startswith("4 rows: 1 shown by tests")
    assert requirement_matrix.main(["--check"]) == 0
    assert (tmp_path / "out.html").read_text().startswith("<!doctype html>")
    report = tmp_path / "report.xml"
    report.write_text(JUNIT.format("<failure/>"))
    assert requirement_matrix.main(["--junit", str(report)]) == 1
    for wrong in (["--junit", str(tmp_path / "none.xml")], ["--html", str(tmp_path / "no" / "folder.html")]):
        capsys.readouterr()
        assert requirement_matrix.main(wrong) == 3
        assert capsys.readouterr().err.count("\n") == 1


def test_a_collection_that_fails_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").write_text(HOOKS)
    (tmp_path / "tests" / "test_some.py").write_text(
        "import pytest\nx = pytest.mark.requirement('P-14')\nimport no_such_module\n"
    )
    with pytest.raises(TableError, match="could not be collected"):
        collect_links(tmp_path / "tests")


def test_the_mark_reads_the_same_table() -> None:
    import requirement_marks

    assert requirement_marks.TABLE == TABLE and requirement_marks.known_ids() == load_table().rows.keys()
    assert f"mark.{requirement_marks.PROPERTY}(" == found._MARK
