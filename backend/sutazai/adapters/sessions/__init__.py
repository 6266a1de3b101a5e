"""Sessions: a cache by Redis before the record."""
