"""The graph: read from the facts themselves, or from Neo4j's projection of them."""
