"""Benchmarks: `make bench`. They print and record figures; nothing here passes or fails."""
