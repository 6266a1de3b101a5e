"""Tokens for the vector store, by store."""
