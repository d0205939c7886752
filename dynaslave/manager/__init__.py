"""The manager: polls, decides, acts, and reports to users and machines."""
