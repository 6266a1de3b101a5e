"""The vectors port: what it promises, its driver and its twin."""
