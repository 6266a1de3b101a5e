"""Runs: a goal, its plan, its durable events."""
