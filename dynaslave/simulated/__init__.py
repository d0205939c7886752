"""A cloud in memory, with faults."""
