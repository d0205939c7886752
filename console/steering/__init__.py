"""Changing things: plans that are shown before, and jobs of Jenkins that are started for a person."""
