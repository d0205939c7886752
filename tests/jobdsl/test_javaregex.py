"""What Java takes as a regular expression; each answer is that of java.util.regex.Pattern of OpenJDK 17."""

from __future__ import annotations

import pytest

from jobdsl.grammar.javaregex import problem


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".*",
        "^web-.*$",
        "a|b|",
        "(?i)release-.*",
        "(?<name>x)\\k<name>",
        "(?-)x",
        "(?i:x)",
        "(?:a|b)+",
        "(?<!x)y",
        "[a&&[^b]]",
        "[]a]",
        "[^]a]",
        "[[a]b]",
        "\\p{Alpha}\\pL\\P{Lu}",
        "\\Q(*\\E",
        "\\Q(*",
        "a{2}",
        "a{2,}",
        "a{2,3}?",
        "{2}",
        "a*+",
        "a??",
        "^*",
        "}",
        "]",
        "\\x41\\u0041\\0101\\cA",
        "\\-\\_",
    ],
)
def test_what_java_takes(pattern: str) -> None:
    assert problem(pattern) == ""


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is never closed"),
        ("(a|(b)", "is never closed"),
        (")", "closes nothing"),
        ("a)", "closes nothing"),
        ("[", "is never closed"),
        ("[a", "is never closed"),
        ("[]", "is never closed"),
        ("[a[b]", "is never closed"),
        ("*", "repeats nothing"),
        ("*.py", "repeats nothing"),
        ("+a", "repeats nothing"),
        ("a|*", "repeats nothing"),
        ("(*a)", "repeats nothing"),
        ("a**", "repeats nothing"),
        ("a???", "repeats nothing"),
        ("{", "begins no {count}"),
        ("a{,3}", "begins no {count}"),
        ("${X}", "begins no {count}"),
        ("a{3,2}", "ends before it begins"),
        ("a\\", "ends with a backslash"),
        ("\\y", "means nothing"),
        ("\\E", "means nothing"),
        ("\\x4", "is not complete"),
        ("\\u12", "is not complete"),
        ("\\k<", "is not complete"),
        ("(?", "begins no kind of group"),
        ("(?<1>a)", "begins no kind of group"),
        ("(?P<n>a)", "begins no kind of group"),
    ],
)
def test_what_java_refuses(pattern: str, message: str) -> None:
    assert message in problem(pattern)
