"""The registry port: which agents are here."""
