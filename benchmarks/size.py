"""What a user writes for a job template and a loop: lines and characters, beside Job DSL and JJB."""

from __future__ import annotations

from pathlib import Path

from benchmarks.workload import DSL

PEERS = Path(__file__).parent / "peers"


def measured(text: str) -> tuple[int, int]:
    """Lines that hold something, and characters without indentation."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines), sum(map(len, lines))


def main() -> None:
    """Print the table."""
    rows = [
        ("jobdsl (Python)", DSL),
        ("Job DSL (Groovy)", (PEERS / "jobs.groovy").read_text()),
        ("Jenkins Job Builder (YAML), 10 jobs", (PEERS / "jobs.yaml").read_text()),
    ]
    print("What a user writes for the same jobs")
    for name, text in rows:
        lines, characters = measured(text)
        print(f"  {name:38} {lines:4} lines {characters:6} characters")


if __name__ == "__main__":
    main()
