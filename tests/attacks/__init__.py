"""Attacks of a DSL file on the host that runs it, tried behind every wall the host offers."""
