"""The workflow of one task that does nothing."""
