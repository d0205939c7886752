"""Who asks, and what they may: identity, roles, headers, the audit log."""
