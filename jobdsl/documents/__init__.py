"""Jenkins' XML: read, compared, referred from, stored, and secrets in it."""
