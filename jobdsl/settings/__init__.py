"""jobdsl.toml: what it may say, with the line of every mistake."""
