"""Estates, each also a golden test, and demonstrations that run."""
