"""Sessions: who is logged in, and until when."""
