"""A plan carried out: changes in order, read back, each with its outcome."""
