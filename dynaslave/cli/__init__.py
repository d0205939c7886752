"""The command line of dynaslave."""
