"""Moving: all of a tenant as files that a person can read, out of here and in again."""
