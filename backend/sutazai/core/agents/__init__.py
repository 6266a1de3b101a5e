"""Agents: who is here, how busy, what they can do."""
