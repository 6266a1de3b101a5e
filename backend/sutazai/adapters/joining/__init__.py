"""The joining port for agents inside core."""
