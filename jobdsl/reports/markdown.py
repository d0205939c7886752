"""A plan as Markdown, for a review comment: short enough to be posted, differences folded away."""

from __future__ import annotations

import re
from collections.abc import Iterable

from jobdsl.planning.changes import Change, Plan
from jobdsl.printable import one_line
from jobdsl.reports.plans import ChangeGroup, Diffs, groups, summary, without_repeats

__all__ = ["to_markdown"]

LONGEST = 60_000
"""Characters; review systems refuse comments a little longer than that."""
_FOR_PROBLEMS = 20_000
"""Of those characters, what problems may take."""
_HARMLESS = re.compile(r"(?!.*(www\.|\bgh-))[a-z0-9 .,;'/-]*", re.I)
"""Text in which no review system finds markup, a mention, a reference or an address."""


def to_markdown(plan: Plan, diffs: Diffs | None = None) -> str:
    """Return the plan as Markdown, short enough for a comment; what is left out is counted.

    Text out of DSL files is shown as code where it could be markup: it mentions no user and links nowhere.
    """
    out = [f"### Jenkins jobs, seed {_code(plan.seed)}: {summary(plan)}", ""]
    out += _problems(plan)
    space = LONGEST - _size(out)
    for group in groups(plan):
        lines = [*_group(group), ""]
        if space < _size(lines):
            out.append(
                f"**{group.action.value}** ({group.total}): too many to list; the plan itself has them."
            )
            continue
        out += lines
        space -= _size(lines)
    differences = without_repeats(plan, diffs)
    for change in plan.changes:
        folded = _folded(change, differences.of(change))
        space -= len(folded)
        if space < 0:
            out.append("Further differences are left out; the plan itself has them.")
            break
        if folded:
            out.append(folded)
    return "\n".join(out).rstrip("\n") + "\n"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _problems(plan: Plan) -> list[str]:
    """Return the problems as far as they fit, and how many do not."""
    lines: list[str] = []
    space = _FOR_PROBLEMS
    for problem in plan.problems:
        line = f"- **{problem.severity}** {_text(str(problem).replace(f'{problem.severity}: ', '', 1))}"
        space -= len(line) + 1
        if space < 0:
            lines.append(f"- ... and {len(plan.problems) - len(lines)} more problems")
            break
        lines.append(line)
    return [*lines, ""] if lines else []


def _group(group: ChangeGroup) -> list[str]:
    out = [f"**{group.action.value}** ({group.total})", ""]
    for section in group.sections:
        out += [_line(change) for change in section.shown]
        if section.more:
            where = _code(section.folder) if section.folder else "the top"
            out.append(f"- ... and {section.more} more in {where}")
    if group.more:
        out.append(f"- ... and {group.more} more in {group.more_folders} other folders")
    return out


def _line(change: Change) -> str:
    view = " (view)" if change.kind == "view" else ""
    place = f" — {_code(str(change.where))}" if change.where else ""
    return f"- {_code(change.full_name)}{view}: {_text(change.reason)}{place}"


def _folded(change: Change, diff: object) -> str:
    lines = list(diff) if isinstance(diff, list | tuple) else []
    if not lines:
        return ""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    name = one_line(change.full_name).replace("&", "&amp;").replace("<", "&lt;")
    body = "\n".join(map(one_line, lines))
    return f"<details><summary><code>{name}</code></summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"


def _code(text: str) -> str:
    """Return a code span, also around text that holds backticks."""
    text = one_line(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def _text(text: str) -> str:
    """Return text in one line, as a code span if it holds more than plain words."""
    text = one_line(text.replace("\n", " "))
    return text if _HARMLESS.fullmatch(text) else _code(text)
