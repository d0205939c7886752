"""A timeline as Markdown and as a picture. Pure: from the JSON values of a timeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from delivery.clock import elapsed
from jobdsl.printable import one_line, printable

__all__ = ["markdown", "svg"]

Document = Mapping[str, Any]
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
WIDTH, ROW, LEFT, RIGHT, TOP = 900, 24, 190, 70, 56
_COLOURS = {"done": "#2f8f5b", "failed": "#c8453b", "running": "#c98a1b", "already": "#9aa4ae"}
_STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#26303a}"
    ".title{font-size:15px;font-weight:600}.dim{fill:#66727e}"
    ".grid{stroke:#e1e6ea}.page{fill:#ffffff}"
    "@media(prefers-color-scheme:dark){text{fill:#dfe5ea}.dim{fill:#97a3ae}.grid{stroke:#39434d}"
    ".page{fill:#171c21}}"
)


def markdown(document: Document) -> str:
    """A heading, how it ended, and a table of the steps with what was reported last in each."""
    facts = [f"- {key.replace('_', ' ')}: {_cell(value)}" for key, value in _facts(document).items()]
    rows = [
        f"| {elapsed(step['after'])} | {elapsed(step['seconds'])} | {_cell(step['name'])} | "
        f"{_cell(step['text'])} | {_cell(_result(step))} |"
        for step in document["steps"]
    ]
    head = ["| at | took | step | what | result |", "|---:|---:|---|---|---|"]
    parts = [
        [f"# {_cell(document['title'] or 'Timeline')}"],
        [f"{_outcome(document)}."],
        facts,
        [*head, *rows],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _outcome(document: Document) -> str:
    ended = document["outcome"] or "Did not end"
    return f"{_cell(ended)}, {elapsed(document['seconds'])} after {document['begun']}"


def _facts(document: Document) -> dict[str, Any]:
    own = {"title", "outcome", "begun", "seconds", "steps"}
    return {
        key: value for key, value in document.items() if key not in own and value not in (None, "", [], {})
    }


def _result(step: Document) -> str:
    last = step["notes"][-1]["text"] if step["notes"] else ""
    return f"{step['outcome']}: {last}" if last else str(step["outcome"])


def _cell(value: object) -> str:
    text = printable(value if isinstance(value, str) else str(value))
    for character in "\\|`*_<[":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def svg(document: Document) -> str:
    """Render one bar per step, from its begin to its end."""
    steps = document["steps"]
    height = TOP + ROW * len(steps) + 34
    total = (
        max(document["seconds"], *(step["after"] + step["seconds"] for step in steps), 1.0) if steps else 1.0
    )
    title = f"{document['title'] or 'Timeline'}: {document['outcome'] or 'did not end'}"
    bars = [_bar(step, TOP + ROW * number, total) for number, step in enumerate(steps)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{_text(title)}">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style>"
        f'<rect class="page" width="{WIDTH}" height="{height}"/>'
        f'<text class="title" x="12" y="24">{_text(_short(title, 105))}</text>'
        f'<text class="dim" x="12" y="42">{_text(document["begun"])}, {elapsed(document["seconds"])}</text>'
        f"{_axis(total, height)}{''.join(bars)}</svg>\n"
    )


def _x(seconds: float, total: float) -> float:
    return LEFT + seconds / total * (WIDTH - LEFT - RIGHT)


def _axis(total: float, height: int) -> str:
    steps = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600)
    step = next((seconds for seconds in steps if total / seconds <= 8), 86400)
    parts = []
    for at in range(0, int(total) + 1, step):
        x = _x(at, total)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{height - 26}"/>')
        parts.append(
            f'<text class="dim" x="{x:.1f}" y="{height - 10}" text-anchor="middle">{elapsed(at)}</text>'
        )
    return "".join(parts)


def _bar(step: Document, y: int, total: float) -> str:
    start, end = _x(step["after"], total), _x(step["after"] + step["seconds"], total)
    width = max(2.0, end - start)
    title = f"{step['name']}: {step['text']} ({_result(step)})"
    return (
        f"<g><title>{_text(title)}</title>"
        f'<text x="12" y="{y + 16}">{_text(_short(step["name"], 26))}</text>'
        f'<rect x="{start:.1f}" y="{y + 4}" width="{width:.1f}" height="{ROW - 8}" rx="2" '
        f'fill="{_COLOURS[step["outcome"]]}"/>'
        f'<text class="dim" x="{start + width + 5:.1f}" y="{y + 16}">{elapsed(step["seconds"])}</text></g>'
    )


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _text(text: object) -> str:
    """Escape a text for XML, without the characters that XML does not allow."""
    return escape(_NO_XML.sub("", one_line(str(text))))
