"""Why a test was tried again: what its first try said, which pytest otherwise keeps to itself."""

import pytest

# Of what a test printed, the end of each part.
SHOWN = 4000


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how each test failed that was tried again, whether or not it failed again."""
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_sep("_", f"first try of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext)
        for name, text in report.sections:
            terminalreporter.write_sep("-", name)
            terminalreporter.write_line(text[-SHOWN:])
