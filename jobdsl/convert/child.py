"""The process that reads YAML: a request on standard input, a Reading on standard output."""

from __future__ import annotations

from jobdsl.convert.builder_entry import provide_entry_points

if __name__ == "__main__":
    provide_entry_points()  # before anything of Jenkins Job Builder is imported
    from jobdsl.convert.yamlreader import main

    main()
