"""The seed job, written in the DSL itself."""
