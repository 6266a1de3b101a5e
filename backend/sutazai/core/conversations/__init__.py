"""Conversations: questions in their context, each worked on by a run, and the answers."""
