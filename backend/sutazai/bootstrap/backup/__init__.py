"""Backups of a whole embedded installation: made while it runs, restored into an empty home."""
