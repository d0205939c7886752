"""All figures, one after another: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import sys

from benchmarks import controlling, corpus, deciding, delivering, looking, render, service, simulating, size


def main() -> int:
    """Print every table."""
    size.main()
    print()
    render.main(10_000)
    print()
    controlling.main()
    print()
    deciding.main()
    print()
    looking.main()
    print()
    simulating.main()
    print()
    delivering.main()
    print()
    failed = service.main()
    print()
    return corpus.main() or failed


if __name__ == "__main__":
    sys.exit(main())
