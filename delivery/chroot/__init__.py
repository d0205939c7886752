"""Packages installed into a disk from outside, in a change root, in a room that leaves nothing behind."""
