"""The status page and what else a manager answers over HTTP: read-only, on loopback by default."""
