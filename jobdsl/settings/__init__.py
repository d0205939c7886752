"""jobdsl.toml: its tables and keys, with the line of every mistake."""
