"""What is started: the API, the embedder, the command line."""
