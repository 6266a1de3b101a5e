"""The joining port: which chunks are joined to others, for the holder of a claim."""
