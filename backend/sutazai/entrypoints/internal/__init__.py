"""The internal API: what agents in processes of their own ask of core, each by its own token."""
