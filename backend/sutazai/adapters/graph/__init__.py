"""The graph, read from the facts themselves."""
