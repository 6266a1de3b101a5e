"""The graph of what documents say: entities, and what joins them."""
