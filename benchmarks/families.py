"""Real estates imported with and without functions: families, and the source before and after.

The corpus is that of `benchmarks.corpus`. Without one there is nothing to measure.
"""

from __future__ import annotations

import io
import resource
import sys
import tempfile
import time
import tokenize
from collections.abc import Sequence
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

    def __add__(self, other: Size) -> Size:
        """Return the size of both."""
        return Size(self.tokens + other.tokens, self.lines + other.lines)


@dataclass(frozen=True)
class Figures:
    """One estate, imported with and without functions."""

    name: str
    kind: str
    """`jjb` for jobs made by Jenkins Job Builder, `homes` for those made by hand."""
    result: ImportResult
    before: Size
    after: Size
    seconds_before: float
    seconds: float

    def line(self) -> str:
        """Return a line of the table."""
        documents = sum(not (one.error or one.left_out) for one in self.result.documents)
        members = sum(len(family.members) for family in self.result.families)
        return (
            f"  {self.name[:36]:36} {self.result.equal:5} of {documents:5} equal"
            f"  {len(self.result.families):4} families {members / (documents or 1):5.0%}"
            f"  {_ratios(self.before, self.after)}"
            f"  {self.seconds_before:5.1f} -> {self.seconds:5.1f} s CPU"
        )


def _ratios(before: Size, after: Size) -> str:
    return (
        f"tokens {before.tokens:7} -> {after.tokens:7} (1/{before.tokens / (after.tokens or 1):4.1f})"
        f"  lines {before.lines:6} -> {after.lines:6} (1/{before.lines / (after.lines or 1):4.1f})"
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
    start = _cpu()
    plain = import_estate(estate, out / "plain", echo=lambda _: None)
    if plain.equal < FEWEST:
        return None
    middle = _cpu()
    result = import_estate(estate, out / "functions", templates=True, echo=lambda _: None)
    end = _cpu()
    sizes = size_of(out / "plain"), size_of(out / "functions")
    return Figures(estate.name, estate.parent.name, result, *sizes, middle - start, end - middle)


def _cpu() -> float:
    """Return the CPU seconds of this process and those that it waited for."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def copies(estates: Sequence[Path], home: Path, count: int) -> None:
    """Fill a directory with copies of real documents, a folder for each turn through them."""
    documents = [path for estate in estates for path in sorted(estate.rglob("*.xml"))]
    for number in range(count):
        turn, index = divmod(number, len(documents))
        path = home / f"turn{turn}" / f"{documents[index].parent.name}-{documents[index].name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(documents[index].read_bytes())


def main() -> None:
    """Measure every estate of the corpus, or those named as arguments, and 5,000 copied documents."""
    print("jobs that are alike as functions: the source without and with them, script files in lines")
    sums: dict[str, list[Figures]] = {"jjb": [], "homes": []}
    with corpus() as estates:
        if not estates:
            print("  no corpus here")
            return
        for estate in estates:
            if not sys.argv[1:] or estate.name in sys.argv[1:]:
                with tempfile.TemporaryDirectory() as directory:
                    figures = measure(estate, Path(directory))
                if figures is not None:
                    print(figures.line(), flush=True)
                    sums[figures.kind].append(figures)
        for kind, several in sums.items():
            if several:
                before = sum((one.before for one in several), Size(0, 0))
                after = sum((one.after for one in several), Size(0, 0))
                print(f"  {kind}, {len(several)} estates: {_ratios(before, after)}")
        if not sys.argv[1:] or "copies" in sys.argv[1:]:
            _measure_copies(estates)


def _measure_copies(estates: Sequence[Path], count: int = 5_000) -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory, "home")
        copies(estates, home, count)
        start, wall = _cpu(), time.perf_counter()
        result = import_estate(home, Path(directory, "estate"), templates=True, echo=lambda _: None)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f"  {count} copied documents: {result.equal} equal, {len(result.families)} families,"
            f" {_cpu() - start:.0f} s CPU, {time.perf_counter() - wall:.0f} s, {megabytes} MB at most"
        )


if __name__ == "__main__":
    main()
