"""What is shown: one module a view."""
