"""SutazAI core: the ledger, the path of a goal, knowledge, the API and the command line."""

__version__ = "0.1.0"
