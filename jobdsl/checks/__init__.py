"""Whether what an estate defines can be, and may be: lint, policy, plugins."""
