"""Try every attack behind every wall as root and as an ordinary user, and print the table.

    python -m tests.attacks [--details]

Ends with 1 where an attack is neither blocked nor said to be possible by the sentence of its wall.
"""

from __future__ import annotations

import sys

import click

from .trials import TITLES, WALLS, trials, unavailable
from .users import ORDINARY, ROOT


def main() -> int:
    """Print the table."""
    columns = [(wall, user) for wall in WALLS for user in (ROOT, ORDINARY)]
    table = {}
    for column in columns:
        if why := unavailable(*column):
            click.echo(f"{column[0]}, {column[1]}: not to be had on this host: {why}")
            continue
        table[column] = {trial.title: trial for trial in trials(*column)}
    width = max(map(len, TITLES))
    click.echo(" ".join([" " * width, *(f"{wall[:10]:>10}" for wall, _ in table)]))
    click.echo(" ".join([" " * width, *(f"{user:>10}" for _, user in table)]))
    for title in TITLES:
        click.echo(
            " ".join([f"{title:{width}}", *(f"{cells[title].verdict:>10}" for cells in table.values())])
        )
    everything = [(column, trial) for column, cells in table.items() for trial in cells.values()]
    if "--details" in sys.argv:
        for (wall, user), trial in everything:
            click.echo(f"{wall}, {user}: {trial.title}: {trial.detail or 'reached'}")
    reached = [(column, trial) for column, trial in everything if trial.verdict == "OPEN"]
    for (wall, user), trial in reached:
        click.echo(f"OPEN: {trial.title} ({wall}, {user}): {trial.detail or 'reached'}")
    click.echo(f"{len(everything)} trials, {len(reached)} open")
    return 1 if reached or not table else 0


if __name__ == "__main__":
    sys.exit(main())
