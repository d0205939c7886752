"""A plan and its outcomes as text and JSON: grouped by what happens, then by folder, long lists cut short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobdsl.errors import Problem, Where
from jobdsl.grammar import names
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.inventory import Key
from jobdsl.printable import one_line, printable

if TYPE_CHECKING:
    from jobdsl.applying.outcomes import ApplyResult, ChangeOutcome

__all__ = [
    "ChangeGroup",
    "ReportedDifferences",
    "Section",
    "groups",
    "outcome_line",
    "result_json",
    "result_line",
    "summary",
    "to_json",
    "to_text",
]

LINES = 40
"""Changes of one kind that are listed in full; of more, only the first of each folder."""
_FOLDERS = 30
_FIRST = 3
_ORDER = (
    Action.CREATE,
    Action.MOVE,
    Action.ADOPT,
    Action.UPDATE,
    Action.REPLACE,
    Action.DISABLE,
    Action.DELETE,
)
_SIGNS = {
    Action.CREATE: ("+", "32"),
    Action.MOVE: (">", "36"),
    Action.ADOPT: ("=", "36"),
    Action.UPDATE: ("~", "33"),
    Action.REPLACE: ("±", "31"),
    Action.DISABLE: ("o", "35"),
    Action.DELETE: ("-", "31"),
}
Diffs = Mapping[Key, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """The changes of one kind in one folder."""

    folder: str
    total: int
    shown: tuple[Change, ...]

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.shown)


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The changes of one kind."""

    action: Action
    total: int
    sections: tuple[Section, ...]
    more_folders: int = 0
    """Folders that are not shown at all."""

    @property
    def more(self) -> int:
        """Changes in folders that are not shown."""
        return self.total - sum(section.total for section in self.sections)


def groups(plan: Plan, lines: int = LINES) -> list[ChangeGroup]:
    """Return the plan's changes in the order they are shown, at most about `lines` of each kind."""
    return [_group(action, changes, lines) for action in _ORDER if (changes := _of(plan, action))]


def _of(plan: Plan, action: Action) -> list[Change]:
    return [change for change in plan.changes if change.action is action]


def _group(action: Action, changes: list[Change], lines: int) -> ChangeGroup:
    folders: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: change.full_name):
        folders.setdefault(names.parent(change.full_name), []).append(change)
    each = len(changes) if len(changes) <= lines else _FIRST
    sections = [Section(folder, len(members), tuple(members[:each])) for folder, members in folders.items()]
    shown = sections if len(changes) <= lines else sections[:_FOLDERS]
    return ChangeGroup(action, len(changes), tuple(shown), len(sections) - len(shown))


def summary(plan: Plan) -> str:
    """Return the plan in one line: `2 to create, 1 to update, 40 unchanged`."""
    counts = plan.counts()
    parts = [f"{counts[action.value]} to {action.value}" for action in _ORDER if action.value in counts]
    if plan.errors:
        parts.append(f"{len(plan.errors)} refused")
    parts.append(f"{plan.unchanged} unchanged")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class ReportedDifferences:
    """The differences of a plan, each shown once: a template makes the same one in every job that uses it."""

    lines: Diffs
    """Differences by the change that shows them first."""
    same: Mapping[Key, Change]
    """For the other changes, the one that shows the same difference."""

    def of(self, change: Change) -> Sequence[str]:
        """Return the lines shown for a change: its difference, or which change shows the same one."""
        first = self.same.get(change.key)
        if first is not None:
            return (f"(the same difference as {first.full_name})",)
        return self.lines.get(change.key, ())


def without_repeats(plan: Plan, diffs: Diffs | None) -> ReportedDifferences:
    """Keep each difference once, in the order of the plan."""
    first: dict[tuple[str, ...], Change] = {}
    lines: dict[Key, Sequence[str]] = {}
    same: dict[Key, Change] = {}
    for change in plan.changes:
        lines_of_change = (diffs or {}).get(change.key, ())
        if not lines_of_change:
            continue
        edit = tuple(line for line in lines_of_change[2:] if line[:1] in "+-")
        first_change = first.setdefault(edit, change)
        if first_change is change:
            lines[change.key] = lines_of_change
        else:
            same[change.key] = first_change
    return ReportedDifferences(lines, same)


# text


def to_text(plan: Plan, diffs: Diffs | None = None, *, colour: bool = False, lines: int = LINES) -> str:
    """Return the plan for a terminal or a build log; ends with the summary."""
    out: list[str] = []
    differences = without_repeats(plan, diffs)
    for group in groups(plan, lines):
        out += [*_group_text(group, differences, colour), ""]
    out += _problems_text(plan.problems, colour)
    nothing = not plan.changes and not plan.errors
    out.append(
        _painted(
            f'Seed "{one_line(plan.seed)}": {summary(plan)}.' + (" Nothing to do." if nothing else ""),
            "1",
            colour,
        )
    )
    return "\n".join(out) + "\n"


def _group_text(group: ChangeGroup, differences: ReportedDifferences, colour: bool) -> list[str]:
    out = [_painted(f"{group.action.value} ({group.total})", "1", colour)]
    for section in group.sections:
        if section.more:
            out.append(f"  {one_line(section.folder) or 'at the top'} ({section.total})")
        for change in section.shown:
            out.append("  " + change_line(change, colour))
            out += [f"      {_diff_line(one_line(line), colour)}" for line in differences.of(change)]
        if section.more:
            out.append(f"    ... and {section.more} more")
    if group.more:
        out.append(f"  ... and {group.more} more in {group.more_folders} other folders")
    return out


def change_line(change: Change, colour: bool = False) -> str:
    """Return one change: `~ payments/api  definition changed  payments/jobs.py:14`."""
    sign, code = _SIGNS[change.action]
    view = " (view)" if change.kind == "view" else ""
    build = ", builds once" if change.queue else ""
    reason = "" if change.action is Action.CREATE else f"  {one_line(change.reason)}"
    place = _painted(f"  {one_line(str(change.where))}", "2", colour) if change.where else ""
    return f"{_painted(f'{sign} {one_line(change.full_name)}', code, colour)}{view}{reason}{build}{place}"


def _diff_line(line: str, colour: bool) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "")
    return _painted(line, code, colour and bool(code))


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _problems_text(problems: Iterable[Problem], colour: bool) -> list[str]:
    codes = {"error": "31", "warning": "33", "note": "2"}
    out = [
        _painted(printable(str(problem)).replace("\n", "\n    "), codes[problem.severity], colour)
        for problem in problems
    ]
    return [*out, ""] if out else []


_DONE = {
    Action.CREATE: "created",
    Action.MOVE: "moved",
    Action.ADOPT: "adopted",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DISABLE: "disabled",
    Action.DELETE: "deleted",
}


def outcome_line(outcome: ChangeOutcome, colour: bool = False) -> str:
    """Return what became of a change, with its errors below: one line a change in a build log."""
    change, (sign, code) = outcome.change, _SIGNS[outcome.change.action]
    source = f" from {one_line(change.source)}" if change.source else ""
    word = {
        "queued": "build queued",
        "unbuilt": "build not queued",
        "failed": f"{change.action.value} failed",
        "skipped": "skipped",
    }
    done = word.get(outcome.status, _DONE[change.action] + source)
    if outcome.status == "incomplete":
        unsure = all(problem.rule in ("read back", "apply") for problem in outcome.problems)
        done += ", but the next run must check it" if unsure else ", but not all of it was kept"
    mark = sign if outcome.ok else "!"
    name = one_line(change.full_name)
    first = _painted(f"{mark} {name}", code if outcome.ok else "31", colour) + f"  {done}"
    errors = [problem for problem in outcome.problems if problem.severity == "error"]
    lines = [printable(str(problem)).replace("\n", "\n        ") for problem in errors]
    return "\n".join([first, *(f"    {line}" for line in lines)])


def result_line(result: ApplyResult) -> str:
    """Return what became of a plan in one line: `12 done, 1 failed`."""
    statuses = [outcome.status for outcome in result.outcomes]
    kinds = ("done", "incomplete", "failed", "skipped", "queued", "unbuilt")
    return (
        ", ".join(f"{statuses.count(kind)} {kind}" for kind in kinds if kind in statuses) or "nothing to do"
    )


# JSON


def to_json(plan: Plan, diffs: Diffs | None = None) -> dict[str, Any]:
    """Return the plan as JSON values.

    `seed`; `summary`: counts by action, `unchanged`, `refused`; `changes`: each with `action`, `kind`,
    `name`, `reason`, `where` (`file`, `line`, or null), `from` (moves), `before` and `after` (digests),
    `queue`, `diff` (lines, where it was fetched); `problems`.
    """
    counts = {action.value: len(_of(plan, action)) for action in _ORDER}
    return {
        "seed": plan.seed,
        "summary": {**counts, "unchanged": plan.unchanged, "refused": len(plan.errors)},
        "changes": [_change_json(change, (diffs or {}).get(change.key)) for change in plan.changes],
        "problems": [problem.to_json() for problem in plan.problems],
    }


def _change_json(change: Change, diff: Sequence[str] | None) -> dict[str, Any]:
    values = {
        "action": change.action.value,
        "kind": change.kind,
        "name": change.full_name,
        "reason": change.reason,
        "where": _place(change.where),
        "from": change.source,
        "before": change.before,
        "after": change.after,
        "queue": change.queue,
    }
    return {**values, "diff": list(diff)} if diff else values


def _place(where: Where | None) -> dict[str, Any] | None:
    return {"file": where.file, "line": where.line} if where else None


def result_json(result: ApplyResult) -> dict[str, Any]:
    """What became of a plan as JSON values: `ok`; `outcomes` with `action`, `name`, `status`, `problems`."""
    return {
        "ok": result.ok,
        "outcomes": [
            {
                "action": outcome.change.action.value,
                "kind": outcome.change.kind,
                "name": outcome.change.full_name,
                "status": outcome.status,
                "problems": [problem.to_json() for problem in outcome.problems],
            }
            for outcome in result.outcomes
        ],
    }
