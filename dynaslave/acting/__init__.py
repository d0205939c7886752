"""Doing what was decided, one checked change at a time."""
