"""The HTTP API: `create_app(platform, …)` wires, nothing opens here."""
