"""The stack profile: one module per process; each opens what it needs from services around it."""
