"""The model port: what it promises, its providers, and the twin that tests use."""
