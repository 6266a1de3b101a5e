"""The command line: everything but `run` and `doctor` goes through the HTTP API."""

from sutazai.entrypoints.cli.app import main

__all__ = ["main"]
