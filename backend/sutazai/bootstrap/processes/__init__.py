"""The processes of the embedded profile: who holds the home, PostgreSQL, supervised children."""
