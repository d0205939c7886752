"""The command line of jobdsl."""
