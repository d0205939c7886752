"""The picture of the whole that README shows, as SVG."""

from __future__ import annotations

__all__ = ["svg"]

WIDTH, HEIGHT = 920, 330
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1c2024 }
.head { font-weight: 600 }
.note { font-size: 12px; fill: #60646c }
rect { fill: #fff; stroke: #8b8d98; rx: 8px }
path { fill: none; stroke: #60646c; stroke-width: 1.5 }
.ours { fill: #edf2fe; stroke: #3e63dd }
.page { fill: #fcfcfd; stroke: none; rx: 0 }
@media (prefers-color-scheme: dark) {
  text { fill: #edeef0 }
  .note { fill: #b0b4ba }
  rect { fill: #212225; stroke: #696e77 }
  path { stroke: #b0b4ba }
  .ours { fill: #1d2e5c; stroke: #7b93f5 }
  .page { fill: #111113 }
}
"""

BOXES = (
    (20, 40, 200, 76, "", "An estate in git", ("jobs.py, shared/*.py", "jobdsl.toml, delivery.toml")),
    (
        290,
        30,
        180,
        96,
        "ours",
        "jobdsl",
        ("loads, checks, plans,", "applies: one seed job", "regenerates every job"),
    ),
    (540, 40, 160, 76, "", "Jenkins", ("jobs, queue, builds", "each job marked as ours")),
    (290, 190, 180, 96, "ours", "dynaslave", ("reads pools and queue,", "launches and ends", "build agents")),
    (540, 190, 160, 96, "ours", "delivery", ("bakes images, deploys", "red/black or canary,", "rolls back")),
    (750, 200, 160, 76, "", "AWS", ("instances, images,", "groups, load balancers")),
)
ARROWS = (
    "M220 78 H284",
    "M470 78 H534",
    "M120 116 V238 H284",
    "M560 116 C560 160 420 150 400 184",
    "M640 116 V184",
    "M700 238 H744",
    "M380 286 V312 H825 V282",
)
LABELS = (
    (226, 70, "files"),
    (476, 70, "plan"),
    (128, 232, "pools"),
    (418, 152, "queue"),
    (648, 152, "a job's steps"),
    (560, 308, "agents"),
)


def svg() -> str:
    """Return the picture: an estate becomes jobs, the queue becomes agents, a build becomes a deploy."""
    title = "An estate in git becomes jobs through jobdsl; their queue becomes agents through dynaslave; "
    title += "their steps bake and deploy through delivery."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{title}</title><style>{STYLE}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" '
        'markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 L8 4 L0 8" stroke-width="1"/></marker></defs>',
        f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
    ]
    for x, y, width, height, kind, head, lines in BOXES:
        parts.append(f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"/>')
        parts.append(f'<text class="head" x="{x + 14}" y="{y + 26}">{head}</text>')
        parts += [
            f'<text class="note" x="{x + 14}" y="{y + 46 + 18 * index}">{line}</text>'
            for index, line in enumerate(lines)
        ]
    parts += [f'<path d="{path}" marker-end="url(#end)"/>' for path in ARROWS]
    parts += [f'<text class="note" x="{x}" y="{y}">{text}</text>' for x, y, text in LABELS]
    return "\n".join([*parts, "</svg>", ""])
