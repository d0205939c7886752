"""Real job documents imported, loaded, rendered again: how many come back equal, how much is typed.

The corpus is a tar archive, or a directory, of `homes/<estate>/**/*.xml` and `jjb/<estate>/**/*.xml`:
JOBDSL_CORPUS names it, or it lies beside the checkout. Without one there is nothing to measure.
"""

from __future__ import annotations

import os
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jobdsl.errors import JobdslError
from jobdsl.importer import ImportResult, import_estate

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "documents.tar.xz"


@contextmanager
def corpus() -> Iterator[list[Path]]:
    """The directories of the corpus' estates; none where there is no corpus."""
    given = Path(os.environ.get("JOBDSL_CORPUS", BESIDE))
    if given.is_dir():
        yield _estates(given)
    elif given.is_file():
        with tempfile.TemporaryDirectory() as directory:
            with tarfile.open(given) as archive:
                archive.extractall(directory, filter="data")
            yield _estates(Path(directory))
    else:
        yield []


def _estates(root: Path) -> list[Path]:
    return sorted(path for kind in ("homes", "jjb") for path in root.glob(f"**/{kind}/*") if path.is_dir())


@dataclass(frozen=True)
class Figures:
    """What importing one estate came to."""

    name: str
    seconds: float
    result: ImportResult

    @property
    def sound(self) -> int:
        """Documents that are well-formed."""
        return len(self.result.documents) - len(self.result.broken)

    @property
    def typed(self) -> float:
        """Share of elements written by typed classes."""
        return self.result.typed_elements / self.result.elements if self.result.elements else 1.0


def measure(estate: Path, out: Path) -> Figures:
    """Import one estate."""
    start = time.perf_counter()
    result = import_estate(estate, out / estate.name, echo=lambda _: None)
    return Figures(estate.name, time.perf_counter() - start, result)


def show(all_figures: list[Figures]) -> None:
    """A line for each estate, and the totals."""
    for one in all_figures:
        documents, fallbacks = len(one.result.documents), len(one.result.fallbacks)
        print(
            f"  {one.name[:48]:48} {one.result.equal:5} of {documents:5} equal  {one.typed:7.1%} typed"
            f"  {fallbacks:3} plainer  {one.seconds:6.1f} s"
        )
    documents = sum(len(one.result.documents) for one in all_figures)
    sound = sum(one.sound for one in all_figures)
    equal = sum(one.result.equal for one in all_figures)
    elements = sum(one.result.elements for one in all_figures)
    typed = sum(one.result.typed_elements for one in all_figures)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{documents} documents of {len(all_figures)} estates, {documents - sound} of them broken")
    print(f"  come back equal            {equal} of {sound} ({equal / sound:.2%})")
    print(f"  elements typed             {typed} of {elements} ({typed / elements:.2%})")
    print(f"  elements typed, mean       {sum(one.typed for one in all_figures) / len(all_figures):.2%}")
    seconds = sum(one.seconds for one in all_figures)
    print(f"  time                       {seconds:.1f} s ({seconds / documents * 1000:.1f} ms a document)")
    print(f"  peak memory of a process   {peak >> 10} MB")


def main() -> int:
    """Print the figures; 1 where a sound document does not come back equal."""
    with corpus() as estates, tempfile.TemporaryDirectory() as out:
        if not estates:
            print("No corpus: set JOBDSL_CORPUS to its archive or directory")
            return 0
        try:
            all_figures = [measure(estate, Path(out)) for estate in estates]
        except JobdslError as error:
            print(*error.problems, sep="\n")
            return 1
    show(all_figures)
    return 0 if all(one.result.equal == one.sound for one in all_figures) else 1


if __name__ == "__main__":
    sys.exit(main())
