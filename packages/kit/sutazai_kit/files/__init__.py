"""The files port: what it promises, its driver and its twin."""
