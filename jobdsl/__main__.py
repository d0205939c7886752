"""`python -m jobdsl`: the same as the command `jobdsl`."""

from jobdsl.cli.main import main

if __name__ == "__main__":
    main()
