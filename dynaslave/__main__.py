"""`python -m dynaslave`: the same as the command `dynaslave`."""

from dynaslave.cli.main import main

if __name__ == "__main__":
    main()
