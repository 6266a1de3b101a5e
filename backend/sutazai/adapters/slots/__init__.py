"""The slots port: whose turn it is to ask a model."""
