"""Tasks: claims, leases, heartbeats, outcomes, and what is done about lost ones."""
