"""Limits: in process, or by Redis for all processes together."""
