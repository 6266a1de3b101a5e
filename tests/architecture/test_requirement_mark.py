"""The mark `requirement` and its report: a row is claimed by a passing test and by nothing else."""

import json
from pathlib import Path

import pytest

from tests.plugins.requirement_report import main, read_records, render
from tests.plugins.requirement_rows import load_rows

ROWS = """
[[section]]
title = "Data"
[section.rows]
B1 = "A record"
B2 = "Keys | and more"
[[section]]
title = "Work"
[section.rows]
C1 = "A backbone"
"""


@pytest.fixture
def rows(pytester: pytest.Pytester) -> Path:
    """Write a list of three rows."""
    path = pytester.path / "rows.toml"
    path.write_text(ROWS, "utf-8")
    return path


def run_marked(
    pytester: pytest.Pytester, rows: Path, source: str, workers: int = 0
) -> tuple[pytest.RunResult, Path]:
    """Run a test module under the plugin and give the result and where the record is."""
    pytester.makepyfile(test_marked="import pytest\n" + source)
    record = pytester.path / "out" / "record.json"
    options = ["-p", "tests.plugins.requirement", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    options += [f"--requirements-rows={rows}", f"--requirements-record={record}"]
    if workers:
        result = pytester.runpytest_subprocess(*options, "-n", str(workers))
    else:
        result = pytester.runpytest_inprocess(*options)
    return result, record


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Let the inner pytest import the plugin."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))


def test_only_passing_tests_claim_a_row(pytester: pytest.Pytester, rows: Path) -> None:
    source = """
@pytest.mark.requirement("B1")
def test_good(): pass

@pytest.mark.requirement("B2")
def test_skipped(): pytest.skip("not here")

@pytest.mark.requirement("C1")
def test_failed(): assert False

@pytest.mark.requirement("C1")
def test_other_passes(): pass
"""
    result, record = run_marked(pytester, rows, source)
    result.assert_outcomes(passed=2, skipped=1, failed=1)
    showings, missing = read_records([record])
    assert missing == []
    assert {row: showing.status for row, showing in showings.items()} == {
        "B1": "shown",
        "B2": "not shown",
        "C1": "not shown",
    }


def test_a_part_is_never_the_whole(pytester: pytest.Pytester, rows: Path) -> None:
    source = """
@pytest.mark.requirement("B2", part="UUID keys")
@pytest.mark.parametrize("n", [1, 2])
def test_keys(n): pass

@pytest.mark.requirement("B2", part="vector")
@pytest.mark.parametrize("n", [1, 2])
def test_vector(n): assert n == 1 or pytest.skip("one case is not both")
"""
    _, record = run_marked(pytester, rows, source)
    showings, _ = read_records([record])
    assert showings["B2"].status == "in part: UUID keys"
    assert showings["B2"].tests == ["test_marked.py::test_keys"]


def test_a_failing_teardown_and_an_xfail_take_the_claim_back(
    pytester: pytest.Pytester, rows: Path
) -> None:
    source = """
@pytest.fixture
def bad_end():
    yield
    raise RuntimeError

@pytest.mark.requirement("B1")
def test_teardown(bad_end): pass

@pytest.mark.requirement("B2")
@pytest.mark.xfail
def test_expected(): assert False
"""
    _, record = run_marked(pytester, rows, source)
    outcomes = {name: test["outcome"] for name, test in json.loads(record.read_text()).items()}
    assert outcomes == {
        "test_marked.py::test_teardown": "failed",
        "test_marked.py::test_expected": "skipped",
    }


@pytest.mark.parametrize("mark", ['"Z9"', "", '"B1", part=""', '"B1", how="well"', '"B1", "B2"'])
def test_a_wrong_mark_stops_the_run(pytester: pytest.Pytester, rows: Path, mark: str) -> None:
    result, record = run_marked(
        pytester, rows, f"@pytest.mark.requirement({mark})\ndef test_x(): pass\n"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*test_marked.py::test_x*"])
    assert not record.exists()


def test_workers_report_to_one_record(pytester: pytest.Pytester, rows: Path) -> None:
    source = '@pytest.mark.requirement("B1")\ndef test_x(): pass\n'
    _, record = run_marked(pytester, rows, source, workers=2)
    assert read_records([record])[0]["B1"].status == "shown"


def test_document_is_written_once_and_checked(
    tmp_path: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "test.json"
    record.write_text(
        json.dumps({"t.py::test_x[a]": {"outcome": "passed", "claims": [["B1", None]]}})
    )
    document = tmp_path / "requirements.md"
    arguments = [str(record), "--rows", str(rows), "--document", str(document)]
    assert main([*arguments, "--check"]) == 1, "a document that is not there shows nothing"
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    assert "| B1 | A record | shown | `t.py::test_x` |" in document.read_text("utf-8")
    assert "| B2 | Keys \\| and more | not shown |  |" in document.read_text("utf-8")
    assert "1 of 3 rows shown, 0 in part" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("outcomes", "ends_with"),
    [
        ({"one": "passed", "two": "passed"}, 0),
        ({"one": "passed", "two": "failed"}, 1),
        ({"one": "passed"}, 1),
        ({"one": "passed", "two": "passed", "more": "passed"}, 0),
    ],
)
def test_what_is_claimed_and_not_shown_fails(
    tmp_path: Path, rows: Path, outcomes: dict[str, str], ends_with: int
) -> None:
    record, document = tmp_path / "test.json", tmp_path / "requirements.md"
    arguments = [str(record), "--rows", str(rows), "--document", str(document)]

    def write(outcomes: dict[str, str]) -> None:
        tests = {
            f"t.py::test_{name}": {"outcome": outcome, "claims": [["B1", f"part {name}"]]}
            for name, outcome in outcomes.items()
        }
        record.write_text(json.dumps(tests))

    write({"one": "passed", "two": "passed"})
    main(arguments)
    write(outcomes)
    before = document.read_text("utf-8")
    assert main([*arguments, "--check"]) == ends_with
    assert document.read_text("utf-8") == before


def test_a_missing_record_leaves_the_document_alone(
    tmp_path: Path, rows: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "requirements.md"
    arguments = [str(tmp_path / "none.json"), "--rows", str(rows), "--document", str(document)]
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 1
    assert not document.exists()
    assert "none.json" in capsys.readouterr().out


def test_rows_are_all_there_and_ids_are_unique(tmp_path: Path) -> None:
    rows = load_rows()
    sections = {"A": 7, "B": 11, "C": 9, "D": 7, "E": 7, "F": 9, "G": 5, "H": 5}
    expected = [f"{letter}{n}" for letter, last in sections.items() for n in range(1, last + 1)]
    assert list(rows) == [*expected, "I"]
    assert render(rows, {}).count("not shown") == len(rows)
    twice = tmp_path / "rows.toml"
    twice.write_text(ROWS + '[[section]]\ntitle = "Again"\n[section.rows]\nB1 = "x"\n')
    with pytest.raises(ValueError, match="B1 stands twice"):
        load_rows(twice)
