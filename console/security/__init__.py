"""Identity and rights of users: login, roles, headers, the audit log."""
