"""The ledger port in process: agents inside core."""
