"""The composition root: `open_platform(settings)`."""
