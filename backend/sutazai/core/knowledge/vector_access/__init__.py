"""Who may touch which collection in the vector store."""
