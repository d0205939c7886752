"""Removal of what bakes and deploys leave behind: dry run first, by tag and age, never what is in use."""
