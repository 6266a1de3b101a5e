"""The answers port for agents inside core."""
