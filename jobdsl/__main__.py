"""`python -m jobdsl`: the same as the command `jobdsl`."""

from jobdsl.cli import main

if __name__ == "__main__":
    main()
