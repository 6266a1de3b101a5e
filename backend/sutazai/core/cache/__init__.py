"""Caches: what was computed once and may be computed again."""
