"""Caches: in process, or in Redis for all processes together."""
