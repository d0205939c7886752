"""All figures, one after another: `python -m benchmarks`, or `make bench`."""

from __future__ import annotations

import sys

from benchmarks import (
    analysing,
    baking,
    console,
    controlling,
    corpus,
    deciding,
    deploying,
    detecting,
    families,
    looking,
    render,
    service,
    simulating,
    size,
)


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
    failed = baking.main()
    print()
    failed = deploying.main() or failed
    print()
    failed = service.main() or failed
    print()
    failed = detecting.main() or failed
    print()
    failed = corpus.main() or failed
    print()
    failed = console.main() or failed
    print()
    families.main()
    print()
    return analysing.main() or failed


if __name__ == "__main__":
    sys.exit(main())
