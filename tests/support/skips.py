"""Which tests may skip with REQUIRE_TOOLS: another that skips for want of a tool is a failure."""

from __future__ import annotations

import re

import pytest

__all__ = ["MissingTools"]

MISSING = re.compile(r"^(?:needs |no debootstrap)|is not installed|^no Chromium is installed")
"""How the reason of a skip names a tool that could be installed."""
ALLOWED = re.compile(
    r"needs root and setpriv"  # not everyone is root
    r"|needs Linux' /proc"
    r"|needs the published cases"  # of another project: CANARY_CASES names them
    r"|needs Groovy's jar"  # unpacked from a package of npm, which may not be reached
    r"|prometheus is not installed|no Chromium is installed|playwright is not installed"  # large; run where they are
)


class MissingTools:
    """Fails a run in which tests were skipped for want of a tool."""

    def __init__(self) -> None:
        self.skipped: dict[str, str] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a skip that is not allowed."""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2]).removeprefix("Skipped: ")
            if MISSING.search(reason) and not ALLOWED.search(reason):
                self.skipped[report.nodeid] = reason

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run."""
        if self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List them."""
        for test, reason in self.skipped.items():
            terminalreporter.write_line(f"FAILED {test}: skipped: {reason}", red=True)
