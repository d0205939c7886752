"""Secrets in plain text: one detector for imports, lint, plans and messages.

It knows names, values and texts, and nothing of Jenkins' documents: `documents/secretfinder.py` walks those.
"""
