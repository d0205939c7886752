"""Agents as processes on the manager's own host."""
