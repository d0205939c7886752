"""Real estates imported with `--templates`: families, and the source before and after.

The corpus is that of `benchmarks.corpus`. Without one there is nothing to measure.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
import tokenize
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import corpus
from jobdsl.importer import ImportResult, import_estate

FEWEST = 20
"""Documents of an estate from which it is measured."""
_NO_WORDS = frozenset(
    {
        tokenize.NEWLINE,
        tokenize.NL,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.COMMENT,
        tokenize.ENDMARKER,
    }
)


@dataclass(frozen=True)
class Size:
    """Size of an estate's source, scripts included in lines; without layouts and settings."""

    tokens: int
    lines: int


@dataclass(frozen=True)
class Figures:
    """One estate, imported with and without functions."""

    name: str
    result: ImportResult
    before: Size
    after: Size
    seconds_before: float
    seconds: float

    def line(self) -> str:
        """Return a line of the table."""
        sound = len(self.result.documents) - len(self.result.broken) - len(self.result.left_out)
        members = sum(len(family.members) for family in self.result.families)
        share = members / (sound or 1)
        return (
            f"  {self.name[:36]:36} {self.result.equal:5} of {sound:5} equal"
            f"  {len(self.result.families):4} families {share:5.0%}"
            f"  tokens {self.before.tokens:7} -> {self.after.tokens:7}"
            f"  lines {self.before.lines:6} -> {self.after.lines:6}"
            f"  {self.seconds_before:5.1f} -> {self.seconds:5.1f} s"
        )


def size_of(out: Path) -> Size:
    """Measure an estate's source."""
    tokens = lines = 0
    for path in sorted(out.rglob("*")):
        if not path.is_file() or path.name in ("jobdsl.toml", "layouts.py"):
            continue
        text = path.read_text("utf-8")
        lines += sum(bool(line.strip()) for line in text.split("\n"))
        if path.suffix == ".py":
            words = tokenize.generate_tokens(io.StringIO(text).readline)
            tokens += sum(word.type not in _NO_WORDS for word in words)
    return Size(tokens, lines)


def measure(estate: Path, out: Path) -> Figures | None:
    """Import one estate twice; None where it is too small."""
    start = time.perf_counter()
    plain = import_estate(estate, out / "plain", echo=lambda _: None)
    if plain.equal < FEWEST:
        return None
    middle = time.perf_counter()
    result = import_estate(estate, out / "functions", templates=True, echo=lambda _: None)
    end = time.perf_counter()
    sizes = size_of(out / "plain"), size_of(out / "functions")
    return Figures(estate.name, result, *sizes, middle - start, end - middle)


def main() -> None:
    """Measure every estate of the corpus, or those named as arguments."""
    print("import --templates: documents that are alike as functions")
    with corpus() as estates:
        if not estates:
            print("  no corpus here")
        for estate in estates:
            if not sys.argv[1:] or estate.name in sys.argv[1:]:
                with tempfile.TemporaryDirectory() as directory:
                    figures = measure(estate, Path(directory))
                if figures is not None:
                    print(figures.line(), flush=True)


if __name__ == "__main__":
    main()
