"""Judge a canary by its metrics: series in, a verdict with reasons out. Pure but for the command."""
