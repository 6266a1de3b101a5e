"""The dashboard: a person's way into SutazAI, over HTTP alone."""
