"""The answers port: what models said before, for exactly the same questions."""
