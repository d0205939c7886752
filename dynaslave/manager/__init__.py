"""The manager: looks, lets decide, acts, and tells people and machines about it."""
