"""Knowledge: collections, documents and their versions, search, sweeping."""
