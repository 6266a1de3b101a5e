"""Rules and ports, by domain. Imports no driver and no framework but pydantic."""
