"""Pools against a trace of builds: how long builds would have waited, and what that would have cost."""
