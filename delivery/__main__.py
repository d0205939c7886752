"""`python -m delivery`: the same as the command `delivery`."""

from delivery.cli import main

if __name__ == "__main__":
    main()
