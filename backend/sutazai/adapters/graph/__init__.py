"""The graph: read from the facts themselves, or from Neo4j, which is a projection of them."""
