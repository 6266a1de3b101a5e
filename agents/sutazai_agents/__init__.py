"""The agents and workflows that come with SutazAI."""
