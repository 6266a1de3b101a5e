"""Identity: tenants, users, API keys."""
