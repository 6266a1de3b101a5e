"""The workflow `effects`."""
