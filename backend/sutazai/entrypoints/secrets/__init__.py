"""The stack's secrets, and what services read that holds one: made once, beside the stack."""
