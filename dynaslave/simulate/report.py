"""What simulations came to, as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from dynaslave.simulate.result import Figures, PolicyResult

__all__ = ["aligned", "rounded", "table", "to_json", "to_text"]

_COLUMNS = (
    ("jobs", "jobs", "{:,}"),
    ("wait mean", "wait_mean_s", "{:,.0f} s"),
    ("p50", "wait_p50_s", "{:,.0f} s"),
    ("p95", "wait_p95_s", "{:,.0f} s"),
    ("p99", "wait_p99_s", "{:,.0f} s"),
    ("agent-hours", "agent_hours", "{:,.1f}"),
    ("cost", "cost", "${:,.2f}"),
    ("used", "utilisation", "{:.0%}"),
    ("launches", "launches", "{:,}"),
    ("killed", "killed", "{:,}"),
    ("interrupted", "interrupted", "{:,}"),
    ("starved", "starved", "{:,}"),
)


def to_json(result: PolicyResult) -> dict[str, Any]:
    """One policy's figures as JSON values: those of everything at the top, then by pool and by team."""
    return {
        "policy": result.policy,
        **rounded(result.all),
        "pools": {name: rounded(figures) for name, figures in result.pools.items()},
        "teams": {name: rounded(figures) for name, figures in result.teams.items()},
    }


def rounded(figures: Figures) -> dict[str, float]:
    """Figures as JSON values."""
    return {key: round(value, 4) for key, value in asdict(figures).items()}


def to_text(results: Sequence[PolicyResult]) -> str:
    """The figures of several policies side by side; by pool and team where these are not all there is."""
    parts = [table((policy_result.policy, policy_result.all) for policy_result in results)]
    for word, kinds in (
        ("pool", [policy_result.pools for policy_result in results]),
        ("team", [policy_result.teams for policy_result in results]),
    ):
        for name in kinds[0]:
            if all(of[name] == policy_result.all for policy_result, of in zip(results, kinds, strict=True)):
                continue  # the whole once more
            rows = (
                (policy_result.policy, of[name]) for policy_result, of in zip(results, kinds, strict=True)
            )
            parts.append(f"{word} {name}\n{table(rows)}")
    return "\n\n".join(parts) + "\n"


def table(rows: Iterable[tuple[str, Figures]]) -> str:
    """Figures as lines, each with a name in front."""
    lines = [["", *(title for title, _, _ in _COLUMNS)]]
    for name, figures in rows:
        lines.append([name, *(form.format(getattr(figures, key)) for _, key, form in _COLUMNS)])
    return aligned(lines)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns: the first to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
