"""The walls around a process that runs DSL files."""
