"""Limits: how often something may be done, and the API be asked."""
