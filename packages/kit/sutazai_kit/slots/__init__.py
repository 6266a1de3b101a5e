"""The slots port: which model to ask, and whose turn it is."""
