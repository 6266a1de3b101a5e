"""The processes of the stack: one command each; they stop on SIGTERM, and say how they do."""
