"""Models: which runtime is in use, which model a role gets, whose turn it is, what it cost."""
