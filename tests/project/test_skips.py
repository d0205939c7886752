"""Runs in CI fail where tests skip for want of a tool."""

from __future__ import annotations

import pytest
from skips import MissingTools

pytest_plugins = ["pytester"]
TESTS = "import pytest\n\n\n@pytest.mark.skipif(True, reason={reason!r})\ndef test_it() -> None: ...\n"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("needs shellcheck", 1),
        ("shellcheck is not installed", 1),
        ("prometheus is not installed", 0),
        ("no landlock on this host: old kernel", 0),
    ],
)
def test_a_missing_tool_fails_the_run_unless_it_is_listed(
    reason: str, code: int, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(TESTS.format(reason=reason))
    done = pytester.inline_run("-p", "no:cacheprovider", plugins=[MissingTools()])
    assert done.ret == code
